// @ts-check
/** How all answers of step 6 are decoded. A value that cannot be used stays as typed and says why. */
import { generation, generationTexts } from '../../state.js';
import { Field, html } from '../../ui.js';

/** @typedef {import('../../protocol.js').GenerationSettings} GenerationSettings */

/** @typedef {{name: keyof GenerationSettings, label: string, help: string, min: number, max: number, step: number, whole?: boolean, above?: boolean}} DecodingField */

/** @type {DecodingField[]} */
const FIELDS = [
  { name: 'temperature', label: 'Temperature', help: '0 always takes the likeliest token (greedy); higher is more varied.', min: 0, max: 5, step: 0.1 },
  { name: 'top_p', label: 'Top-p', help: 'Draws only from the likeliest tokens that add up to this share.', min: 0, max: 1, step: 0.05, above: true },
  { name: 'repetition_penalty', label: 'Repetition penalty', help: 'Above 1 makes words that were used already less likely; 1 is off.', min: 1, max: 3, step: 0.05 },
  { name: 'max_new_tokens', label: 'Maximum length', help: 'An answer is cut after this many tokens.', min: 1, max: 2000, step: 10, whole: true },
  { name: 'seed', label: 'Seed', help: 'The same seed draws the same answer.', min: 0, max: 2 ** 32 - 1, step: 1, whole: true },
];

export function Decoding() {
  return html`
    <fieldset class="decoding">
      <legend class="part-title">Decoding, the same for all three</legend>
      <div class="decoding-fields">
        ${FIELDS.map((field) => html`<${DecodingInput} key=${field.name} field=${field} />`)}
      </div>
    </fieldset>`;
}

/** @param {{field: DecodingField}} props */
function DecodingInput({ field }) {
  const text = generationTexts.value[field.name];
  const idle = generation.value.temperature === 0 && (field.name === 'top_p' || field.name === 'seed');
  return html`
    <${Field} label=${field.label} help=${idle ? 'Has no effect while the temperature is 0.' : field.help} error=${text === undefined ? null : problem(field, text)}>
      <input type="text" inputmode=${field.whole ? 'numeric' : 'decimal'} autocomplete="off" value=${text ?? String(generation.value[field.name])}
        onInput=${(/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => enter(field, event.currentTarget.value)}
        onBlur=${() => settle(field)}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => stepBy(field, event)} />
    <//>`;
}

/** @param {DecodingField} field @param {string} text */
function enter(field, text) {
  const { [field.name]: _, ...others } = generationTexts.value;
  const [value, fits] = [numberOf(text), problem(field, text) === ''];
  generationTexts.value = fits && text === String(value) ? others : { ...others, [field.name]: text };
  if (fits) generation.value = { ...generation.value, [field.name]: value };
}

/** Once a box is left, a number that can be used stands there in its usual form. @param {DecodingField} field */
function settle(field) {
  const text = generationTexts.value[field.name];
  if (text !== undefined && !problem(field, text)) enter(field, String(numberOf(text)));
}

/** Text with a decimal point or comma as a number. @param {string} text */
const numberOf = (text) => (text.trim() === '' ? NaN : Number(text.replace(',', '.')));

/** The arrow keys change a number as they do in a number field. @param {DecodingField} field @param {KeyboardEvent} event */
function stepBy(field, event) {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
  event.preventDefault();
  const next = generation.value[field.name] + (event.key === 'ArrowUp' ? field.step : -field.step);
  const low = field.above ? field.min + field.step : field.min;
  enter(field, String(Number(Math.min(field.max, Math.max(low, next)).toFixed(6))));
}

/** @param {DecodingField} field @param {string} text @returns {string} a sentence, or "" */
function problem({ min, max, whole, above }, text) {
  const value = numberOf(text);
  const fits = Number.isFinite(value) && value <= max && (above ? value > min : value >= min) && (!whole || Number.isInteger(value));
  if (fits) return '';
  return `Use a ${whole ? 'whole number' : 'number'} ${above ? `above ${min}, up to ${max}` : `from ${min} to ${max}`}.`;
}
