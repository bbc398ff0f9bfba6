// @ts-check
/** Do answers to the same question in other words agree? The wordings and the agreement come from Rust. */
import { engine } from '../../engine.js';
import { mean } from '../../metrics.js';
import { activePrefix, activePrompt, announce, model, softPromptOf, testRows, updateTestRow } from '../../state.js';
import { restedInquiries } from '../../settled.js';
import { keepWhole } from '../../store.js';
import { useSuccessor } from '../../focus.js';
import { Button, GrowingText, Notice, Progress, computed, debounce, effect, formatNumber, html, signal, useRef } from '../../ui.js';
import { readInquiry } from '../../inquiry.js';
import { Asking } from './greedy.js';
import { LongText } from './long_text.js';
import { isOfNow, promptKey } from './measure.js';

const MOST_QUESTIONS = 3;
const WAIT_MS = 400;

/** `agreement`: chrF from 0 to 100, null where it is not known (yet). @typedef {{answers: string[], agreement: number|null}} Agreement */
/** `texts`: the question and its other wordings, as they were asked. @typedef {{question: string, texts: string[], base: Agreement, tuned: Agreement}} Result */
/** @typedef {'base'|'tuned'} Which */
/** @typedef {import('../../state.js').TestRow} TestRow */
/** @typedef {{question: string, row: TestRow}} Asked */

/** The first inquiries, each question once; their wordings as they are now. */
const asked = computed(() => {
  const byQuestion = /** @type {Map<string, TestRow>} */ (new Map());
  for (const { id, question: written } of restedInquiries.value) {
    const question = readInquiry(written).text;
    const row = testRows.value.find((now) => now.id === id);
    if (row && question !== '' && !byQuestion.has(question)) byQuestion.set(question, row);
  }
  return [...byQuestion].slice(0, MOST_QUESTIONS).map(([question, row]) => ({ question, row }));
});
/** Other wordings by question, as they are proposed; those that the person has changed are in the inquiry's row. */
const proposed = signal(/** @type {Readonly<Record<string, string[]>>} */ ({}));
/** What was asked last. `isWhole`: nothing is missing, as it is when the asking was stopped.
 * @typedef {{promptKey: string, prefix: string, isWhole: boolean, list: Result[]}} Consistent */
export const consistency = signal(/** @type {Consistent|null} */ (null));
const saveWhole = keepWhole('consistency', consistency, (saved) =>
  saved && typeof saved.promptKey === 'string' && typeof saved.prefix === 'string' && Array.isArray(saved.list) && saved.list.every(isResult) ? saved : undefined);

/** @param {any} saved */
const isResult = (saved) => typeof saved?.question === 'string' && [saved.texts, saved.base?.answers, saved.tuned?.answers].every(Array.isArray);

const asking = new Asking();

const propose = debounce(async () => {
  const missing = asked.peek().filter(({ question }) => !Object.hasOwn(proposed.peek(), question));
  try {
    const found = await Promise.all(missing.map(async ({ question }) => /** @type {const} */ ([question, await engine.request('paraphrases', { question })])));
    const all = { ...Object.fromEntries(found), ...proposed.peek() };
    if (missing.length > 0) proposed.value = Object.fromEntries(asked.peek().flatMap(({ question }) => (Object.hasOwn(all, question) ? [[question, all[question]]] : [])));
  } catch { /* a crash says so itself, and they are proposed when the model is back */ }
}, WAIT_MS);

const modelIsReady = computed(() => model.value.status === 'ready');
effect(() => { if (asked.value.length > 0 && modelIsReady.value) propose(); });

/** @param {Asked} asked */
const wordingsOf = ({ question, row }) => row.wordings ?? proposed.value[question] ?? [];

/** What is asked for a question: itself and its other wordings, without tags, each once. @param {Asked} one */
const textsOf = (one) => [...new Set([one.question, ...wordingsOf(one).map((text) => readInquiry(text).text)].filter((text) => text !== ''))];

async function askAll() {
  const prompt = activePrompt.peek();
  const softPrompt = prompt ? softPromptOf(prompt) : null;
  const nothing = () => ({ answers: /** @type {string[]} */ ([]), agreement: null });
  /** @type {Result[]} */
  const list = asked.peek().map((one) => ({ question: one.question, texts: textsOf(one), base: nothing(), tuned: nothing() }));
  if (list.every(({ texts }) => texts.length < 2)) {
    asking.problem.value = 'Every question has only one wording, so there is nothing to compare. Write another wording below one of them.';
    return;
  }
  const about = { promptKey: promptKey(), prefix: activePrefix.peek() };
  /** @type {[Which, import('../../protocol.js').SoftPrompt|null][]} */
  const models = [['base', null], ...(softPrompt ? [/** @type {[Which, typeof softPrompt]} */ (['tuned', softPrompt])] : [])];
  const jobs = models.flatMap(([which, front]) => list.flatMap((result) => result.texts.map((question) => ({ question, softPrompt: front, which, result }))));
  consistency.value = null;
  await asking.askAll(jobs, async ({ which, result }, { text }) => {
    result[which].answers.push(text);
    if (result[which].answers.length < result.texts.length) return;
    result[which].agreement = await engine.request('agreement', { answers: result[which].answers });
    consistency.value = { ...about, isWhole: false, list: [...list] };
  });
  const isWhole = models.every(([which]) => list.every((result) => result[which].answers.length === result.texts.length));
  if (isWhole) {
    consistency.value = { ...about, isWhole, list };
    saveWhole();
  }
  if (asking.problem.value === '') announce(isWhole ? 'All wordings are answered.' : 'Asking in other words was stopped.');
}

export function Consistency() {
  const now = asking.progress.value;
  const ready = model.value.status === 'ready' && asked.value.length > 0;
  const group = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(group, 'button:enabled');
  return html`
    <section class="part" aria-labelledby="consistency-title">
      <h3 class="part-title" id="consistency-title">Does it answer the same question in the same way?</h3>
      <p class="part-intro">The first test questions in other words, proposed by simple rules; change them as you like. Agreement is the mean chrF between the answers to one question, from 0 (no letters in common) to 100 (the same). It misleads where a model always says the same: then it is perfectly consistent, whatever is asked.</p>
      ${asked.value.length === 0 && html`<p class="hint">Write an inquiry in step 6 first.</p>`}
      ${asked.value.map((one, index) => html`<${Wordings} key=${one.row.id} asked=${one} number=${index + 1} />`)}
      <div class="part-actions" ref=${group} tabindex="-1">
        <${Button} icon="play" disabled=${!ready} inactive=${now !== null} onClick=${() => void askAll()}>Ask them all<//>
        ${now && html`<${Button} icon="stop" onClick=${() => asking.cancel()}>Stop asking in other words<//>`}
      </div>
      ${now && html`<${Progress} value=${now.done} max=${now.total} label="Asking in other words" text=${`Asking in other words: ${now.done} of ${now.total}`} />`}
      ${asking.problem.value && html`<${Notice} kind="error" onClose=${() => { asking.problem.value = ''; }}>${asking.problem.value}<//>`}
      <${Outcome} />
    </section>`;
}

/** @param {{asked: Asked, number: number}} props */
function Wordings({ asked: one, number }) {
  const { question, row } = one;
  const texts = wordingsOf(one);
  const change = (/** @type {string[]|undefined} */ changed) => updateTestRow(row.id, { wordings: changed });
  const proposeAnew = () => {
    document.getElementById(`wording-${row.id}-0`)?.focus(); // the button goes
    change(undefined);
  };
  return html`
    <fieldset class="wordings">
      <legend><${LongText} text=${question} /></legend>
      ${texts.map((text, index) => html`
        <${GrowingText} key=${index} id=${`wording-${row.id}-${index}`} aria-label=${`Other wording ${index + 1} of question ${number}`} value=${text}
          onInput=${(/** @type {string} */ changed) => change(texts.map((old, other) => (other === index ? changed : old)))} />`)}
      ${row.wordings && Object.hasOwn(proposed.value, question) && html`<p><button type="button" class="text-button" onClick=${proposeAnew}>Back to the proposed wordings of question ${number}</button></p>`}
    </fieldset>`;
}

function Outcome() {
  const found = consistency.value;
  if (!found) return null;
  const changed = found.list.some(({ question, texts }) => {
    const one = asked.value.find((other) => other.question === question);
    const known = one?.row.wordings || Object.hasOwn(proposed.value, question); // they come a moment after the page
    return !one || (known && textsOf(one).join('\n') !== texts.join('\n'));
  });
  return html`
    ${!isOfNow(found.promptKey) && html`<p class="part-caution">These answers belong to ${found.prefix ? `another prompt or model (${found.prefix})` : 'a base model alone'}; ask again for what is chosen now.</p>`}
    ${changed && html`<p class="part-caution">Some wordings have changed since they were asked. Ask them all again for new numbers.</p>`}
    <table class="plain-table agreement">
      <caption class="visually-hidden">Agreement of the answers, from 0 to 100</caption>
      <thead><tr><th scope="col">Question</th><th scope="col" class="number">Base</th><th scope="col" class="number">Tuned</th></tr></thead>
      <tbody>
        ${found.list.map((result, index) => html`
          <tr key=${index}><td><${LongText} text=${result.question} /></td><td class="number">${shown(result.base.agreement)}</td><td class="number">${shown(result.tuned.agreement)}</td></tr>`)}
      </tbody>
      <tfoot><tr><th scope="row">Mean</th><td class="number">${shown(meanAgreement(found.list, 'base'))}</td><td class="number">${shown(meanAgreement(found.list, 'tuned'))}</td></tr></tfoot>
    </table>
    <details class="answers-read">
      <summary>Read the answers</summary>
      ${found.list.map(({ texts, base, tuned }, question) => texts.map((text, index) => html`
        <div key=${`${question} ${index}`} class="answers-of">
          <div class="asked"><${LongText} text=${text} /></div>
          <dl class="answer-list">
            <div><dt>Base</dt><dd><${LongText} text=${base.answers[index] ?? null} /></dd></div>
            <div><dt>Tuned</dt><dd><${LongText} text=${tuned.answers[index] ?? null} /></dd></div>
          </dl>
        </div>`))}
    </details>`;
}

/** @param {number|null} agreement */
const shown = (agreement) => (agreement === null ? '–' : formatNumber(agreement, 1));

/** Over the questions of which it is known for all models that were asked. @param {Result[]} list @param {Which} which */
export const meanAgreement = (list, which) => {
  const both = list.filter(({ base, tuned }) => base.agreement !== null && tuned.agreement !== null);
  return mean((both.length > 0 ? both : list).flatMap((result) => result[which].agreement ?? []));
};
