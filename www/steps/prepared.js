// @ts-check
/** Step 4: one example as the model sees it, token by token, and which positions are learned from. */
import { Button, Card, computed, debounce, effect, Field, formatNumber, html, Notice, plural, signal } from '../ui.js';
import { engine } from '../engine.js';
import { effectiveSettings, examples, model, settings, settingsProblems } from '../state.js';
import { TokenLine } from './token_line.js';

/** @typedef {import('../protocol.js').PreparedPrompt} PreparedPrompt */
/** @typedef {import('../protocol.js').PromptToken} PromptToken */

const chosen = signal(0);
/** The chosen position, kept inside the dataset as that shrinks. */
const index = computed(() => Math.min(chosen.value, Math.max(0, examples.value.length - 1)));
const row = computed(() => examples.value[index.value] ?? null);

/** The last answer from Rust and the row it is about.
 * @type {import('../vendor/signals/signals.js').Signal<{row: object, prompt: PreparedPrompt|null, error: string|null}|null>} */
const prepared = signal(/** @type {{row: object, prompt: PreparedPrompt|null, error: string|null}|null} */ (null));

const prepare = debounce(async (/** @type {import('../state.js').ExampleRow} */ asked, /** @type {import('../protocol.js').Settings} */ sent) => {
  try {
    const [prompt] = await engine.request('prepare', { examples: [{ input: asked.input, output: asked.output }], settings: sent });
    if (asked === row.peek()) prepared.value = { row: asked, prompt, error: null };
  } catch (error) {
    if (asked === row.peek()) prepared.value = { row: asked, prompt: null, error: error instanceof Error ? error.message : String(error) };
  }
}, 120);

effect(() => { if (model.value.status === 'ready' && row.value) prepare(row.value, effectiveSettings.value); });

/** Which example is shown. */
const Chooser = () => {
  const total = examples.value.length;
  const show = (/** @type {number} */ next) => { chosen.value = Math.min(total - 1, Math.max(0, next)); };
  const onInput = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    const wanted = Number.parseInt(event.currentTarget.value, 10);
    if (wanted >= 1 && wanted <= total) show(wanted - 1);
  };
  return html`
    <div class="chooser">
      <${Button} icon="left" iconOnly inactive=${index.value === 0} onClick=${() => show(index.value - 1)}>Previous example<//>
      <${Field} label="Example" class="is-inline">
        <input type="text" inputmode="numeric" class="is-number chooser-number" autocomplete="off" value=${index.value + 1} onInput=${onInput} />
      <//>
      <span class="chooser-total">of ${formatNumber(total)}</span>
      <${Button} icon="right" iconOnly inactive=${index.value >= total - 1} onClick=${() => show(index.value + 1)}>Next example<//>
    </div>`;
};

const FORM_LENGTH = 600;
/** @param {string} text */
const shortened = (text) => (text.length > FORM_LENGTH ? `${text.slice(0, FORM_LENGTH)} …` : text);

/** The chapter's way to write it: [PREFIX] + input → output. @param {{input: string, output: string}} props */
const PrefixForm = ({ input, output }) => html`
  <p class="prefix-form">
    <span class="is-virtual">${settings.value.prefix_token}</span>
    <span class="prefix-sign">+</span>
    <span class="is-input">${shortened(input) || '(empty input)'}</span>
    <span class="prefix-sign" aria-label="becomes">→</span>
    <span class="is-response">${shortened(output) || '(empty output)'}</span>
  </p>`;

const KINDS = /** @type {const} */ ([
  ['virtual', 'Virtual token', 'trained, no text'],
  ['word', 'Word of the template', 'in front, frozen'],
  ['template', 'Chat template', 'marks whose turn it is'],
  ['input', 'Input', 'what the customer writes'],
  ['response', 'Response', 'the ideal answer'],
]);

/** @param {{tokens: PromptToken[]}} props */
const Legend = ({ tokens }) => html`
  <ul class="legend">
    ${KINDS.filter(([kind]) => kind !== 'word' || tokens.some((token) => token.kind === 'word')).map(([kind, label, sentence]) => html`
      <li key=${kind} class="legend-item"><span class=${`legend-swatch is-${kind}`} aria-hidden="true"></span>
        <span><strong>${label}</strong> <span class="figure">${tokens.filter((token) => token.kind === kind).length}</span><br /><span class="legend-note">${sentence}</span></span></li>`)}
    <li class="legend-item"><span class="legend-swatch is-learned" aria-hidden="true"></span>
      <span><strong>Learned from</strong> <span class="figure">${tokens.filter((token) => token.learned).length}</span><br /><span class="legend-note">underlined: predicted, and counted in the loss</span></span></li>
  </ul>`;

/** @param {{prompt: PreparedPrompt}} props */
const Prepared = ({ prompt }) => html`
  ${prompt.problem && html`<${Notice} kind="warning">${prompt.problem}<//>`}
  ${prompt.tokens.length > 0 && html`
    <${Legend} tokens=${prompt.tokens} />
    <${TokenLine} tokens=${prompt.tokens} />
    ${settings.value.peft_type === 'PREFIX_TUNING' && html`<p class="hint">In prefix tuning the virtual tokens are no rows of the input: at each of these positions stand trained keys and values, in every layer.</p>`}
    <p class="hint">${plural(prompt.tokens.length, 'position')} in all. The prefix token itself is never read as text: its virtual tokens stand in its
      place at the very front. <kbd>·</kbd> is a space, <kbd>↵</kbd> a new line.</p>`}`;

export const PreparedStep = () => {
  const shown = row.value;
  // The tokens of the row before stay for the moment that those of this one take, not for as long as the model is away.
  const answer = model.value.status === 'ready' || prepared.value?.row === shown ? prepared.value : null;
  return html`
    <${Card} step=${4} name="prepared" title="See what the model sees"
      intro="Each example is laid out as one sequence: your virtual tokens, the chat template, the inquiry, the response. Only the response is learned from.">
      ${!shown ? html`<${Notice} kind="info">There are no examples yet. Add one in step 1 and it appears here token by token.<//>` : html`
        <${Chooser} />
        <${PrefixForm} input=${shown.input} output=${shown.output} />
        ${settingsProblems.value.some(({ field }) => field === 'template') && html`<${Notice} kind="warning">The template in step 3 has a mistake, so this is the layout without it.<//>`}
        ${answer?.error && html`<${Notice} kind="warning">${answer.error}<//>`}
        ${answer?.prompt ? html`<${Prepared} prompt=${answer.prompt} />`
          : !answer?.error && html`<p class="hint">${model.value.status === 'error' ? 'The tokens appear when the model could be loaded.' : 'The tokens appear as soon as the model is there.'}</p>`}`}
    <//>`;
};
