// @ts-check
/** The report: what a student hands in, as one HTML file, and all numbers as JSON. */
import { comparisonOfWays } from '../../experiments/comparison.js';
import { crossValidation } from '../../experiments/cross_validation.js';
import { learningCurve } from '../../experiments/learning_curve.js';
import { download } from '../../download.js';
import { collect, reportedRun } from '../../report/collect.js';
import { reportHtml } from '../../report/html.js';
import { activePrompt, conclusions, examples, objective, patterns, settings, testRows } from '../../state.js';
import { keep } from '../../store.js';
import { Button, Field, Icon, Notice, html, plural, sentenceOf, signal } from '../../ui.js';
import { VARIANTS, answersOf } from '../test/answers.js';
import { copied, shareOf } from './copying.js';
import { consistency } from './consistency.js';
import { hardest } from './hardest.js';
import { comparison, isOfNow } from './measure.js';

/** @typedef {import('../../report/collect.js').Report} Report */

/** Who hands it in. */
const author = signal('');
keep('reportAuthor', author, (saved) => (typeof saved === 'string' ? saved : undefined));
const busy = signal(false);
const problem = signal('');
/** Address of the report in its own tab; it lives until the next one is opened. */
let opened = '';

/** @param {(report: Report) => void} use */
async function withReport(use) {
  busy.value = true;
  problem.value = '';
  try {
    use(await collect(author.value));
  } catch (error) {
    problem.value = `The report could not be made. ${sentenceOf(error)}`;
  }
  busy.value = false;
}

/** For example "report-Ada-Lovelace-TECH_SUPPORT-2025-03-01.html". @param {Report} report @param {string} extension */
function fileName({ settings: { prefix_token: prefix }, made }, extension) {
  const words = (/** @type {string} */ text) => text.match(/[\p{L}\p{N}_-]+/gu)?.join('-');
  return ['report', words(author.value), words(prefix) ?? 'prompt', `${made.slice(0, 10)}.${extension}`].filter(Boolean).join('-');
}

const asHtml = (/** @type {Report} */ report) => new Blob([reportHtml(report)], { type: 'text/html;charset=utf-8' });

const downloadHtml = () => withReport((report) => download(fileName(report, 'html'), asHtml(report)));
const downloadJson = () => withReport((report) =>
  download(fileName(report, 'json'), new Blob([JSON.stringify(report, null, 1)], { type: 'application/json' })));

/** The tab is opened at once, as browsers allow it only right after the click, and filled when the report is there. */
async function openForPrinting() {
  const tab = window.open('', '_blank');
  if (!tab) {
    problem.value = 'The browser did not let this page open a new tab. Allow pop-ups for it, or download the report and open the file.';
    return;
  }
  await withReport((report) => {
    URL.revokeObjectURL(opened);
    opened = URL.createObjectURL(asHtml(report));
    tab.opener = null;
    tab.location.replace(opened);
  });
  if (problem.value !== '') tab.close();
}

/** What the report holds, and what is missing yet. `missing`: what to do for it, or "". @returns {{name: string, missing: string}[]} */
function contents() {
  const run = reportedRun();
  const measured = comparison.value;
  const answered = testRows.value.some((row) => VARIANTS.some((variant) => answersOf(row.id).value[variant]?.status === 'done'));
  const rows = examples.value.filter(({ input, output }) => input.trim() !== '' || output.trim() !== '').length;
  const stale = measured && !isOfNow(measured.promptKey);
  const entry = (/** @type {string} */ name, /** @type {boolean} */ there, /** @type {string} */ missing) => ({ name, missing: there ? '' : missing });
  return [
    entry('Objective', objective.value.trim() !== '', 'Write it in step 2.'),
    entry(rows > 0 ? `Data: ${plural(run?.examples.length || rows, 'example')}` : 'Data', rows > 0, 'Add examples in step 1.'),
    entry(`Settings of ${(run?.settings ?? settings.value).prefix_token}`, true, ''),
    entry(run ? `What was done, and the curves: run ${run.number}, ${plural(run.steps.at(-1)?.step ?? 0, 'step')}` : 'What was done, and the curves', Boolean(run && run.steps.length > 0), 'Train a prompt in step 5.'),
    entry('Metrics, base against tuned', measured !== null && !stale, stale ? `Measure in “Base against tuned” again: those there belong to another prompt or model (${measured.prefix}).` : activePrompt.value ? 'Measure in “Base against tuned” first to have metrics.' : 'Train a prompt in step 5, then measure in “Base against tuned”.'),
    entry('Answers side by side', answered, 'Ask the inquiries in step 6.'),
    entry('Checks of the form', patterns.value.length > 0 && answered, patterns.value.length > 0 ? 'They are counted over the answers of step 6.' : 'Write a check in “Does it keep to the brand’s form?”.'),
    entry('What the answers copy', copied.value !== null && shareOf(copied.value, 'tuned') !== null, 'Ask the inquiries in step 6.'),
    entry('Cross-validation', crossValidation.state.value.results.length > 0, 'Run it in “Is that result luck?”.'),
    entry('Learning curve', learningCurve.state.value.results.length > 0, 'Measure it in “Is more data needed?”.'),
    entry('The hardest rows and tokens', hardest.value !== null, 'Find them in “What kind of example is missing?”.'),
    entry('The same question in other words', consistency.value !== null, 'Ask in “Does it answer the same question in the same way?”.'),
    entry('Techniques compared', comparisonOfWays.state.value.results.length > 0, 'Compare them in step 5.'),
    entry('Your conclusions', conclusions.value.trim() !== '', 'Write them right above.'),
  ];
}

export function Report() {
  const list = contents();
  const missing = list.filter((entry) => entry.missing !== '');
  return html`
    <section class="part" aria-labelledby="report-title">
      <h3 class="part-title" id="report-title">Report</h3>
      <p class="part-intro">The parts listed below in one file that needs no network and no program but a browser: to read, to print and to hand in.</p>
      <${Field} label="Your name" class="report-author" help="Stands below the title. It is kept in this browser and goes nowhere else.">
        <input type="text" autocomplete="name" value=${author.value} onInput=${(/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => { author.value = event.currentTarget.value; }} />
      <//>
      <div class="part-actions">
        <${Button} kind="primary" icon="download" inactive=${busy.value} onClick=${() => void downloadHtml()}>Download report (HTML)<//>
        <${Button} icon="download" inactive=${busy.value} onClick=${() => void downloadJson()}>Download all numbers (JSON)<//>
        <${Button} inactive=${busy.value} onClick=${() => void openForPrinting()}>Open for printing<//>
      </div>
      ${problem.value && html`<${Notice} kind="error" onClose=${() => { problem.value = ''; }}>${problem.value}<//>`}
      <div class="report-contents">
        <p class="report-count">${missing.length === 0 ? 'Nothing is missing.' : `${list.length - missing.length} of ${list.length} parts are there; what is missing is left out.`}</p>
        <ul class="report-list">
          ${list.map(({ name, missing: what }) => html`
            <li key=${name.split(':')[0]} class=${what === '' ? 'is-there' : 'is-missing'}>
              <${Icon} name=${what === '' ? 'check' : 'plus'} />
              <span>${name}${what === '' ? html`<span class="visually-hidden"> (in the report)</span>` : html` <span class="report-missing"><span class="visually-hidden">Missing. </span>${what}</span>`}</span>
            </li>`)}
        </ul>
      </div>
    </section>`;
}
