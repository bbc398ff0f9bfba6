// @ts-check
/** What the three columns put in front of an inquiry, and which trained prompt the third one uses. */
import { activePrefix, activePrompt, model, objective, trainedPrompts } from '../../state.js';
import { VARIANT_NAMES } from '../../report/variants.js';
import { Button, Field, Notice, html, useRef } from '../../ui.js';
import { useSuccessor } from '../../focus.js';
import { deletePrompt } from './delete_prompt.js';
import { loss as formatLoss } from '../../report/numbers.js';

/** @typedef {import('../../protocol.js').Variant} Variant */

export function Variants() {
  return html`
    <div class="variants">
      <${Column} variant="base" front="nothing in front" detail="The frozen model as it is." />
      <${Column} variant="discrete" front=${objective.value.trim() ? `“${objective.value.trim()}”` : 'no objective yet'}
        detail="The same intent in ordinary words, as the system message of the conversation: a discrete prefix, which only writing can improve." />
      <${Column} variant="tuned" tag=${activePrefix.value} front=${tunedFront()} detail="The trained virtual tokens, which stand in front of every inquiry here. Begin an inquiry with the prefix token of another trained prompt, and that one answers it." />
    </div>
    <${PromptChoice} />`;
}

function tunedFront() {
  const prompt = activePrompt.value;
  return prompt ? `${techniqueOf(prompt)}, ${prompt.virtualTokens} virtual tokens` : 'not trained yet';
}

/** @param {{variant: Variant, front: string, tag?: string, detail: string}} props */
const Column = ({ variant, front, tag, detail }) => html`
  <div class=${`variant variant-${variant}`}>
    <h3 class="variant-name">${VARIANT_NAMES[variant]}</h3>
    <p class="variant-front">${tag && html`<span class="voice-tag">${tag}</span> `}<span class="variant-words">${front}</span></p>
    <p class="variant-detail">${detail}</p>
  </div>`;

function PromptChoice() {
  const group = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(group, 'button:enabled', 'a');
  const prefixes = Object.keys(trainedPrompts.value);
  const prompt = activePrompt.value;
  const foreign = prompt && model.value.info && prompt.modelHash !== '' && prompt.modelHash !== model.value.info.weightsHash;
  return html`
    <div class="prompt-bar" ref=${group} tabindex="-1">
      ${prefixes.length === 0 ? html`<p class="hint">No prompt is trained yet, so the third column stays empty. <a href="#step-training">Train one in step 5</a>.</p>` : html`
        <${Field} label="Trained prompt" class="prompt-choice" help=${prompt ? promptSentence(prompt) : 'Choose which trained prompt answers in the third column.'}>
          <select value=${activePrefix.value} onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => { activePrefix.value = event.currentTarget.value; }}>
            ${prefixes.map((prefix) => html`<option key=${prefix} value=${prefix}>${prefix}</option>`)}
          </select>
        <//>
        ${prompt && html`<${Button} kind="quiet" icon="trash" onClick=${deletePrompt}>Delete ${activePrefix.value}<//>`}`}
    </div>
    ${foreign && html`<${Notice} kind="warning">This prompt was trained with another model, so its answers will make no sense with the one loaded now. Train it again in step 5.<//>`}`;
}

/** As far as it is known: an adapter that was opened may be of prompt tuning or of P-tuning. @param {import('../../state.js').TrainedPrompt} prompt */
function techniqueOf({ kind, settings, origin }) {
  if (kind === 'keys_values') return 'prefix tuning';
  return settings.peft_type === 'P_TUNING' ? 'P-tuning' : origin ? 'a soft prompt' : 'prompt tuning';
}

/** @param {import('../../state.js').TrainedPrompt} prompt */
function promptSentence({ step, averaged = 1, heldOutLoss, trainedAt, origin }) {
  const when = new Date(trainedAt).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
  if (origin) return `Opened from ${origin}, ${when}.`;
  const loss = heldOutLoss === null ? '' : `, held-out loss ${formatLoss(heldOutLoss)}`;
  if (step === 0 && averaged === 1) return `The untrained start${loss}: no step of the run did better. ${when}.`;
  return `${averaged > 1 ? `Mean of ${averaged} prompts up to step` : 'Step'} ${step}${loss}, trained ${when}.`;
}
