// @ts-check
/** Base against tuned, in numbers, with a sentence on what each number means and when it misleads. */
import { downloadCsv } from '../../csv.js';
import { formatLoss } from '../../plots.js';
import { activePrefix, activePrompt, model, testRows } from '../../state.js';
import { Button, Notice, Progress, formatNumber, html, plural } from '../../ui.js';
import { MOST_WRITTEN_ANSWERS } from '../../limits.js';
import { cancelMeasuring, comparison, measure, problem, progress, promptKey } from './measure.js';

/** @typedef {import('./measure.js').Measures} Measures */
/** @typedef {import('./measure.js').MeasuredSet} MeasuredSet */

/** @typedef {{key: keyof Measures, name: string, better: 'lower'|'higher'|'neither', format: (value: number) => string, means: string, misleads: string}} Metric */

/** @param {number} value */
const percent = (value) => `${formatNumber(value * 100, value > 0 && value < 0.1 ? 1 : 0)} %`;

/** @type {Metric[]} */
const METRICS = [
  { key: 'loss', name: 'Loss', better: 'lower', format: formatLoss,
    means: 'how surprised the model is by each token of the ideal response, on average (nats).',
    misleads: 'on training rows, which it may know by heart.' },
  { key: 'perplexity', name: 'Perplexity', better: 'lower', format: (value) => formatNumber(value, value < 10 ? 2 : 1),
    means: 'the same as a count: it hesitates between so many equally likely tokens.',
    misleads: 'between models with different vocabularies.' },
  { key: 'tokenAccuracy', name: 'Token accuracy', better: 'higher', format: percent,
    means: 'how often the likeliest next token is the right one, when all before it is given.',
    misleads: 'because in a real answer the model has to live with its own mistakes.' },
  { key: 'exactMatch', name: 'Exact match', better: 'higher', format: percent,
    means: 'how many greedy answers equal the reference, word for word.',
    misleads: 'for free text: a good answer in other words counts as wrong, a memorised one as perfect.' },
  { key: 'rouge1', name: 'ROUGE-1', better: 'higher', format: (value) => value.toFixed(2),
    means: 'how many words answer and reference share, wherever they stand, from 0 to 1.',
    misleads: 'where common words (“the”, “your”) make up most of both.' },
  { key: 'rouge2', name: 'ROUGE-2', better: 'higher', format: (value) => value.toFixed(2),
    means: 'the same for pairs of neighbouring words.',
    misleads: 'for short answers, which have few pairs.' },
  { key: 'rougeL', name: 'ROUGE-L', better: 'higher', format: (value) => value.toFixed(2),
    means: 'how much of the wording appears in the same order in answer and reference, from 0 to 1.',
    misleads: 'where a shared form (“please follow these steps”) hides a wrong fact.' },
  { key: 'bleu', name: 'BLEU', better: 'higher', format: (value) => formatNumber(value, 1),
    means: 'how much of the answer’s wording, in runs of up to four words, is in the reference, from 0 to 100; answers that are too short lose.',
    misleads: 'on single sentences: it was made for whole test sets, and one other word order costs much.' },
  { key: 'chrf', name: 'chrF', better: 'higher', format: (value) => formatNumber(value, 1),
    means: 'how many runs of up to six letters answer and reference share, from 0 to 100.',
    misleads: 'less than the others by endings and typing errors, but as much by a wrong fact in the right form.' },
  { key: 'distinct', name: 'Distinct-2', better: 'neither', format: percent,
    means: 'how many of the pairs of neighbouring words in all answers are different ones: little means that the answers repeat each other or themselves.',
    misleads: 'where a fixed opening and closing are wanted: they are repeated on purpose.' },
  { key: 'words', name: 'Words', better: 'neither', format: (value) => formatNumber(value, 1),
    means: 'how long an answer is on average.',
    misleads: 'by itself: it only says whether the tuned answers are as long as yours.' },
];

const SET_NAMES = { training: 'Training rows', heldOut: 'Held-out rows', test: 'Test inquiries' };

export function Comparison() {
  const ready = model.value.status === 'ready' && activePrompt.value !== null;
  const now = progress.value;
  return html`
    <section class="part" aria-labelledby="comparison-title">
      <h3 class="part-title" id="comparison-title">Base against tuned</h3>
      <p class="part-intro">${activePrompt.value
        ? html`The frozen model alone, and with the prompt <span class="voice-tag">${activePrefix.value}</span> in front. The held-out rows are the ones to trust: the prompt has never seen them.`
        : 'Train a prompt in step 5, and its numbers can be compared with those of the base model here.'}</p>
      <div class="part-actions">
        <${Button} kind="primary" icon="play" disabled=${!ready || now !== null} onClick=${() => void measure(true)}>Measure<//>
        <${Button} disabled=${!ready || now !== null} title="Loss, perplexity and token accuracy; no answers are written" onClick=${() => void measure(false)}>Losses only<//>
        ${now && html`<${Button} icon="stop" onClick=${cancelMeasuring}>Cancel<//>`}
        ${comparison.value && !now && html`<${Button} kind="quiet" icon="export" onClick=${download}>Download CSV<//>`}
      </div>
      ${now && html`<${Progress} value=${now.done} max=${now.total} label="Measuring" text=${`${now.text}: ${now.done} of ${now.total}`} />`}
      ${problem.value && html`<${Notice} kind="error" onClose=${() => { problem.value = ''; }}>${problem.value}<//>`}
      <${Table} />
      <${Meanings} />
    </section>`;
}

function Table() {
  const measured = comparison.value;
  if (!measured) return null;
  const withoutReference = testRows.value.filter((row) => row.reference.trim() === '').length;
  return html`
    ${measured.promptKey !== promptKey() && html`<p class="part-caution">These numbers belong to another prompt (${measured.prefix}); measure again for the one chosen now.</p>`}
    ${!measured.itsRows && html`<p class="part-caution">The run that made ${measured.prefix} is no longer here, so the rows of step 1 are measured as they are now. Rows that were changed since, the prompt has never been trained on.</p>`}
    <div class="table-scroll" tabindex="0" role="region" aria-label="Base against tuned">
      <table class="plain-table measures">
        <thead>
          <tr>
            <th scope="col">Rows</th><th scope="col">Model</th>
            ${METRICS.map((metric) => html`<th key=${metric.key} scope="col" class="number">${metric.name.replace('-', '\u2011')}${metric.better !== 'neither' && html` <span class="better" aria-hidden="true">${metric.better === 'lower' ? '↓' : '↑'}</span><span class="visually-hidden"> (${metric.better} is better)</span>`}</th>`)}
          </tr>
        </thead>
        ${measured.sets.map((set) => html`<${SetRows} key=${set.name} set=${set} />`)}
      </table>
    </div>
    ${withoutReference > 0 && html`<p class="part-caution">${plural(withoutReference, 'test inquiry has', 'test inquiries have')} no reference answer, so nothing can be measured on ${withoutReference === 1 ? 'it' : 'them'}. Add one in step 6.</p>`}`;
}

/** @param {{set: MeasuredSet}} props */
function SetRows({ set }) {
  return html`
    <tbody>
      <tr>
        <th scope="rowgroup" rowspan="2">${SET_NAMES[set.name]}<small>${rowCount(set)}</small></th>
        <th scope="row">Base</th>
        ${METRICS.map((metric) => html`<td key=${metric.key} class="number">${value(metric, set.base)}</td>`)}
      </tr>
      <tr class="tuned-row">
        <th scope="row">Tuned</th>
        ${METRICS.map((metric) => html`<td key=${metric.key} class=${`number ${isBetter(metric, set) ? 'is-better' : ''}`}>${value(metric, set.tuned)}</td>`)}
      </tr>
    </tbody>`;
}

/** @param {MeasuredSet} set */
function rowCount({ rows, all, base }) {
  const first = rows.length < all ? `${rows.length} of ${formatNumber(all)}` : plural(all, 'row');
  return base.rougeL !== null && rows.length > MOST_WRITTEN_ANSWERS ? `${first}; answers to ${MOST_WRITTEN_ANSWERS}` : first;
}

/** @param {Metric} metric @param {Measures} measures */
function value({ key, format }, measures) {
  const number = measures[key];
  return number === null ? '–' : format(number);
}

/** @param {Metric} metric @param {MeasuredSet} set */
function isBetter({ key, better }, { base, tuned }) {
  const [before, after] = [base[key], tuned[key]];
  if (before === null || after === null || better === 'neither') return false;
  return better === 'lower' ? after < before : after > before;
}

function Meanings() {
  return html`
    <details class="meanings" open=${false}>
      <summary>What these numbers mean, and when they mislead</summary>
      <dl>
        ${METRICS.map(({ key, name, means, misleads }) => html`
          <div key=${key}><dt>${name}</dt><dd>Says ${means} It misleads ${misleads}</dd></div>`)}
      </dl>
    </details>`;
}

function download() {
  const measured = comparison.value;
  if (!measured) return;
  downloadCsv('comparison.csv', ['rows', 'count', 'model', ...METRICS.map((metric) => metric.name)],
    measured.sets.flatMap((set) => /** @type {const} */ (['base', 'tuned']).map((which) =>
      [SET_NAMES[set.name], set.rows.length, which, ...METRICS.map((metric) => set[which][metric.key])])));
}
