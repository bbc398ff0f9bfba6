// @ts-check
/** The curves of the run: losses, learning rate and gradient norm over the steps. */
import { Button, Icon, html, signal } from '../../ui.js';
import { Plot, formatValue } from '../../plots.js';
import { lossSentence } from '../../report/figures.js';
import { loss } from '../../report/numbers.js';
import { bestEvaluation } from '../../run/record.js';
import { keepOver, smooth } from '../../smoothing.js';
import { downloadCsv } from '../../csv.js';
import { run } from '../../run.js';

/** @typedef {import('../../run/record.js').Run} Run */

const axis = signal(/** @type {'linear'|'log'} */ ('linear'));
const shown = signal(/** @type {'both'|'raw'|'smoothed'} */ ('both'));

export function Curves() {
  const now = run.value;
  if (!now) {
    return html`
      <div class="curves-empty">
        <${Icon} name="play" />
        <p>The curves are drawn here as soon as the run starts: how well the prompt does on the examples it learns from, and on those it never sees.</p>
      </div>`;
  }
  const steps = Array.from({ length: (now.steps.at(-1)?.step ?? 0) + 1 }, (_, step) => step);
  const small = { steps, lastStep: now.settings.steps, height: 150 };
  const rates = atSteps(steps.length, now.steps, (report) => report.learningRate);
  const norms = atSteps(steps.length, now.steps, (report) => report.gradNorm);
  return html`
    <div class="curves">
      <${LossPlot} now=${now} steps=${steps} />
      <div class="curves-tools">
        <${Choice} legend="Vertical axis" name="axis" value=${axis.value} onChange=${(/** @type {any} */ value) => { axis.value = value; }}
          choices=${[['linear', 'Linear'], ['log', 'Logarithmic']]} />
        <${Choice} legend="Training loss" name="smoothing" value=${shown.value} onChange=${(/** @type {any} */ value) => { shown.value = value; }}
          choices=${[['both', 'Both'], ['raw', 'Raw'], ['smoothed', 'Smoothed']]} />
        <${Button} kind="quiet" icon="download" disabled=${now.steps.length === 0} onClick=${() => download(now)}>Download CSV<//>
      </div>
      <details class="earlier"><summary>Learning rate and gradient norm</summary>
        <div class="curves-small">
          <${Plot} ...${small} title="Learning rate" summary=${rangeSentence('The learning rate', rates)}
            lines=${[{ label: 'learning rate', color: '--chart-third', values: rates }]} />
          <${Plot} ...${small} title="Gradient norm" summary=${rangeSentence('The gradient norm before clipping', norms)}
            lines=${[{ label: 'gradient norm', color: '--chart-third', values: norms, width: 1.5 }]} log=${axis.value === 'log'} />
        </div>
      </details>
    </div>`;
}

/** @param {{now: Run, steps: number[]}} props */
function LossPlot({ now, steps }) {
  const raw = atSteps(steps.length, now.steps, (report) => report.loss);
  const heldOut = atSteps(steps.length, now.evaluations, (point) => point.heldOutLoss);
  const baseline = now.evaluations.find((point) => point.step === 0);
  const best = bestEvaluation(now);
  const both = shown.value === 'both';
  const lines = [];
  if (shown.value !== 'smoothed') {
    lines.push({ label: both ? 'training, raw' : 'training', color: '--chart-train', values: raw, width: both ? 1 : 1.5, alpha: both ? 0.4 : 1 });
  }
  if (shown.value !== 'raw') lines.push({ label: both ? 'training, smoothed' : 'training', color: '--chart-train', values: smooth(raw, keepOver(now.settings.steps)), width: 2.5 });
  if (now.evaluations.length > 0) lines.push({ label: 'held-out', color: '--chart-held-out', values: heldOut, width: 2.5, points: true });
  return html`
    <${Plot} title="Loss" summary=${lossSentence(now) || 'No step has been made yet.'} steps=${steps} lastStep=${now.settings.steps} lines=${lines} height=${300} format=${formatValue}
      log=${axis.value === 'log'}
      marks=${{
        level: baseline ? { value: baseline.heldOutLoss, label: `untrained prompt ${loss(baseline.heldOutLoss)}`, color: '--chart-held-out' } : null,
        point: best && best.step > 0 ? { step: best.step, value: best.heldOutLoss, label: `best: step ${best.step}`, color: '--chart-held-out' } : null,
      }} />`;
}

/**
 * Values by step, null where there is none.
 * @template {{step: number}} P
 * @param {number} length
 * @param {P[]} points
 * @param {(point: P) => number} value
 */
function atSteps(length, points, value) {
  /** @type {(number|null)[]} */
  const values = new Array(length).fill(null);
  for (const point of points) if (point.step < length) values[point.step] = value(point);
  return values;
}

/** @param {string} subject @param {(number|null)[]} values */
function rangeSentence(subject, values) {
  const numbers = /** @type {number[]} */ (values.filter((value) => value !== null));
  if (numbers.length === 0) return 'No step has been made yet.';
  const [low, high] = numbers.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  return `${subject} lay between ${formatValue(low)} and ${formatValue(high)}; its latest value is ${formatValue(numbers[numbers.length - 1])}.`;
}

/** @param {Run} now */
function download(now) {
  const heldOut = new Map(now.evaluations.map((point) => [point.step, point.heldOutLoss]));
  const reports = new Map(now.steps.map((report) => [report.step, report]));
  const all = [...new Set([...heldOut.keys(), ...reports.keys()])].sort((a, b) => a - b);
  downloadCsv(`run-${now.number}.csv`,
    ['step', 'training_loss', 'held_out_loss', 'learning_rate', 'gradient_norm', 'tokens', 'milliseconds'],
    all.map((step) => {
      const report = reports.get(step);
      return [step, report?.loss, heldOut.get(step), report?.learningRate, report?.gradNorm, report?.tokens, report?.milliseconds];
    }));
}

/** A choice of few, drawn as one strip.
 * @param {{legend: string, name: string, value: string, choices: [string, string][], onChange: (value: string) => void}} props */
const Choice = ({ legend, name, value, choices, onChange }) => html`
  <fieldset class="choice">
    <legend>${legend}</legend>
    <div class="choice-strip">
      ${choices.map(([key, label]) => html`
        <label key=${key} class=${key === value ? 'is-chosen' : ''}>
          <input type="radio" name=${name} value=${key} checked=${key === value} onChange=${() => onChange(key)} />${label}
        </label>`)}
    </div>
  </fieldset>`;
