// @ts-check
/** Step 3: the technique, the prefix token, and the settings of the run. */
import { batch, Button, Card, Field, html, Notice, plural, useEffect, useRef } from '../ui.js';
import { setSetting, settings, settingsProblems, settingTexts, startFrom, startPrompt, trainedPrompts } from '../state.js';
import { defaultText, fieldOf, FIELDS, isShown, parseSetting, settingText } from '../settings.js';
import { PROJECTED_LEARNING_RATE, defaultsOf } from '../protocol.js';
import { TechniqueChoice, chooseTechnique } from './technique/choice.js';

/** @typedef {import('../settings.js').SettingField} SettingField */

/** Takes text as it is typed: a usable value goes to the settings, anything else stays as text beside its problem.
 * @param {SettingField} field @param {string} text */
const type = (field, text) => batch(() => {
  const { value, problem } = parseSetting(field, text);
  if (problem === null) {
    if (field.name === 'prefix_projection') changeRate(value);
    setSetting(field.name, value);
  }
  if (problem !== null || text !== settingText(field, settings.value)) settingTexts.value = { ...settingTexts.value, [field.name]: text };
});

/** Once a box is left, a usable value stands there in its usual form. @param {SettingField} field */
const settle = (field) => {
  if (settingTexts.value[field.name] === undefined) return;
  const { value, problem } = parseSetting(field, textOf(field));
  if (problem === null) setSetting(field.name, value);
};

/** What stands in the box of a field. @param {SettingField} field */
const textOf = (field) => settingTexts.value[field.name] ?? settingText(field, settings.value);

/** A perceptron wants another learning rate than the numbers themselves; one that the person has chosen stays. @param {boolean} projected */
const changeRate = (projected) => {
  const [direct, now] = [defaultsOf('PREFIX_TUNING').learning_rate, settings.value.learning_rate];
  if (now === (projected ? direct : PROJECTED_LEARNING_RATE)) setSetting('learning_rate', projected ? PROJECTED_LEARNING_RATE : direct);
};

/** @param {SettingField} field */
const problemOf = (field) => settingsProblems.value.find((problem) => problem.field === field.name)?.message ?? null;

/** A learning rate above so many defaults is taken, with a warning. */
const RATE_IN_DOUBT = 10;
const isRateInDoubt = () => settings.value.learning_rate > RATE_IN_DOUBT * defaultsOf(settings.value.peft_type).learning_rate;

/** @param {{field: SettingField}} props */
const Setting = ({ field }) => {
  const { name, kind, label, help, choices } = field;
  const text = textOf(field);
  const onInput = (/** @type {{currentTarget: HTMLInputElement}} */ event) => type(field, event.currentTarget.value);
  const control = kind === 'choice' || kind === 'boolean'
    ? html`<select value=${text} onChange=${onInput}>${choices?.map(([value, shown]) => html`<option key=${value} value=${value}>${shown}</option>`)}</select>`
    : html`<input type="text" value=${text} onInput=${onInput} onBlur=${() => settle(field)} autocomplete="off" spellcheck=${kind === 'text'}
        inputmode=${kind === 'integer' ? 'numeric' : kind === 'number' ? 'decimal' : undefined} class=${kind === 'text' ? '' : 'is-number'} />`;
  return html`
    <${Field} label=${label} error=${problemOf(field)}
      help=${html`${help}${name === 'learning_rate' && isRateInDoubt() && html` <strong>This is more than ten times the default: the loss will probably jump, and the prompt learn nothing.</strong>`} <span class="setting-meta"><code>${name}</code>${kind === 'text' ? '' : `, default ${defaultText(field, settings.value.peft_type)}`}</span>`}
      class=${kind === 'text' || choices ? 'is-wide' : ''}>${control}<//>`;
};

/** What happens to a prompt that was trained under this name before. */
const PrefixCollision = () => {
  const prefix = settings.value.prefix_token;
  const earlier = trainedPrompts.value[prefix];
  if (!earlier || settingTexts.value.prefix_token !== undefined) return null;
  const when = new Date(earlier.trainedAt).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
  const came = earlier.origin ? `opened from ${earlier.origin}, ${when}` : `trained on ${when} (${earlier.step} steps)`;
  return html`<${Notice} kind="info">A prompt named ${prefix} was ${came}. The next run replaces it when it ends; choose another name to keep both.<//>`;
};

const PrefixToken = () => {
  const field = /** @type {SettingField} */ (fieldOf('prefix_token'));
  const text = textOf(field);
  return html`
    <div class="prefix">
      <${Field} label=${field.label} help=${field.help} error=${problemOf(field)}>
        <input type="text" class="prefix-input" value=${text} autocomplete="off" autocapitalize="characters" spellcheck=${false}
          onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => type(field, event.currentTarget.value)} />
      <//>
      <${PrefixCollision} />
    </div>`;
};

/** Words and virtual tokens in one prompt. */
const Template = () => {
  const field = /** @type {SettingField} */ (fieldOf('template'));
  if (!isShown(field, settings.value)) return null;
  const text = textOf(field);
  return html`
    <div class="template">
      <${Field} label=${field.label} help=${field.help} error=${problemOf(field)}>
        <input type="text" class="template-input" value=${text} placeholder=${EXAMPLE_TEMPLATE} autocomplete="off"
          onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => type(field, event.currentTarget.value)} />
      <//>
      ${text === '' && html`<${Button} onClick=${() => type(field, EXAMPLE_TEMPLATE)}>Try the example<//>`}
    </div>`;
};
const EXAMPLE_TEMPLATE = '{v10} You are a support agent. {v10}';

/** Settings that a trained prompt brings when it is trained on. @type {(keyof import('../protocol.js').Settings)[]} */
const OF_THE_TECHNIQUE = ['prefix_projection', 'template', 'encoder_reparameterization_type', 'encoder_hidden_size', 'encoder_num_layers'];

/** Which trained prompt the next run goes on from, instead of an initialisation. */
const StartFrom = () => {
  const prefixes = Object.keys(trainedPrompts.value);
  if (prefixes.length === 0) return null;
  const prompt = startPrompt.value;
  const choose = (/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => batch(() => {
    startFrom.value = event.currentTarget.value;
    const start = startPrompt.value;
    if (!start) return;
    const { peft_type, template, num_virtual_tokens } = start.settings;
    chooseTechnique(peft_type);
    for (const name of OF_THE_TECHNIQUE) setSetting(name, start.settings[name]);
    setSetting('num_virtual_tokens', template ? num_virtual_tokens : start.virtualTokens);
  });
  return html`
    <${Field} label="Start from" class="start-from"
      help=${prompt ? `The next run goes on from this prompt’s ${plural(prompt.virtualTokens, 'virtual token')}; the initialisation below is not used.` : 'A new prompt begins at the initialisation chosen below. A trained one, or one opened from PEFT in step 6, can be trained on.'}>
      <select value=${prompt ? startFrom.value : ''} onChange=${choose}>
        <option value="">A new prompt</option>
        ${prefixes.map((prefix) => html`<option key=${prefix} value=${prefix}>The prompt of ${prefix}</option>`)}
      </select>
    <//>`;
};

const resetAll = () => batch(() => {
  const { prefix_token, peft_type } = settings.value;
  const texts = settingTexts.value;
  settings.value = { ...defaultsOf(peft_type), prefix_token };
  settingTexts.value = texts.prefix_token === undefined ? {} : { prefix_token: texts.prefix_token };
});

export const TechniqueStep = () => {
  const shown = FIELDS.filter((field) => !field.own && isShown(field, settings.value));
  const more = shown.filter((field) => !field.basic);
  const hiddenProblems = more.filter((field) => problemOf(field)).length;
  const details = useRef(/** @type {HTMLDetailsElement|null} */ (null));
  useEffect(() => { if (hiddenProblems > 0 && details.current) details.current.open = true; }, [hiddenProblems]);
  const defaults = defaultsOf(settings.value.peft_type);
  const isChanged = (/** @type {SettingField} */ field) => settings.value[field.name] !== defaults[field.name] || parseSetting(field, textOf(field)).problem !== null;
  const changed = FIELDS.some((field) => field.name !== 'prefix_token' && isChanged(field));
  return html`
    <${Card} step=${3} name="technique" title="Choose the technique and name the prompt"
      intro="Begin with prompt tuning: on the bundled model the three techniques do about equally well with their defaults, which were chosen with ten examples, and the other two train more numbers. Change one thing at a time and watch what it does in step 5.">
      <${TechniqueChoice} />
      <${Template} />
      <${PrefixToken} />
      <div class="settings-head">
        <h3>Settings</h3>
        ${changed && html`<${Button} kind="quiet" icon="restart" onClick=${resetAll}>Back to the defaults<//>`}
      </div>
      <${StartFrom} />
      <div class="settings-grid">${shown.filter((field) => field.basic).map((field) => html`<${Setting} key=${field.name} field=${field} />`)}</div>
      <details class="settings-more" ref=${details}>
        <summary>More settings</summary>
        <div class="settings-grid">${more.map((field) => html`<${Setting} key=${field.name} field=${field} />`)}</div>
      </details>
    <//>`;
};
