// @ts-check
/** Base against tuned, in numbers, with a sentence on what each number means and when it misleads. */
import { downloadCsv } from '../../csv.js';
import { METRICS, isBetter } from '../../metrics.js';
import { SETS } from '../../report/sets.js';
import { activePrefix, activePrompt, model, testRows } from '../../state.js';
import { useSuccessor } from '../../focus.js';
import { Button, Notice, Progress, formatNumber, html, plural, useRef } from '../../ui.js';
import { MOST_WRITTEN_ANSWERS } from '../../limits.js';
import { cancelMeasuring, comparison, isOfNow, measure, problem, progress } from './measure.js';

/** @typedef {import('./measure.js').Measures} Measures */
/** @typedef {import('./measure.js').MeasuredSet} MeasuredSet */

/** @typedef {import('../../metrics.js').Metric} Metric */

const SET_NAMES = Object.fromEntries(SETS);

export function Comparison() {
  const ready = model.value.status === 'ready' && activePrompt.value !== null;
  const now = progress.value;
  const group = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(group, 'button:enabled');
  return html`
    <section class="part" aria-labelledby="comparison-title">
      <h3 class="part-title" id="comparison-title">Base against tuned</h3>
      <p class="part-intro">${activePrompt.value
        ? html`The frozen model with nothing in front (the untrained prompt of step 5 is another thing: it stands in front), and with the prompt <span class="voice-tag">${activePrefix.value}</span>. The held-out rows tell most: the prompt was not trained on them. Where it was chosen by its loss on them, their numbers are a little too good; “Is that result luck?” below checks that. The objective as plain text is measured by “Compare techniques” in step 5.`
        : 'Train a prompt in step 5, and its numbers can be compared with those of the base model here.'}</p>
      <div class="part-actions" ref=${group} tabindex="-1">
        <${Button} kind="primary" icon="play" disabled=${!ready} inactive=${now !== null} onClick=${() => void measure(true)}>Measure<//>
        <${Button} disabled=${!ready} inactive=${now !== null} title="Loss, perplexity and token accuracy; no answers are written" onClick=${() => void measure(false)}>Losses only<//>
        ${now && html`<${Button} icon="stop" onClick=${cancelMeasuring}>Cancel<//>`}
        ${comparison.value && !now && html`<${Button} kind="quiet" icon="download" onClick=${download}>Download CSV<//>`}
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
    ${!isOfNow(measured.promptKey) && html`<p class="part-caution">These numbers belong to another prompt or model (${measured.prefix}); measure again for what is chosen now.</p>`}
    ${!measured.itsRows && html`<p class="part-caution">The run that made ${measured.prefix} is no longer here, so the rows of step 1 are measured as they are now. Rows that were changed since, the prompt has never been trained on.</p>`}
    <div class="table-scroll" tabindex="0" role="region" aria-label="Base against tuned">
      <table class="plain-table measures">
        <thead>
          <tr>
            <th scope="col"><span class="visually-hidden">Model</span></th>
            ${METRICS.map((metric) => html`<th key=${metric.key} scope="col" class="number">${metric.name.replace('-', '\u2011')}${metric.better !== 'neither' && html`${'\u00a0'}<span class="better" aria-hidden="true">${metric.better === 'lower' ? '↓' : '↑'}</span><span class="visually-hidden"> (${metric.better} is better)</span>`}</th>`)}
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
      <tr class="measured-set">
        <th scope="rowgroup" colspan=${METRICS.length + 1}><span>${SET_NAMES[set.name]} <small>${rowCount(set)}</small></span></th>
      </tr>
      <tr>
        <th scope="row">Base</th>
        ${METRICS.map((metric) => html`<td key=${metric.key} class="number">${value(metric, set.base)}</td>`)}
      </tr>
      <tr class="tuned-row">
        <th scope="row">Tuned</th>
        ${METRICS.map((metric) => html`<td key=${metric.key} class=${`number ${isBetter(metric, set.base[metric.key], set.tuned[metric.key]) ? 'is-better' : ''}`}>${value(metric, set.tuned)}</td>`)}
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
  return format(number);
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
