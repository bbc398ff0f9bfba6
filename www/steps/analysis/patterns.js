// @ts-check
/** Checks that the person writes, counted over the answers of step 6. */
import { engine } from '../../engine.js';
import { patterns, testRows } from '../../state.js';
import { Button, Icon, debounce, effect, formatNumber, html, signal } from '../../ui.js';
import { VARIANTS, answerKey, answersOf, finishedAnswers } from '../test/answers.js';
import { VARIANT_NAMES } from '../test/variants.js';

/** @typedef {import('../../protocol.js').Pattern} Pattern */
/** @typedef {import('../../protocol.js').Variant} Variant */

/** How many answers of each variant match, by pattern; `asked` is how many there are.
 * @typedef {{matches: Record<Variant, number>[], asked: Record<Variant, number>, problems: Map<number, string>}} Counts */

const counts = signal(/** @type {Counts|null} */ (null));
const problem = signal('');
const WAIT_MS = 300;
let latest = 0;

const count = debounce(async () => {
  const request = ++latest;
  const answers = finished();
  try {
    const { matches, problems } = await engine.request('matchPatterns', { texts: answers.map((answer) => answer.text), patterns: patterns.value });
    if (request !== latest) return;
    const zero = () => ({ base: 0, discrete: 0, tuned: 0 });
    const asked = zero();
    const byPattern = patterns.value.map(zero);
    answers.forEach(({ variant }, text) => {
      asked[variant]++;
      byPattern.forEach((total, pattern) => { if (matches[text]?.[pattern]) total[variant]++; });
    });
    counts.value = { matches: byPattern, asked, problems: new Map(problems.map(({ pattern, message }) => [pattern, message])) };
    problem.value = '';
  } catch (error) {
    if (request === latest) problem.value = error instanceof Error ? error.message : String(error);
  }
}, WAIT_MS);

effect(() => {
  void [patterns.value, finishedAnswers.value, testRows.value];
  if (patterns.value.length > 0) count();
  else counts.value = null;
});

/** The finished answers of step 6. @returns {{variant: Variant, text: string}[]} */
function finished() {
  return testRows.value.flatMap((row) => VARIANTS.flatMap((variant) => {
    const written = answersOf(row.id).peek()[variant];
    return written?.status === 'done' ? [{ variant, text: written.text }] : [];
  }));
}

/** Whether an answer that is counted was asked before the last change, as when another prompt is chosen since. */
const someAreStale = () => testRows.value.some((row) => VARIANTS.some((variant) => {
  const written = answersOf(row.id).value[variant];
  return written?.status === 'done' && written.key !== answerKey(row, variant);
}));

/** @type {[Pattern['kind'], string][]} */
const KINDS = [['contains', 'contains'], ['starts_with', 'starts with'], ['ends_with', 'ends with'], ['regex', 'matches the expression']];

export function Patterns() {
  const list = patterns.value;
  const asked = counts.value?.asked;
  const none = list.length > 0 && asked && VARIANTS.every((variant) => asked[variant] === 0);
  return html`
    <section class="part" aria-labelledby="patterns-title">
      <h3 class="part-title" id="patterns-title">Does it keep to the brand’s form?</h3>
      <p class="part-intro">Write what a right answer must show, for example its closing sentence, and see how many answers of step 6 do. A pattern tells whether the form is there, not whether the facts are right.</p>
      ${list.length > 0 && html`
        <ul class="patterns">
          ${list.map((pattern, index) => html`<${PatternRow} key=${index} pattern=${pattern} index=${index} />`)}
        </ul>`}
      ${list.length > 0 && someAreStale() && html`<p class="part-caution">Some of the answers counted here were asked before the last change. <a href="#step-test">Ask again in step 6</a> to count new ones.</p>`}
      ${none && html`<p class="hint">There are no answers to count yet. <a href="#step-test">Ask the inquiries in step 6</a>.</p>`}
      ${problem.value && html`<p class="field-error"><${Icon} name="error" />${problem.value}</p>`}
      <${Button} icon="plus" onClick=${add}>Add a pattern<//>
    </section>`;
}

/** @param {{pattern: Pattern, index: number}} props */
function PatternRow({ pattern, index }) {
  const now = counts.value;
  const wrong = now?.problems.get(index);
  return html`
    <li class="pattern">
      <div class="pattern-edit">
        <select aria-label=${`Kind of pattern ${index + 1}`} value=${pattern.kind}
          onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => change(index, { kind: /** @type {Pattern['kind']} */ (event.currentTarget.value) })}>
          ${KINDS.map(([kind, label]) => html`<option key=${kind} value=${kind}>${label}</option>`)}
        </select>
        <input id=${`pattern-${index}`} type="text" aria-label=${`Text of pattern ${index + 1}`} value=${pattern.value} autocomplete="off" aria-invalid=${wrong ? 'true' : undefined}
          aria-describedby=${wrong ? `pattern-${index}-error` : undefined} placeholder=${pattern.kind === 'regex' ? '\\d\\) .+' : 'our support team is here to help'}
          onInput=${(/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => change(index, { value: event.currentTarget.value })} />
        <${Button} kind="quiet" icon="trash" iconOnly onClick=${() => { patterns.value = patterns.value.filter((_, other) => other !== index); }}>${`Delete pattern ${index + 1}`}<//>
      </div>
      ${wrong && html`<p class="field-error" id=${`pattern-${index}-error`}><${Icon} name="error" />${wrong}</p>`}
      ${!wrong && pattern.value !== '' && now?.matches[index] && html`
        <div class="pattern-counts">
          ${VARIANTS.map((variant) => html`<${Share} key=${variant} variant=${variant} matching=${now.matches[index][variant]} of=${now.asked[variant]} />`)}
        </div>`}
    </li>`;
}

/** @param {{variant: Variant, matching: number, of: number}} props */
const Share = ({ variant, matching, of }) => html`
  <div class=${`share share-${variant}`}>
    <span class="share-name">${VARIANT_NAMES[variant]}</span>
    <span class="share-bar" aria-hidden="true"><span style=${{ width: `${of > 0 ? (matching / of) * 100 : 0}%` }}></span></span>
    <span class="share-number">${of > 0 ? `${formatNumber(matching)} of ${formatNumber(of)}` : 'not asked'}</span>
  </div>`;

/** @param {number} index @param {Partial<Pattern>} changed */
function change(index, changed) {
  patterns.value = patterns.value.map((pattern, other) => (other === index ? { ...pattern, ...changed } : pattern));
}

function add() {
  const index = patterns.value.length;
  patterns.value = [...patterns.value, { kind: 'contains', value: '' }];
  requestAnimationFrame(() => document.getElementById(`pattern-${index}`)?.focus());
}
