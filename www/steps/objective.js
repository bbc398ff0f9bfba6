// @ts-check
/** Step 2: what should improve, in the person's words; also the soft prompt's initial text. */
import { Card, Field, GrowingText, html, Icon } from '../ui.js';
import { hasTemplate } from '../settings.js';
import { objective, promptShape, settings, startFrom, startPrompt } from '../state.js';

const PROMPTS = [
  { title: 'Product knowledge', text: 'Which products, parts and policies will be asked about? (The prompt sets how they are spoken of; it does not learn facts.)' },
  { title: 'Response style', text: 'How should it read: tone, length, numbered steps, a closing sentence?' },
  { title: 'Query types', text: 'Which questions will come: set-up, repair, orders, accounts?' },
];

/** How the objective's tokens fill the virtual tokens, as PEFT does it: cut off or repeated.
 * @param {{count: number|undefined, virtual: number}} props `count` is not known before the model is there */
const Fit = ({ count: found, virtual }) => {
  if (found === undefined) return html`<p class="objective-fit">Its tokens are counted as soon as the model is there.</p>`;
  const sentence = found === 0 ? 'There are no words to start from yet.'
    : found > virtual ? `The first ${virtual} become the starting point; the other ${found - virtual} are left out. More virtual tokens in step 3 would use them.`
    : found < virtual ? `They are repeated until all ${virtual} are filled.`
    : 'They fill them exactly.';
  return html`
    <div class="objective-fit">
      <p class="objective-count"><span class="figure">${found}</span> tokens for <span class="figure">${virtual}</span> virtual tokens</p>
      <p>${sentence}</p>
    </div>`;
};

export const ObjectiveStep = () => {
  const { prompt_tuning_init: init, prompt_tuning_init_text: ownText, num_virtual_tokens: virtual } = settings.value;
  const goesOn = startPrompt.value !== null;
  const used = init === 'TEXT' && ownText.trim() === '' && !goesOn;
  return html`
    <${Card} step=${2} name="objective" title="Say what should improve"
      intro="Put the aim of the tuning in words, as you would brief a new colleague.">
      <ul class="objective-prompts">
        ${PROMPTS.map(({ title, text }) => html`<li key=${title}><strong>${title}</strong><span>${text}</span></li>`)}
      </ul>
      <${Field} label="Objective" error=${objective.value.trim() === '' && used ? 'The objective is empty. Write a sentence: training starts from its words.' : null}>
        <${GrowingText} class="objective-text" value=${objective.value} onInput=${(/** @type {string} */ text) => { objective.value = text; }} spellcheck=${true} />
      <//>
      <div class="objective-foot">
        <p class="aside"><${Icon} name="info" /><span>${used
          ? 'These words are also where training begins: they become the initial text of the soft prompt, and in step 6 the discrete prefix it is compared with.'
          : `In step 6 these words are the discrete prefix that the soft prompt is compared with. Training does not begin with them, because step 3 ${goesOn ? `goes on from the prompt of ${startFrom.value}` : 'chooses another initialisation'}.`}</span></p>
        ${used && !hasTemplate(settings.value) && html`<${Fit} count=${promptShape.value?.initialTextTokens} virtual=${virtual} />`}
      </div>
    <//>`;
};
