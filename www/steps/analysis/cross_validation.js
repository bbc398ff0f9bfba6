// @ts-check
/** How far one split can be trusted: every row is held out once. */
import { downloadCsv } from '../../csv.js';
import { crossValidate, crossValidation, foldSummary } from '../../experiments/cross_validation.js';
import { loss as formatLoss } from '../../report/numbers.js';
import { settingsProblems, usableExamples } from '../../state.js';
import { Button, Field, html, shortened, signal } from '../../ui.js';
import { ExperimentControls } from '../experiment_controls.js';

/** 0: leave one out. */
const folds = signal(0);
/** Leaving one out of more rows takes too long. */
const MOST_TO_LEAVE_OUT = 30;

/** Parts that can be held out, by how many there are. @type {[number, string][]} */
const PARTS = [[10, 'a tenth'], [5, 'a fifth'], [3, 'a third']];

export function CrossValidation() {
  const rows = usableExamples.value.length;
  const chosen = folds.value === 0 && rows > MOST_TO_LEAVE_OUT ? 5 : folds.value;
  const problem = rows < 2 ? 'Cross-validation needs at least two usable rows in step 1.'
    : chosen > rows ? `There are only ${rows} rows: hold out a larger part.`
      : settingsProblems.value.length > 0 ? 'Mend the settings in step 3 first.' : '';
  return html`
    <section class="part" aria-labelledby="cross-validation-title">
      <h3 class="part-title" id="cross-validation-title">Is that result luck?</h3>
      <p class="part-intro">With few examples the loss depends much on which ones are held out. Cross-validation holds out every row once, trains on the others from scratch, and gives a mean with its spread. It uses the settings of step 3 and never stops early. Each prompt is measured after its last step, without choosing a better one, so its loss can be higher than that of the prompt you keep. Your trained prompts stay as they are.</p>
      <${ExperimentControls} experiment=${crossValidation} label="Cross-validate" problem=${problem} trainings=${chosen || rows} onStart=${() => void crossValidate(chosen)}>
        <${Field} label="Hold out" class="is-inline">
          <select value=${String(chosen)} onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => { folds.value = Number(event.currentTarget.value); }}>
            ${rows <= MOST_TO_LEAVE_OUT && html`<option value="0">one row at a time (${rows} trainings)</option>`}
            ${PARTS.filter(([count]) => count < rows).map(([count, part]) => html`<option key=${count} value=${String(count)}>${part} of the rows at a time (${count} trainings)</option>`)}
          </select>
        <//>
      <//>
      <${Summary} />
    </section>`;
}

function Summary() {
  const summary = foldSummary.value;
  const { plan } = crossValidation.state.value;
  if (!summary || !plan) return null;
  const { examples } = plan.context;
  const spread = (/** @type {import('../../protocol.js').Spread|null} */ of) =>
    (of ? `${formatLoss(of.mean)}${of.standardDeviation === null ? '' : ` ± ${formatLoss(of.standardDeviation)}`}` : '–');
  return html`
    <div class="reading">
      <div class="reading-words"><p>${summary.sentence}</p><p>${summary.advice}</p></div>
    </div>
    <div class="table-scroll" tabindex="0" role="region" aria-label="Loss of every row when it was held out">
      <table class="plain-table">
        <thead><tr><th scope="col">Row held out</th><th scope="col" class="number">Base</th><th scope="col" class="number">Tuned on the others</th><th scope="col"><span class="visually-hidden">Remark</span></th></tr></thead>
        <tbody>
          ${summary.rows.map((row) => html`
            <tr key=${row.row}>
              <th scope="row">${row.row + 1}. ${shortened(examples[row.row]?.input ?? '')}</th>
              <td class="number">${formatLoss(row.baseLoss)}</td><td class="number">${formatLoss(row.tunedLoss)}</td>
              <td class="row-note">${row.outlier ? 'stands out' : row.tunedLoss > row.baseLoss ? 'worse than the base' : ''}</td>
            </tr>`)}
        </tbody>
        <tfoot><tr><th scope="row">Mean ± spread</th><td class="number">${spread(summary.base)}</td><td class="number">${spread(summary.tuned)}</td><td></td></tr></tfoot>
      </table>
    </div>
    <p><${Button} kind="quiet" icon="download" onClick=${() => downloadCsv('cross-validation.csv', ['row', 'input', 'fold', 'tokens', 'base_loss', 'tuned_loss', 'outlier'],
      summary.rows.map((row) => [row.row + 1, examples[row.row]?.input, row.fold + 1, row.tokens, row.baseLoss, row.tunedLoss, String(row.outlier)]))}>Download cross-validation as CSV<//></p>`;
}
