// @ts-check
/** Does it repeat its examples? How much of the answers of step 6 stands in a training response word for word. */
import { engine } from '../../engine.js';
import { percent } from '../../report/numbers.js';
import { activePrefix, activePrompt, model, testRows, usableExamples } from '../../state.js';
import { computed, debounce, effect, html, plural, sentenceOf, signal } from '../../ui.js';
import { answersOf, finishedAnswers, isStale, readInquiry } from '../test/answers.js';
import { itsRows, itsSplit } from './inside/choices.js';
import { LongText } from './long_text.js';
import { numberOf } from './row_names.js';

/** @typedef {import('../../protocol.js').Copying} Copying */
/** @typedef {import('../../protocol.js').Example} Example */
/** @typedef {'base'|'tuned'} Which */
/** An inquiry with what its two answers copy; null where one is not there. `row`: number in step 1 of the row that the
 * longest passage of the tuned answer comes from, 0 where it is not there any more.
 * @typedef {{question: string, base: Copying|null, tuned: Copying|null, row: number}} CopiedAnswer */
/** `isTrained`: the responses are surely those that were trained on; else they are those of step 1.
 * @typedef {{prefix: string, isTrained: boolean, responses: number, answers: CopiedAnswer[]}} Copied */

const WAIT_MS = 300;
export const SHORTEST = 5;

export const copied = signal(/** @type {Copied|null} */ (null));
const problem = signal('');
let latest = 0;

/** The rows that the prompt in use was trained on, as far as that is known. */
const trainedOn = computed(() => {
  const [rows, split] = [itsRows.value, itsSplit.value];
  return rows && split ? { isTrained: true, rows: split.train.map((index) => rows[index]) } : { isTrained: false, rows: usableExamples.value };
});

const look = debounce(async () => {
  const request = ++latest;
  const [{ isTrained, rows }, prefix] = [trainedOn.value, activePrefix.value];
  const written = testRows.value.flatMap((row) => {
    const { base, tuned } = answersOf(row.id).peek();
    const [plain, own] = [base?.status === 'done' ? base.text : null, tuned?.status === 'done' && tuned.prefix === prefix ? tuned.text : null];
    return own === null ? [] : [{ question: readInquiry(row.question).text, base: plain, tuned: own }];
  });
  if (written.length === 0 || !activePrompt.value) {
    copied.value = null;
    return;
  }
  const texts = written.flatMap(({ base, tuned }) => [base ?? '', tuned]);
  try {
    const found = await engine.request('copying', { answers: texts, responses: rows.map(({ output }) => output) });
    if (request !== latest) return;
    copied.value = {
      prefix, isTrained, responses: rows.length,
      answers: written.map(({ question, base }, index) => {
        const tuned = found[2 * index + 1];
        return { question, base: base === null ? null : found[2 * index], tuned, row: tuned.longest ? numberOf(rows[tuned.longest.response]) : 0 };
      }),
    };
    problem.value = '';
  } catch (error) {
    // Without a library the page says so at its top already.
    if (request === latest && model.value.status !== 'error') problem.value = sentenceOf(error);
  }
}, WAIT_MS);

effect(() => {
  void [finishedAnswers.value, testRows.value, trainedOn.value, activePrompt.value];
  look();
});

/** Share of the words of all answers; null where there are none. @param {Copied} found @param {Which} which */
export function shareOf({ answers }, which) {
  const there = answers.flatMap((one) => one[which] ?? []);
  const sum = (/** @type {'words'|'copied'} */ what) => there.reduce((total, one) => total + one[what], 0);
  return sum('words') > 0 ? sum('copied') / sum('words') : null;
}

export function CopyingPart() {
  const found = copied.value;
  return html`
    <section class="part" aria-labelledby="copying-title">
      <h3 class="part-title" id="copying-title">Does it repeat its examples?</h3>
      <p class="part-intro">How much of each answer of step 6 stands in a response that was trained on, in passages of ${SHORTEST} words or more. What most responses say is the voice, which is to be learned, and does not count. A prompt that was trained for too long answers new questions with pieces of old answers.</p>
      ${problem.value && html`<p class="field-error">${problem.value}</p>`}
      ${found ? html`<${Found} found=${found} />` : html`<p class="hint">${activePrompt.value ? html`There are no answers to look at yet. <a href="#step-test">Ask the inquiries in step 6</a>.` : 'Train a prompt in step 5, then ask the inquiries in step 6.'}</p>`}
    </section>`;
}

/** @param {{found: Copied}} props */
function Found({ found }) {
  const { answers, isTrained } = found;
  const [base, tuned] = [shareOf(found, 'base'), shareOf(found, 'tuned')];
  const stale = testRows.value.some((row) => isStale(answersOf(row.id).value.tuned, row, 'tuned'));
  return html`
    <p>Of the words of the tuned answers, <b>${percent(tuned)}</b> are copied${base !== null && html`, of those of the base model ${percent(base)}`}.</p>
    ${stale && html`<p class="part-caution">Some of these answers were asked before the last change. <a href="#step-test">Ask again in step 6</a> for new ones.</p>`}
    ${!isTrained && html`<p class="part-caution">Which rows the prompt was trained on is not known here, so the answers are compared with all rows of step 1.</p>`}
    <div class="table-scroll" tabindex="0" role="region" aria-label="Copied words">
      <table class="plain-table copied-words">
        <thead><tr><th scope="col">Inquiry</th><th scope="col" class="number">Base</th><th scope="col" class="number">Tuned</th><th scope="col">Longest passage in the tuned answer</th></tr></thead>
        <tbody>${answers.map((one, index) => html`
          <tr key=${index}><td><${LongText} text=${one.question} /></td><td class="number">${shown(one.base)}</td><td class="number">${shown(one.tuned)}</td><td>${passage(one)}</td></tr>`)}</tbody>
      </table>
    </div>
    <p class="part-caution">It misleads where copying is right: an inquiry that asks what a row asks has the same answer. It does not see a copy in other words, or one of fewer than ${SHORTEST} words.</p>`;
}

/** @param {Copying|null} one */
const shown = (one) => (one === null ? '–' : percent(one.words > 0 ? one.copied / one.words : 0));

/** @param {CopiedAnswer} one */
const passage = ({ tuned, row }) => (tuned?.longest ? html`“${tuned.longest.text}” <span class="hint row-note">${plural(tuned.longest.words, 'word')}${row > 0 && `, row ${row}`}</span>` : '–');
