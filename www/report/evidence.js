// @ts-check
/** The sections of a report on what came out: curves, metrics, rows, answers, checks. */
import { lossFigure } from './figures.js';
import { Markup, markup, table, words } from './markup.js';
import { METRICS, isBetter } from '../metrics.js';
import { measuredHeldOut } from '../limits.js';
import { SETS } from './sets.js';
import { NONE, isNumber, loss, number, plural } from './numbers.js';
import { VARIANT_NAMES } from './variants.js';
import { section } from './setup.js';

/** @typedef {import('./collect.js').Report} Report */
/** @typedef {import('./collect.js').ReportMetrics} ReportMetrics */
/** @typedef {import('../protocol.js').Pattern} Pattern */
/** @typedef {import('../protocol.js').Variant} Variant */

const MOST_IN_CELL = 500;
const MOST_IN_ANSWER = 3000;
const VARIANTS = /** @type {[Variant, string][]} */ (Object.entries(VARIANT_NAMES));

/** @param {Report} report */
export function curvesSection({ run }) {
  if (!run || run.steps.length === 0) return new Markup('');
  return section('Training', lossFigure(run), run.reading && markup`<p>${run.reading.sentence} ${run.reading.advice}</p>`,
    run.evaluations.length > 0 && markup`<p class="note">The held-out loss comes from ${plural(measuredHeldOut(run.split.heldOut.length), 'example')}, so small ups and downs are chance.</p>`,
    samples(run));
}

/** The first, a middle and the last answer during training. @param {import('./collect.js').ReportRun} run */
function samples({ samples: all, sampleQuestion }) {
  if (all.length < 2) return null;
  const shown = [...new Set([all[0], all[Math.floor((all.length - 1) / 2)], all[all.length - 1]])];
  return markup`
<h3>The answer while it trained</h3>
<p>${words(sampleQuestion, MOST_IN_CELL)}</p>
<div class="answers">${shown.map(({ step, text }) => markup`
<div class="answer"><h4>${step === 0 ? 'Before training' : `After step ${step}`}</h4><p>${words(text, MOST_IN_ANSWER)}</p></div>`)}
</div>`;
}

/** @param {ReportMetrics} metrics */
const measuredSets = ({ sets }) => SETS.flatMap(([name, title]) => sets.filter((set) => set.name === name && set.measured > 0).map((set) => ({ ...set, title })));

/** @param {Report} report */
export function metricsSection({ metrics, run, prompt }) {
  if (!metrics) return new Markup('');
  const sets = measuredSets(metrics);
  const used = METRICS.filter(({ key }) => sets.some(({ base, tuned }) => isNumber(base[key]) || isNumber(tuned[key])));
  if (used.length === 0) return new Markup('');
  const trusted = sets.find(({ name, base, tuned }) => name !== 'training' && isNumber(base.loss) && isNumber(tuned.loss));
  return section('Metrics: base against tuned',
    trusted && markup`<p>On ${trusted.name === 'heldOut' ? `${plural(trusted.measured, 'held-out row')}, which the prompt was ${metrics.itsRows ? 'not' : 'not to be'} trained on,` : `${plural(trusted.measured, 'test inquiry', 'test inquiries')} with a reference`} the loss ${moved(trusted.base.loss, trusted.tuned.loss)} from ${loss(trusted.base.loss)} (base) to ${loss(trusted.tuned.loss)} (tuned).</p>`,
    trusted?.name === 'heldOut' && run?.kept === 'best' && run.best !== null && prompt?.ofRun && metrics.ofPrompt && metrics.itsRows && markup`<p class="note">The prompt was chosen by the loss on these rows, so it looks a little better than on new ones.</p>`,
    !metrics.ofPrompt && markup`<p class="note">These numbers belong to another prompt (${metrics.prefix}) than the one chosen when the report was made.</p>`,
    !metrics.itsRows && markup`<p class="note">The run that made the prompt was no longer there, so the rows were measured as they stood on the page.</p>`,
    table({
      caption: 'Base → tuned; better values of the tuned model are marked ✓ (small differences can be chance)', stacked: true,
      columns: [{ name: 'Metric' }, ...sets.map(({ title, measured, all }) => ({ name: `${title} (${measured < all ? `${number(measured)} of ${number(all)}` : number(all)})`, number: true }))],
      rows: used, cells: (metric) => [markup`<b>${metric.name}</b> <small>${capital(metric.means)} It misleads ${metric.misleads}</small>`, ...sets.map(({ base, tuned }) => change(metric, base[metric.key], tuned[metric.key]))],
    }));
}

/** @param {number|null} base @param {number|null} tuned */
const moved = (base, tuned) => (Number(tuned) < Number(base) ? 'fell' : Number(tuned) > Number(base) ? 'rose' : 'stayed');

/** @param {string} text */
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** @param {import('../metrics.js').Metric} metric @param {number|null} base @param {number|null} tuned */
function change(metric, base, tuned) {
  if (!isNumber(base) && !isNumber(tuned)) return NONE;
  return isBetter(metric, base, tuned) ? markup`${metric.format(base)} → <span class="better">${metric.format(tuned)} ✓</span>` : `${metric.format(base)} → ${metric.format(tuned)}`;
}

/** Held-out rows and test inquiries one by one, the worst first. @param {Report} report */
export function rowsSection({ metrics }) {
  if (!metrics) return new Markup('');
  const sets = measuredSets(metrics).filter(({ name, rows }) => name !== 'training' && rows.some(({ tuned }) => isNumber(tuned.loss)));
  return section('Row by row', ...sets.map(({ title, rows }) => {
    const sorted = [...rows].sort((a, b) => Number(b.tuned.loss) - Number(a.tuned.loss));
    const answered = sorted.some(({ tuned }) => tuned.answer !== null);
    return table({
      caption: `${title}, the highest loss of the tuned model first`, stacked: true,
      columns: [{ name: 'Input' }, { name: 'Reference' }, ...(answered ? [{ name: 'Tuned answer' }] : []), { name: 'Loss, base → tuned', number: true }, ...(answered ? [{ name: 'chrF, base → tuned', number: true }] : [])],
      rows: sorted, cells: ({ input, reference, base, tuned }) => [
        words(input, MOST_IN_CELL), words(reference, MOST_IN_CELL), ...(answered ? [tuned.answer === null ? NONE : words(tuned.answer, MOST_IN_CELL)] : []),
        `${loss(base.loss)} → ${loss(tuned.loss)}`, ...(answered ? [isNumber(base.chrf) || isNumber(tuned.chrf) ? `${number(base.chrf, 1)} → ${number(tuned.chrf, 1)}` : NONE] : []),
      ],
    });
  }));
}

const MOST_INQUIRIES = 100;

/** @param {Report} report */
export function answersSection({ answers, decoding, objective }) {
  const asked = answers.filter(({ base, discrete, tuned }) => base || discrete || tuned);
  if (asked.length === 0) return new Markup('');
  const drawn = decoding.temperature === 0 ? 'at every place the likeliest token' : `sampled at temperature ${decoding.temperature}, top p ${decoding.top_p}`;
  const how = !isNumber(decoding.repetition_penalty) || decoding.repetition_penalty === 1 ? drawn : `${drawn}, repetition penalty ${decoding.repetition_penalty}`;
  return section('Answers side by side',
    markup`<p>Each inquiry was asked in three ways: of the frozen model as it is, with the objective as plain text (a system message) in front, and with the trained prompt in front (decoding: ${how}, at most ${plural(decoding.max_new_tokens, 'token')}).</p>`,
    asked.some((row) => row.discrete) && objective.trim() === '' ? markup`<p class="note">The objective has been removed since.</p>` : '',
    ...asked.slice(0, MOST_INQUIRIES).map(inquiry),
    asked.length > MOST_INQUIRIES && markup`<p class="note">The first ${String(MOST_INQUIRIES)} of ${number(asked.length)} inquiries; all of them are in the JSON file.</p>`);
}

/** @param {import('./collect.js').ReportAnswers} row */
function inquiry(row) {
  const written = VARIANTS.flatMap(([variant, name]) => { const answer = row[variant]; return answer ? [{ variant, name, answer }] : []; });
  return markup`
<article class="inquiry">
<h3>${words(row.question, MOST_IN_CELL)}</h3>
<div class="answers">${written.map(({ variant, name, answer }) => markup`
<div class="answer answer-${variant}">
<h4>${name}${variant === 'tuned' && answer.prefix ? ` ${answer.prefix}` : ''}</h4>
<p>${answer.text.trim() === '' ? markup`<span class="remark">(an empty answer)</span>` : words(answer.text, MOST_IN_ANSWER)}</p>
${remark(answer)}
</div>`)}
</div>
${row.reference !== '' && markup`<p class="note">Reference: ${words(row.reference, MOST_IN_CELL)}</p>`}
</article>`;
}

/** @param {NonNullable<import('./collect.js').ReportAnswers['base']>} answer */
function remark({ tokens, finishReason, upToDate }) {
  const remarks = [
    isNumber(tokens) ? plural(tokens, 'token') : '', finishReason === 'length' ? 'cut at the limit' : finishReason === 'cancelled' ? 'stopped while it was written' : '',
    upToDate ? '' : 'asked before something changed',
  ].filter((part) => part !== '');
  return remarks.length > 0 && markup`<p class="remark">${remarks.join(', ')}</p>`;
}

/** @param {Report} report */
export function checksSection({ checks }) {
  if (checks.length === 0) return new Markup('');
  return section('Does it keep to the form?',
    markup`<p>How many of the answers above meet each check. A check tells whether the form is there, not whether the facts are right.</p>`,
    table({
      caption: 'Checks', captionIsHidden: true, stacked: true, columns: [{ name: 'The answer …' }, ...VARIANTS.map(([, name]) => ({ name, number: true }))],
      rows: checks, cells: ({ kind, value, asked, met, problem }) => [checkWords({ kind, value }), ...VARIANTS.map(([variant]) => (problem !== '' || asked[variant] === 0 ? NONE : `${met[variant]} of ${asked[variant]}`))],
    }));
}

/** @param {Pattern} check */
function checkWords({ kind, value }) {
  const quoted = markup`“${words(value, MOST_IN_CELL)}”`;
  switch (kind) {
    case 'contains': return markup`contains ${quoted}`;
    case 'starts_with': return markup`starts with ${quoted}`;
    case 'ends_with': return markup`ends with ${quoted}`;
    case 'regex': return markup`matches the expression <code>${value}</code>`;
    case 'numbered_steps': return `has at least ${value} numbered steps`;
    case 'at_most_words': return `has at most ${value} words`;
    default: return 'is valid JSON';
  }
}
