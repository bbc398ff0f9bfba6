// @ts-check
/** Did training change what the model answers without the prefix? Its first answers of this visit against later ones. */
import { MOST_WRITTEN_ANSWERS } from '../../limits.js';
import { announce, model, testRows } from '../../state.js';
import { useSuccessor } from '../../focus.js';
import { Button, Icon, Notice, Progress, html, plural, useRef } from '../../ui.js';
import { readInquiry } from '../../inquiry.js';
import { Asking, baseAnswersTo } from './greedy.js';
import { LongText } from './long_text.js';

/** @typedef {import('./greedy.js').BaseAnswer} BaseAnswer */
/** @typedef {{question: string, first: BaseAnswer, latest: BaseAnswer}} Compared */

const asking = new Asking();

/** The test inquiries without their tags, each once. */
const questions = () =>
  [...new Set(testRows.value.map((row) => readInquiry(row.question).text).filter((text) => text !== ''))].slice(0, MOST_WRITTEN_ANSWERS);

/** @param {string[]} all */
async function askAgain(all) {
  if (await asking.askAll(all.map((question) => ({ question, softPrompt: null })))) announce('The base model has been asked.');
}

/** @param {Compared} compared */
const same = ({ first, latest }) => first.text === latest.text && first.tokens === latest.tokens && first.finishReason === latest.finishReason;

export function Forgetting() {
  const now = asking.progress.value;
  const all = questions();
  const ready = model.value.status === 'ready' && all.length > 0;
  const group = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(group, 'button:enabled');
  return html`
    <section class="part" aria-labelledby="forgetting-title">
      <h3 class="part-title" id="forgetting-title">Did the model forget anything?</h3>
      <p class="part-intro">The test inquiries without the prefix, asked before and after training. At every place the likeliest token is taken (after the repetition penalty of step 6), so an unchanged model gives the same answer, letter by letter.</p>
      <div class="part-actions" ref=${group} tabindex="-1">
        <${Button} icon="restart" disabled=${!ready} inactive=${now !== null}
          onClick=${() => void askAgain(all)}>Ask the base model again<//>
        ${now && html`<${Button} icon="stop" onClick=${() => asking.cancel()}>Stop asking the base model<//>`}
      </div>
      ${now && html`<${Progress} value=${now.done} max=${now.total} label="Asking the base model" text=${`Asking the base model: ${now.done} of ${now.total}`} />`}
      ${asking.problem.value && html`<${Notice} kind="error" onClose=${() => { asking.problem.value = ''; }}>${asking.problem.value}<//>`}
      <div class="forgetting"><${Outcome} all=${all} /></div>
      <p class="part-caution">This shows that training left the model as it was: whoever asks without the prefix notices nothing of it. It does not show what happens with the prefix in front; there, questions of another kind may be answered worse than by the base model. The model is read anew from its file on every visit, so only answers of this visit are compared.</p>
    </section>`;
}

/** @param {{all: string[]}} props */
function Outcome({ all }) {
  if (all.length === 0) return html`<p class="hint">Write an inquiry in step 6 first.</p>`;
  const answers = all.flatMap((question) => {
    const found = baseAnswersTo(question);
    return found ? [{ question, ...found }] : [];
  });
  /** @type {Compared[]} */
  const compared = answers.flatMap(({ question, first, latest }) => (latest ? [{ question, first, latest }] : []));
  if (compared.length === 0) {
    return answers.length === 0
      ? html`<p class="hint">No answer is recorded in this visit yet, with the decoding of step 6 as it is now. The first time, the answers are only recorded, so ask once before you train, here or in step 6.</p>`
      : html`<p class="hint">${plural(answers.length, 'base answer is', 'base answers are')} recorded, the first at ${timeOf(answers[0].first)}. ${answers.every(({ first }) => first.trained === '') ? 'Train a prompt in step 5, then ask again.' : 'Training had begun by then, so they are compared with answers after the next training: train once more in step 5, then ask again.'}</p>`;
  }
  const differing = compared.filter((one) => !same(one));
  const identical = compared.length - differing.length;
  const untrained = compared.some(({ first, latest }) => first.trained === latest.trained);
  return html`
    <p class=${`verdict ${differing.length === 0 ? 'is-good' : 'is-bad'}`}><${Icon} name=${differing.length === 0 ? 'success' : 'error'} />${identical} of ${compared.length} identical</p>
    <p>${differing.length === 0
      ? 'The model is frozen: training changes only the prompt, and the prompt stands in front only where the prefix is used.'
      : 'A frozen model cannot do this: its weights, or the way in which they are computed, have changed. Compare the hashes of the weights below, reload the page and ask again.'}</p>
    ${answers.length > compared.length && html`<p class="part-caution">${plural(answers.length - compared.length, 'more answer is', 'more answers are')} recorded and not asked again yet.</p>`}
    ${untrained && html`<p class="part-caution">Between the two answers no training step was taken, at least for some of them. So far this shows only that the model repeats itself: train in step 5, then ask again.</p>`}
    ${differing.length > 0 && html`
      <ul class="differing">
        ${differing.map(({ question, first, latest }) => html`
          <li key=${question}>
            <div class="asked"><${LongText} text=${question} /></div>
            <dl class="answer-list">
              <div><dt>${timeOf(first)}</dt><dd><${LongText} text=${first.text} /></dd></div>
              <div><dt>${timeOf(latest)}</dt><dd><${LongText} text=${latest.text} /></dd></div>
            </dl>
          </li>`)}
      </ul>`}`;
}

/** @param {BaseAnswer} answer */
const timeOf = ({ at }) => at.toLocaleTimeString('en');
