// @ts-check
/** The chosen question, answered anew every few steps: the person scrubs back and sees the voice appear. */
import { Button, Field, Hint, computed, html, signal } from '../../ui.js';
import { restedInquiries, settled } from '../../settled.js';
import { effectiveQuestion, isActive, run, sampleEvery, sampleQuestion } from '../../run.js';
import { keptPrompt, promptName } from '../../run/record.js';

/** The answer that the person has chosen, of the run that was asked so; null follows the newest. */
const shownSample = signal(/** @type {{asked: import('../../run/record.js').Asked, index: number}|null} */ (null));

export function Voice() {
  return html`
    <div class="voice">
      <h3 class="part-title">Watch the voice appear</h3>
      <${Answers} />
      <div class="voice-setup">
        <${QuestionField} />
        <${IntervalField} />
      </div>
    </div>`;
}

const restedQuestion = settled(computed(effectiveQuestion));

function QuestionField() {
  const questions = restedInquiries.value.map((row) => row.question.trim()).filter((question, index, all) => question !== '' && all.indexOf(question) === index);
  return html`
    <${Field} label="Question" help=${isActive.value ? 'A change takes effect with the next run.' : 'Asked anew every few steps with the prompt as it is then. Pick one of step 6 or write your own.'}>
      <input type="text" list="voice-questions" placeholder=${restedQuestion.value} value=${sampleQuestion.value} autocomplete="off"
        onInput=${(/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => { sampleQuestion.value = event.currentTarget.value; }} />
    <//>
    <datalist id="voice-questions">${questions.map((question) => html`<option key=${question} value=${question} />`)}</datalist>`;
}

function IntervalField() {
  return html`
    <${Field} label="Ask every" help="More often shows more and takes more time.">
      <select value=${String(sampleEvery.value)}
        onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => { sampleEvery.value = Number(event.currentTarget.value); }}>
        <option value="5">5 steps</option>
        <option value="10">10 steps</option>
        <option value="20">20 steps</option>
        <option value="50">50 steps</option>
        <option value="0">never</option>
      </select>
    <//>`;
}

function Answers() {
  const now = run.value;
  const samples = now?.samples ?? [];
  if (!now || samples.length === 0) {
    return html`<${Hint}>${now && isActive.value && sampleEvery.value > 0
      ? 'The first answer is being written, before any training.'
      : 'The answers of a run are kept here, from before the first step to the last.'}<//>`;
  }
  const last = samples.length - 1;
  const resting = restingSample(now);
  const at = Math.min(shownSample.value?.asked === now.asked ? shownSample.value.index : resting, last);
  const sample = samples[at];
  const show = (/** @type {number} */ index) => { shownSample.value = index === resting ? null : { asked: now.asked, index: Math.min(last, Math.max(0, index)) }; };
  return html`
    <div class="voice-answer">
      <div class="voice-bar">
        <${Button} kind="quiet" icon="left" iconOnly inactive=${at === 0} onClick=${() => show(at - 1)}>Earlier answer<//>
        <input type="range" min="0" max=${last} step="1" value=${at} disabled=${last === 0} aria-label="Answer after step"
          aria-valuetext=${stepName(sample.step)}
          onInput=${(/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => show(Number(event.currentTarget.value))} />
        <${Button} kind="quiet" icon="right" iconOnly inactive=${at === last} onClick=${() => show(at + 1)}>Later answer<//>
        <output class="voice-step" aria-live="off">${stepName(sample.step)}</output>
      </div>
      <blockquote class="voice-text">
        <p class="voice-question"><span class="voice-tag">${now.settings.prefix_token}</span> ${now.sampleQuestion}</p>
        <p class="voice-words">${sample.text || html`<em>An empty answer.</em>`}</p>
      </blockquote>
      ${lateSteps(now) && html`<p class="hint">${lateSteps(now)}</p>`}
    </div>`;
}

/** What the last answers of a finished run are, where another prompt is kept; "" otherwise. @param {import('../../run/record.js').Run} now */
function lateSteps(now) {
  const kept = isActive.value ? null : keptPrompt(now);
  if (!kept || !now.last || (kept.through ?? kept.step) >= now.last.step) return '';
  return `Kept, and asked in step 6, is the ${promptName(kept)}. Later answers show what becomes of the voice when training goes on.`;
}

/** The newest answer while a run is under way; then the last by a prompt that is kept, or the first after it.
 * @param {import('../../run/record.js').Run} now */
function restingSample(now) {
  const last = now.samples.length - 1;
  const kept = isActive.value ? null : keptPrompt(now);
  if (!kept) return last;
  const { step, through = step } = kept;
  const among = now.samples.findLastIndex((sample) => sample.step >= step && sample.step <= through);
  const after = now.samples.findIndex((sample) => sample.step > through);
  return among >= 0 ? among : after >= 0 ? after : last;
}

/** @param {number} step */
const stepName = (step) => (step === 0 ? 'before training' : `after step ${step}`);
