// @ts-check
/** Checks that the person writes, counted over the answers of step 6. */
import { engine } from '../../engine.js';
import { addNotice, model, patterns, testRows } from '../../state.js';
import { Button, Icon, debounce, effect, formatNumber, html, sentenceOf, shortened, signal } from '../../ui.js';
import { VARIANTS, answersOf, finishedAnswers, isStale, wholeText } from '../test/answers.js';
import { VARIANT_NAMES } from '../../report/variants.js';
import { PATTERN_KINDS } from '../../pattern_kinds.js';

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
    // Without a library the page says so at its top already.
    if (request === latest && model.value.status !== 'error') problem.value = sentenceOf(error);
  }
}, WAIT_MS);

effect(() => {
  void [patterns.value, finishedAnswers.value, testRows.value];
  if (patterns.value.length > 0) count();
  else counts.value = null;
});

/** The answers of step 6 that were written to their end. @returns {{variant: Variant, text: string}[]} */
function finished() {
  return testRows.value.flatMap((row) => VARIANTS.flatMap((variant) => {
    const text = wholeText(answersOf(row.id).peek()[variant]);
    return text === null ? [] : [{ variant, text }];
  }));
}

/** Whether an answer that is counted was asked before the last change, as when another prompt is chosen since. */
const someAreStale = () => testRows.value.some((row) => VARIANTS.some((variant) => isStale(answersOf(row.id).value[variant], row, variant)));

/** Kinds whose value is a number. `suggested`: what a new one begins with.
 * @type {Partial<Record<Pattern['kind'], {before: string, unit: string, most: number, suggested: string}>>} */
const NUMBERS = {
  numbered_steps: { before: 'at least', unit: 'steps', most: 20, suggested: '3' },
  at_most_words: { before: 'at most', unit: 'words', most: 10000, suggested: '60' },
};

/** A pattern as another kind: a value that makes no sense there is replaced. @param {Pattern['kind']} kind @param {Pattern} pattern */
function asKind(kind, pattern) {
  const number = NUMBERS[kind];
  if (number) return { kind, value: number.suggested };
  const isText = kind !== 'valid_json' && pattern.kind !== 'valid_json' && !NUMBERS[pattern.kind];
  return { kind, value: isText ? pattern.value : '' };
}

export function Patterns() {
  const list = patterns.value;
  const asked = counts.value?.asked;
  const none = list.length > 0 && asked && VARIANTS.every((variant) => asked[variant] === 0);
  return html`
    <section class="part" aria-labelledby="patterns-title">
      <h3 class="part-title" id="patterns-title">Does it keep to the brand’s form?</h3>
      <p class="part-intro">Write what a right answer must show, for example its closing sentence, and see how many answers of step 6 do. A check tells whether the form is there, not whether the facts are right.</p>
      ${list.length > 0 && html`
        <ul class="patterns">
          ${list.map((pattern, index) => html`<${PatternRow} key=${index} pattern=${pattern} index=${index} />`)}
        </ul>`}
      ${list.length > 0 && someAreStale() && html`<p class="part-caution">Some of the answers counted here were asked before the last change. <a href="#step-test">Ask again in step 6</a> to count new ones.</p>`}
      ${none && html`<p class="hint">There are no answers to count yet. <a href="#step-test">Ask the inquiries in step 6</a>.</p>`}
      ${problem.value && html`<p class="field-error"><${Icon} name="error" />${problem.value}</p>`}
      <${Button} icon="plus" id="pattern-add" onClick=${add}>Add a check<//>
    </section>`;
}

/** @param {{pattern: Pattern, index: number}} props */
function PatternRow({ pattern, index }) {
  const now = counts.value;
  const wrong = now?.problems.get(index);
  return html`
    <li class="pattern">
      <div class="pattern-edit">
        <select aria-label=${`Kind of check ${index + 1}`} value=${pattern.kind}
          onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => change(index, asKind(/** @type {Pattern['kind']} */ (event.currentTarget.value), pattern))}>
          ${PATTERN_KINDS.map(([kind, label]) => html`<option key=${kind} value=${kind}>${label}</option>`)}
        </select>
        <${PatternValue} pattern=${pattern} index=${index} wrong=${Boolean(wrong)} />
        <${Button} kind="quiet" icon="trash" iconOnly id=${`pattern-delete-${index}`} onClick=${() => remove(index)}>${`Delete check ${index + 1}`}<//>
      </div>
      ${wrong && html`<p class="field-error" id=${`pattern-${index}-error`}><${Icon} name="error" />${wrong}</p>`}
      ${!wrong && (pattern.value !== '' || pattern.kind === 'valid_json') && now?.matches[index] && html`
        <div class="pattern-counts">
          ${VARIANTS.map((variant) => html`<${Share} key=${variant} variant=${variant} matching=${now.matches[index][variant]} of=${now.asked[variant]} />`)}
        </div>`}
    </li>`;
}

/** What the pattern is about: a text, a number, or nothing. @param {{pattern: Pattern, index: number, wrong: boolean}} props */
function PatternValue({ pattern, index, wrong }) {
  if (pattern.kind === 'valid_json') return html`<span class="pattern-none">an object or a list, and nothing around it</span>`;
  const shared = {
    id: `pattern-${index}`, value: pattern.value, autocomplete: 'off',
    'aria-invalid': wrong ? 'true' : undefined, 'aria-describedby': wrong ? `pattern-${index}-error` : undefined,
    onInput: (/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => change(index, { value: event.currentTarget.value }),
  };
  const number = NUMBERS[pattern.kind];
  if (!number) return html`<input ...${shared} type="text" aria-label=${`Text of check ${index + 1}`} placeholder=${pattern.kind === 'regex' ? '\\d\\) .+' : 'our support team is here to help'} />`;
  return html`
    <span class="pattern-number">
      <span aria-hidden="true">${number.before}</span>
      <input ...${shared} type="number" class="is-number" min="1" max=${number.most} step="1" inputmode="numeric" aria-label=${`Number of ${number.unit} of check ${index + 1}, ${number.before}`} />
      <span aria-hidden="true">${number.unit}</span>
    </span>`;
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

/** @param {number} index */
function remove(index) {
  const next = Math.min(index, patterns.value.length - 2);
  document.getElementById(next < 0 ? 'pattern-add' : `pattern-delete-${next}`)?.focus();
  const gone = patterns.value[index];
  patterns.value = patterns.value.filter((_, other) => other !== index);
  addNotice('info', `Check ${index + 1}${gone.value ? ` (“${shortened(gone.value)}”)` : ''} was deleted.`, {
    label: 'Bring it back',
    run: () => { patterns.value = [...patterns.value.slice(0, index), gone, ...patterns.value.slice(index)]; },
  });
}

function add() {
  const index = patterns.value.length;
  patterns.value = [...patterns.value, { kind: 'contains', value: '' }];
  requestAnimationFrame(() => document.getElementById(`pattern-${index}`)?.focus());
}
