// @ts-check
/** Does it repeat its examples? How much of the answers of step 6 stands in a training response word for word. */
import { engine } from '../../engine.js';
import { percent } from '../../report/numbers.js';
import { isActive } from '../../run.js';
import { activePrefix, activePrompt, model, testRows, usableExamples } from '../../state.js';
import { computed, debounce, effect, html, plural, signal } from '../../ui.js';
import { answersOf, finishedAnswers, isStale, wholeText } from '../test/answers.js';
import { readInquiry } from '../../inquiry.js';
import { itsRows, itsSplit } from './inside/choices.js';
import { LongText } from './long_text.js';
import { nameOf } from './row_names.js';

/** @typedef {import('../../protocol.js').Copying} Copying */
/** @typedef {import('../../protocol.js').Example} Example */
/** @typedef {'base'|'tuned'} Which */
/** An inquiry with what its two answers copy; null where one was not asked, or cannot be measured. `from`: the row that the
 * longest passage of the tuned answer comes from.
 * @typedef {{id: string, question: string, base: Copying|null, tuned: Copying|null, from: Example|null}} CopiedAnswer */
/** `isTrained`: the responses are surely those that were trained on; else they are those of step 1.
 * @typedef {{prefix: string, isTrained: boolean, responses: number, answers: CopiedAnswer[]}} Copied */

const WAIT_MS = 300;

export const copied = signal(/** @type {Copied|null} */ (null));
let latest = 0;

/** The rows that the prompt in use was trained on, as far as that is known. */
const trainedOn = computed(() => {
  const [rows, split] = [itsRows.value, itsSplit.value];
  return rows && split ? { isTrained: true, rows: split.train.map((index) => rows[index]) } : { isTrained: false, rows: usableExamples.value };
});

const look = debounce(async () => {
  const request = ++latest;
  if (isActive.value || model.value.status !== 'ready') return; // it looks again after the run
  const [{ isTrained, rows }, prefix] = [trainedOn.value, activePrefix.value];
  const written = testRows.value.flatMap((row) => {
    const { base, tuned } = answersOf(row.id).peek();
    const text = wholeText(tuned);
    if (text === null || tuned?.prefix !== prefix) return [];
    return [{ id: row.id, question: readInquiry(row.question).text, base: wholeText(base) ?? '', tuned: text }];
  });
  if (written.length === 0 || !activePrompt.value) {
    copied.value = null;
    return;
  }
  try {
    const found = await engine.request('copying', { answers: written.flatMap(({ base, tuned }) => [base, tuned]), responses: rows.map(({ output }) => output) });
    if (request !== latest) return;
    const answers = written.map(({ id, question }, index) => {
      const [base, tuned] = [found[2 * index], found[2 * index + 1]];
      return { id, question, base, tuned, from: tuned?.longest ? rows[tuned.longest.response] : null };
    });
    copied.value = { prefix, isTrained, responses: rows.length, answers };
  } catch { /* a crash of the worker is told elsewhere, and it looks again when the model is back */ }
}, WAIT_MS);

const isReady = computed(() => model.value.status === 'ready');
effect(() => {
  void [finishedAnswers.value, testRows.value, trainedOn.value, activePrompt.value, isActive.value, isReady.value];
  look();
});

/** Share of the words of all answers that can be measured; null where there are none. @param {Copied} found @param {Which} which */
export function shareOf({ answers }, which) {
  const there = answers.flatMap((one) => one[which] ?? []);
  const sum = (/** @type {'words'|'copied'} */ what) => there.reduce((total, one) => total + one[what], 0);
  return there.length > 0 ? sum('copied') / sum('words') : null;
}

/** Whether the tuned answer was written by the prompt of now, to the inquiry of now. @param {CopiedAnswer} answer */
export function isUpToDate({ id }) {
  const row = testRows.value.find((other) => other.id === id);
  return row !== undefined && !isStale(answersOf(id).value.tuned, row, 'tuned');
}

export function CopyingPart() {
  const found = copied.value;
  return html`
    <section class="part" aria-labelledby="copying-title">
      <h3 class="part-title" id="copying-title">Does it repeat its examples?</h3>
      <p class="part-intro">How much of each answer of step 6 stands in a response that was trained on, in passages of five words or more. What most responses say is the voice, which is to be learned, and does not count. A prompt that was trained for too long answers new questions with pieces of old answers.</p>
      ${found ? html`<${Found} found=${found} />` : html`<p class="hint">${activePrompt.value ? html`There are no answers to look at yet. <a href="#step-test">Ask the inquiries in step 6</a>.` : 'Train a prompt in step 5, then ask the inquiries in step 6.'}</p>`}
    </section>`;
}

/** @param {{found: Copied}} props */
function Found({ found }) {
  const { answers, isTrained } = found;
  const [base, tuned] = [shareOf(found, 'base'), shareOf(found, 'tuned')];
  if (tuned === null) return html`<p class="hint">This cannot be measured here: it takes three different responses, to tell the voice from the answers, and answers of at least five words with spaces between them.</p>`;
  return html`
    <p>Of the words of the tuned answers, <b>${percent(tuned)}</b> are copied${base !== null && html`, of those of the base model ${percent(base)}`}.</p>
    <${Outdated} answers=${answers} />
    ${!isTrained && html`<p class="part-caution">Which rows the prompt was trained on is not known here, so the answers are compared with all rows of step 1.</p>`}
    <div class="table-scroll" tabindex="0" role="region" aria-label="Copied words">
      <table class="plain-table copied-words">
        <thead><tr><th scope="col">Inquiry</th><th scope="col" class="number">Base</th><th scope="col" class="number">Tuned</th><th scope="col">Longest passage in the tuned answer</th></tr></thead>
        <tbody>${answers.map((one) => html`
          <tr key=${one.id}><th scope="row"><${LongText} text=${one.question} /></th><td class="number">${percent(shareOfOne(one.base))}</td><td class="number">${percent(shareOfOne(one.tuned))}</td><td>${passage(one)}</td></tr>`)}</tbody>
      </table>
    </div>
    <p class="part-caution">It misleads where copying is right: an inquiry that asks what a row asks has the same answer. It does not see a copy in other words, or one of fewer than five words.</p>`;
}

/** Apart from the table, since it looks at what changes while answers are written. @param {{answers: CopiedAnswer[]}} props */
function Outdated({ answers }) {
  return answers.some((one) => !isUpToDate(one)) && html`<p class="part-caution">Some of these answers were asked before the last change. <a href="#step-test">Ask again in step 6</a> for new ones.</p>`;
}

/** @param {Copying|null} one */
export const shareOfOne = (one) => one && one.copied / one.words;

/** @param {CopiedAnswer} one */
const passage = ({ tuned, from }) => (tuned?.longest && from ? html`“${tuned.longest.text}” <span class="hint row-note">${plural(tuned.longest.words, 'word')}, ${nameOf(from)}</span>` : '–');
