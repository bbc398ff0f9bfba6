// @ts-check
/** How all answers of step 6 are decoded. A value that cannot be used stays as typed and says why. */
import { FIELDS, numberOf, problem } from '../../decoding_fields.js';
import { generation, generationTexts } from '../../state.js';
import { Field, html, plural } from '../../ui.js';

/** @typedef {import('../../decoding_fields.js').DecodingField} DecodingField */

/** On a phone the inquiries come first. */
const isWide = matchMedia('(min-width: 48rem)').matches;

export function Decoding() {
  return html`
    <details class="decoding" open=${isWide}>
      <summary>Decoding, the same for all three: ${generation.value.temperature === 0 ? 'greedy' : 'drawn'}, at most ${plural(generation.value.max_new_tokens, 'token')}</summary>
      <div class="decoding-fields" role="group" aria-label="Decoding">
        ${FIELDS.map((field) => html`<${DecodingInput} key=${field.name} field=${field} />`)}
      </div>
    </details>`;
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

/** The arrow keys change a number as they do in a number field. @param {DecodingField} field @param {KeyboardEvent} event */
function stepBy(field, event) {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
  event.preventDefault();
  const next = generation.value[field.name] + (event.key === 'ArrowUp' ? field.step : -field.step);
  const low = field.above ? field.min + field.step : field.min;
  enter(field, String(Number(Math.min(field.max, Math.max(low, next)).toFixed(6))));
}
