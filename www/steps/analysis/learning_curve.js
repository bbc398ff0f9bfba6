// @ts-check
/** Is more data needed? The loss after training on few and on more of the rows, and where that leads. */
import { downloadCsv } from '../../csv.js';
import { curveReading, draws, learningCurve, measureLearningCurve, plannedTrainings, testExamples } from '../../experiments/learning_curve.js';
import { Plot } from '../../plots.js';
import { loss as formatLoss } from '../../report/numbers.js';
import { CALLS } from '../../report/trials.js';
import { settingsProblems, usableExamples } from '../../state.js';
import { Button, Field, html, plural, shortened } from '../../ui.js';
import { ExperimentControls } from '../experiment_controls.js';

const VERDICTS = { more_data_helps: 'More data would help', unclear: 'Not clear', enough: 'Enough for now', too_few_points: 'Too few trainings' };

export function LearningCurve() {
  const rows = usableExamples.value.length;
  const own = testExamples().length >= 2;
  const problem = rows < (own ? 2 : 3) ? `A learning curve needs at least ${own ? 'two' : 'three'} usable rows in step 1.`
    : settingsProblems.value.length > 0 ? 'Mend the settings in step 3 first.' : '';
  return html`
    <section class="part" aria-labelledby="learning-curve-title">
      <h3 class="part-title" id="learning-curve-title">Is more data needed?</h3>
      <p class="part-intro">Prompts are trained on a few of your rows, on more, and so on, and asked after their last step about ${own ? 'the test inquiries that have a reference' : 'rows that were held out'}. If the loss still falls at the right end, more rows would probably help. The line is continued to twice the largest training set with its uncertainty, which is wide with so few.</p>
      <${ExperimentControls} experiment=${learningCurve} label="Measure the learning curve" problem=${problem} trainings=${plannedTrainings.value} onStart=${() => void measureLearningCurve()}>
        <${Field} label="Draws" class="is-inline">
          <select value=${String(draws.value)} onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => { draws.value = Number(event.currentTarget.value); }}>
            ${[3, 5, 8].map((count) => html`<option key=${count} value=${String(count)}>${count} times with other rows</option>`)}
          </select>
        <//>
      <//>
      <${Reading} />
    </section>`;
}

function Reading() {
  const reading = curveReading.value;
  // A reading of some of the draws would change its mind at the next one.
  if (!reading || learningCurve.state.value.status === 'running') return null;
  return html`
    <div class=${`reading reading-${reading.verdict}`}>
      <p class="reading-verdict">${VERDICTS[reading.verdict]}</p>
      <div class="reading-words"><p>${reading.sentence}</p><p>${reading.advice}</p></div>
    </div>
    <${Curve} reading=${reading} />
    <${Rows} reading=${reading} />
    <p><${Button} kind="quiet" icon="download" onClick=${download}>Download learning curve as CSV<//></p>`;
}

/** @param {{reading: import('../../protocol.js').LearningCurve}} props */
function Curve({ reading }) {
  const sizes = [...new Set([...reading.points.map(({ size }) => size), ...reading.band.map(({ size }) => size)])].sort((a, b) => a - b);
  const at = (/** @type {{size: number}[]} */ list, /** @type {(entry: any) => number} */ value) => {
    const known = new Map(list.map((entry) => [entry.size, value(entry)]));
    return sizes.map((size) => known.get(size) ?? null);
  };
  const last = reading.doubled?.size ?? Math.max(...sizes, 1);
  const measured = reading.points.map(({ size, mean, runs }) => `${formatLoss(mean)} with ${plural(size, 'row')} (${plural(runs, 'training')})`).join(', ');
  return html`
    <${Plot} title="Loss by number of training rows" unit="Rows" steps=${sizes} firstStep=${1} lastStep=${last} height=${260} format=${formatLoss}
      summary=${`Measured: ${measured}.${reading.doubled ? ` Continued to ${reading.doubled.size} rows: ${formatLoss(reading.doubled.loss)}, between ${formatLoss(reading.doubled.low)} and ${formatLoss(reading.doubled.high)}.` : ''}`}
      lines=${[
        { label: 'measured, mean', color: '--chart-held-out', values: at(reading.points, (point) => point.mean), width: 2.5, points: true },
        ...(reading.band.length > 0 ? [
          { label: 'fitted', color: '--chart-train', values: at(reading.band, (point) => point.middle), width: 1.5 },
          { label: '90 % of the fits, low', color: '--chart-train', values: at(reading.band, (point) => point.low), width: 1, dash: [4, 4], alpha: 0.6 },
          { label: 'high', color: '--chart-train', values: at(reading.band, (point) => point.high), width: 1, dash: [4, 4], alpha: 0.6 },
        ] : []),
      ]} />`;
}

/** @param {{reading: import('../../protocol.js').LearningCurve}} props */
function Rows({ reading }) {
  const examples = learningCurve.state.value.plan?.context.examples ?? [];
  const known = reading.rows.filter(({ difference }) => difference !== null);
  if (known.length === 0) return null;
  return html`
    <details class="earlier">
      <summary>Which rows help, which hurt?</summary>
      <p class="part-intro">${reading.rowsSentence}</p>
      <div class="table-scroll" tabindex="0" role="region" aria-label="Effect of every row">
        <table class="plain-table">
          <thead><tr><th scope="col">Row</th><th scope="col" class="number">Loss with it minus loss without<br /><small>below 0: it helps</small></th><th scope="col" class="number">± error</th><th scope="col">Reading</th></tr></thead>
          <tbody>${known.map((row) => html`
            <tr key=${row.row}><th scope="row">${row.row + 1}. ${shortened(examples[row.row]?.input ?? '')}</th>
              <td class="number">${(row.difference ?? 0).toFixed(3)}</td><td class="number">${row.standardError === null ? '–' : row.standardError.toFixed(3)}</td><td>${CALLS[row.call] ?? row.call}</td></tr>`)}</tbody>
        </table>
      </div>
    </details>`;
}

function download() {
  downloadCsv('learning-curve.csv', ['draw', 'rows', 'trained_on', 'loss'],
    learningCurve.state.value.results.map(({ draw, size, train, loss }) => [draw + 1, size, train.map((row) => row + 1).join(' '), loss]));
}
