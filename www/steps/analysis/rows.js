// @ts-check
/** The measured rows one by one, sorted by a metric that the person chooses. The numbers come from measure.js. */
import { downloadCsv } from '../../csv.js';
import { loss as formatLoss } from '../../report/numbers.js';
import { SETS } from '../../report/sets.js';
import { Button, Field, formatNumber, html, plural, signal, Toggle } from '../../ui.js';
import { LongText } from './long_text.js';
import { comparison } from './measure.js';

/** @typedef {import('./measure.js').MeasuredSet} MeasuredSet */
/** @typedef {import('./measure.js').RowMeasures} RowMeasures */
/** @typedef {{key: Exclude<keyof RowMeasures, 'answer'>, name: string, better: 'lower'|'higher', format: (value: number) => string}} RowMetric */
/** @typedef {{place: number, input: string, reference: string, base: RowMeasures, tuned: RowMeasures}} Row  `place`: in the set */

/** @type {RowMetric[]} */
const METRICS = [
  { key: 'loss', name: 'Loss', better: 'lower', format: formatLoss },
  { key: 'rougeL', name: 'ROUGE-L', better: 'higher', format: (value) => value.toFixed(2) },
  { key: 'bleu', name: 'BLEU', better: 'higher', format: (value) => formatNumber(value, 1) },
  { key: 'chrf', name: 'chrF', better: 'higher', format: (value) => formatNumber(value, 1) },
  { key: 'exactMatch', name: 'Exact match', better: 'higher', format: (value) => (value === 1 ? 'yes' : 'no') },
];
/** Rows of a set before the person asks for all. */
const FIRST = 10;

/** @typedef {[name: string, of: (row: Row) => string|null]} TextColumn */
/** @type {TextColumn[]} */
const GIVEN = [['Input', ({ input }) => input], ['Reference', ({ reference }) => reference]];
/** @type {TextColumn[]} */
const ANSWERS = [['Base answer', ({ base }) => base.answer], ['Tuned answer', ({ tuned }) => tuned.answer]];

const chosen = signal(/** @type {RowMetric['key']} */ ('loss'));
const worstFirst = signal(false);
const showAll = signal(/** @type {readonly MeasuredSet['name'][]} */ ([]));

const metricNow = () => METRICS.find(({ key }) => key === chosen.value) ?? METRICS[0];

/** Sorted by the value of the tuned model; rows without one at the end. @param {MeasuredSet} set @param {RowMetric} metric @returns {Row[]} */
function sorted({ rows, each }, { key, better }) {
  const sign = (better === 'lower' ? 1 : -1) * (worstFirst.value ? -1 : 1);
  return rows
    .map(({ input, output }, place) => ({ place, input, reference: output, base: each.base[place], tuned: each.tuned[place] }))
    .sort((a, b) => {
      const [left, right] = [a.tuned[key], b.tuned[key]];
      if (left === null || right === null) return Number(left === null) - Number(right === null) || a.place - b.place;
      return sign * (left - right) || a.place - b.place;
    });
}

export function Rows() {
  const measured = comparison.value;
  if (!measured || measured.sets.length === 0) return null;
  const metric = metricNow();
  const missing = measured.sets.every(({ each }) => each.tuned.every((row) => row[metric.key] === null));
  return html`
    <section class="part" aria-labelledby="rows-title">
      <h3 class="part-title" id="rows-title">Row by row</h3>
      <p class="part-intro">A mean hides what it is made of. Read the best rows and the worst ones: what do the worst have in common, and which example is missing for them?</p>
      <div class="rows-tools">
        <${Field} label="Sort by">
          <select value=${metric.key} onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => { chosen.value = /** @type {RowMetric['key']} */ (event.currentTarget.value); }}>
            ${METRICS.map(({ key, name }) => html`<option key=${key} value=${key}>${name}</option>`)}
          </select>
        <//>
        <${Toggle} label="Worst first" of=${worstFirst} />
        <${Button} kind="quiet" icon="download" onClick=${download}>Download rows as CSV<//>
      </div>
      <p class="part-caution">Sorted by the value of the tuned model. ${metric.better === 'lower' ? 'Lower' : 'Higher'} is better.${missing && metric.key !== 'loss' ? ` ${metric.name} compares answers, and none are written yet: press “Measure” above.` : ''}</p>
      ${SETS.map(([name, title]) => {
        const set = measured.sets.find((candidate) => candidate.name === name);
        return set && html`<${SetTable} key=${name} set=${set} title=${title} metric=${metric} />`;
      })}
    </section>`;
}

/** @param {{set: MeasuredSet, title: string, metric: RowMetric}} props */
function SetTable({ set, title, metric }) {
  const rows = sorted(set, metric);
  const all = showAll.value.includes(set.name);
  const answered = rows.some(({ base, tuned }) => base.answer !== null || tuned.answer !== null);
  const texts = answered ? [...GIVEN, ...ANSWERS] : GIVEN;
  const numbers = [`${metric.name}, base`, `${metric.name}, tuned`];
  return html`
    <table class="plain-table rows-table" role="table">
      <caption>${title}, ${worstFirst.value ? 'worst' : 'best'} first</caption>
      <thead role="rowgroup">
        <tr role="row">
          ${texts.map(([name]) => html`<th key=${name} role="columnheader" scope="col">${name}</th>`)}
          ${numbers.map((name) => html`<th key=${name} role="columnheader" scope="col" class="number">${name}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${(all ? rows : rows.slice(0, FIRST)).map((row) => html`
          <tr key=${row.place} role="row">
            ${texts.map(([name, of]) => html`<td key=${name} role="cell" data-label=${name}><${LongText} text=${of(row)} /></td>`)}
            <td role="cell" data-label=${numbers[0]} class="number">${shown(row.base, metric)}</td>
            <td role="cell" data-label=${numbers[1]} class=${`number ${isBetter(row, metric) ? 'is-better' : ''}`}>${shown(row.tuned, metric)}</td>
          </tr>`)}
      </tbody>
    </table>
    ${rows.length > FIRST && html`<button type="button" class="text-button" aria-expanded=${all}
      onClick=${() => { showAll.value = all ? showAll.value.filter((name) => name !== set.name) : [...showAll.value, set.name]; }}>
      ${title}: ${all ? `show the first ${FIRST}` : `show all ${plural(rows.length, 'row')}`}</button>`}`;
}

/** @param {RowMeasures} measures @param {RowMetric} metric */
function shown(measures, { key, format }) {
  const value = measures[key];
  return value === null ? '–' : format(value);
}

/** @param {Row} row @param {RowMetric} metric */
function isBetter({ base, tuned }, { key, better }) {
  const [before, after] = [base[key], tuned[key]];
  return before !== null && after !== null && (better === 'lower' ? after < before : after > before);
}

function download() {
  const measured = comparison.value;
  if (!measured) return;
  const header = ['rows', 'input', 'reference', 'base answer', 'tuned answer', ...METRICS.flatMap(({ name }) => [`${name}, base`, `${name}, tuned`])];
  downloadCsv('rows.csv', header, SETS.flatMap(([name, title]) => measured.sets.filter((set) => set.name === name).flatMap((set) =>
    sorted(set, metricNow()).map(({ input, reference, base, tuned }) =>
      [title, input, reference, base.answer, tuned.answer, ...METRICS.flatMap(({ key }) => [base[key], tuned[key]])]))));
}
