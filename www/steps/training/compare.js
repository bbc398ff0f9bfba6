// @ts-check
/** Comparing techniques on the same rows: which to run, their curves in one plot, and a table of what they reached. */
import { downloadCsv } from '../../csv.js';
import { addSettingsOfPage, chosenWays, comparisonOfWays, compareWays, prefixOf, promote, removeWay, shots, ways } from '../../experiments/comparison.js';
import { Plot } from '../../plots.js';
import { loss as formatLoss } from '../../report/numbers.js';
import { inUse } from '../../model.js';
import { promptName, stepsOf } from '../../run/record.js';
import { effectiveSettings, model, objective, settingsProblems, trainedPrompts, usableExamples } from '../../state.js';
import { Button, Field, Notice, formatNumber, html } from '../../ui.js';
import { ExperimentControls } from '../experiment_controls.js';

/** @typedef {import('../../experiments/comparison.js').Trial} Trial */
/** @typedef {import('../../experiments/comparison.js').Way} Way */

const COLORS = ['--chart-held-out', '--chart-train', '--chart-third', '--input', '--response', '--template'];

export function Compare() {
  const chosen = ways.value.filter(({ id }) => chosenWays.value.includes(id));
  const problem = usableExamples.value.length < 2 ? 'Comparing needs at least two usable rows in step 1.'
    : chosen.length === 0 ? 'Choose at least one way.'
      : chosen.some(({ kind }) => kind === 'instruction') && objective.value.trim() === '' ? 'There is no objective in step 2 to put in front as text: write one, or leave that way out.'
        : settingsProblems.value.length > 0 ? 'Mend the settings in step 3 first.' : '';
  return html`
    <details class="compare">
      <summary>Compare techniques</summary>
      <p class="part-intro">The chosen ways run one after another on the same rows, with the steps, batch size, seed and held-out share of step 3 and otherwise the defaults of each technique; settings that you have added run as they were. None goes on from a trained prompt. Each answers the inquiries of step 6. Your own trained prompts stay as they are; those of the ways can be kept beside them.</p>
      <fieldset class="ways">
        <legend class="visually-hidden">Ways to compare</legend>
        ${ways.value.map((way) => html`<${WayChoice} key=${way.id} way=${way} />`)}
      </fieldset>
      <p><${Button} kind="quiet" icon="plus" onClick=${addSettingsOfPage}>Add the settings of step 3 as they are<//></p>
      <${ExperimentControls} experiment=${comparisonOfWays} label="Compare" problem=${problem} trainings=${chosen.some(isLonger) ? 0 : chosen.filter((way) => way.settings !== null).length} onStart=${() => void compareWays()} />
      <${Results} />
    </details>`;
}

/** Whether settings that the person has added take other work than those of step 3. @param {Way} way */
const isLonger = ({ id, settings }) => id.startsWith('own-') && settings !== null
  && (settings.steps !== effectiveSettings.value.steps || settings.batch_size !== effectiveSettings.value.batch_size);

/** @param {{way: Way}} props */
function WayChoice({ way }) {
  const { id, kind, label } = way;
  const toggle = (/** @type {Event & {currentTarget: HTMLInputElement}} */ event) => {
    chosenWays.value = event.currentTarget.checked ? [...chosenWays.value, id] : chosenWays.value.filter((other) => other !== id);
  };
  return html`
    <div class="way">
      <label><input type="checkbox" checked=${chosenWays.value.includes(id)} onChange=${toggle} /> ${label}</label>
      ${kind === 'shots' && chosenWays.value.includes(id) && html`<${Field} label="Examples in the context" class="is-inline">
        <input type="number" min="1" max="20" value=${way.shots} class="is-number" onInput=${(/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => setShots(event.currentTarget.valueAsNumber)} /><//>`}
      ${id.startsWith('own-') && html`<${Button} kind="quiet" icon="close" iconOnly onClick=${() => removeWay(id)}>Remove ${label}<//>`}
    </div>`;
}

/** @param {number} count */
function setShots(count) {
  if (Number.isInteger(count) && count >= 1 && count <= 20) shots.value = count;
}

/** Whether few-shot was asked of a model that was made for something else. @param {Trial[]} trials */
const unlearned = (trials) => inUse.value.source.kind === 'bundled' && comparisonOfWays.state.value.plan?.modelHash === model.value.info?.weightsHash && trials.some(({ way }) => way.kind === 'shots');

/** The best loss of all that were measured, to mark it. @param {Trial[]} trials */
const bestLoss = (trials) => Math.min(...trials.map(({ heldOutLoss }) => heldOutLoss ?? Infinity));

function Results() {
  const trials = comparisonOfWays.state.value.results;
  if (trials.length === 0) return null;
  const best = bestLoss(trials);
  const measured = { chrf: trials.some(({ chrf }) => chrf !== null), checks: trials.some(({ checks }) => checks !== null) };
  return html`
    <${HeldOutCurves} trials=${trials} />
    <div class="table-scroll" tabindex="0" role="region" aria-label="What each way reached">
      <table class="plain-table">
        <thead><tr>
          <th scope="col">Way</th><th scope="col" class="number">Held-out loss</th>${measured.checks && html`<th scope="col" class="number">Checks</th>`}${measured.chrf && html`<th scope="col" class="number">chrF</th>`}
          <th scope="col" class="number">Trained numbers</th><th scope="col" class="number">Time</th><th scope="col"><span class="visually-hidden">Action</span></th><th scope="col">Changed against the training before it</th>
        </tr></thead>
        <tbody>${trials.map((trial) => html`<${Row} key=${trial.name} trial=${trial} best=${trial.heldOutLoss === best} measured=${measured} />`)}</tbody>
      </table>
    </div>
    <p class="part-caution">Held-out loss: of the prompt that is kept, the best step or the mean of steps near it. It was chosen on these same rows, so it flatters a little. Checks: how many of the checks of step 7 hold in the answers.${measured.chrf && ' chrF: answers to the inquiries of step 6 that have a reference.'} Two held-out rows decide little: cross-validate in step 7 before you choose.${unlearned(trials) && ' The bundled model has practised being prompt-tuned and unlearned to use examples in its context, so few-shot does badly here; compare it with a larger model before you conclude anything about it.'}</p>
    <details class="earlier"><summary>Read the answers</summary><${Answers} trials=${trials} /></details>
    <p><${Button} kind="quiet" icon="download" onClick=${() => download(trials)}>Download comparison as CSV<//></p>`;
}

/** @param {{trial: Trial, best: boolean, measured: {chrf: boolean, checks: boolean}}} props */
function Row({ trial, best, measured }) {
  const { name, way, changes, trainedNumbers, milliseconds, heldOutLoss, bestStep, through, chrf, checks, problem } = trial;
  const label = way.kind === 'shots' ? `${way.label}: ${way.shots} examples in the context` : way.label;
  return html`
    <tr>
      <th scope="row">${label}<br /><small>${name}</small></th>
      <td class="number">${heldOutLoss === null ? '–' : html`${best ? html`<strong>${formatLoss(heldOutLoss)}</strong>` : formatLoss(heldOutLoss)}${bestStep === null ? '' : html`<br /><small>${stepsOf({ step: bestStep, through })}</small>`}`}</td>
      ${measured.checks && html`<td class="number">${checks === null ? '–' : `${formatNumber(checks * 100, 0)} %`}</td>`}
      ${measured.chrf && html`<td class="number">${chrf === null ? '–' : formatNumber(chrf, 1)}</td>`}
      <td class="number">${formatNumber(trainedNumbers)}</td>
      <td class="number">${way.settings && !problem ? `${formatNumber(milliseconds / 1000, 1)} s` : '–'}</td>
      <td>${trial.prompt && (prefixOf(trial) in trainedPrompts.value ? html`kept as <span class="voice-tag">${prefixOf(trial)}</span>`
        : html`<${Button} kind="quiet" onClick=${() => promote(trial)} aria-label=${`Keep the prompt of ${label} as a prefix token`}>Keep<//>`)}</td>
      <td>${problem ? html`<${Notice} kind="warning">${problem}<//>` : changes.length > 0 ? changes.join('; ') : way.settings ? 'the first training here' : 'nothing is trained'}</td>
    </tr>`;
}

/** @param {{trials: Trial[]}} props */
function HeldOutCurves({ trials }) {
  const trained = trials.filter(({ curve }) => curve.some(({ heldOutLoss }) => heldOutLoss !== null));
  if (trained.length === 0) return null;
  const last = Math.max(...trained.map(({ curve }) => curve.at(-1)?.step ?? 0));
  const steps = Array.from({ length: last + 1 }, (_, step) => step);
  const lines = trained.map((trial, index) => {
    const at = new Map(trial.curve.map(({ step, heldOutLoss }) => [step, heldOutLoss]));
    return { label: trial.way.label, color: COLORS[index % COLORS.length], values: steps.map((step) => at.get(step) ?? null), width: 2, points: true, dash: index >= COLORS.length ? [6, 4] : undefined };
  });
  const summary = trained.map(({ way, heldOutLoss, bestStep, through }) => `${way.label}: the ${promptName({ step: bestStep ?? 0, through })} is kept, held-out loss ${formatLoss(heldOutLoss ?? NaN)}`).join('; ');
  return html`<${Plot} title="Held-out loss" summary=${`${summary}.`} steps=${steps} lastStep=${last} lines=${lines} height=${260} format=${formatLoss} />`;
}

/** @param {{trials: Trial[]}} props */
function Answers({ trials }) {
  const questions = trials.find(({ answers }) => answers.length > 0)?.answers.map(({ question }) => question) ?? [];
  return html`
    ${questions.map((question, index) => html`
      <h4 class="compare-question" key=${question}>${question}</h4>
      <dl class="compare-answers">
        ${trials.filter(({ answers }) => answers[index]).map(({ name, way, answers }) => html`<div key=${name}><dt>${way.label}</dt><dd>${answers[index].answer}</dd></div>`)}
      </dl>`)}`;
}

/** @param {Trial[]} trials */
function download(trials) {
  downloadCsv('comparison.csv', ['name', 'way', 'changes', 'trained_numbers', 'seconds', 'held_out_loss', 'best_step', 'mean_through_step', 'chrf', 'rouge_l', 'checks', 'problem'],
    trials.map((t) => [t.name, t.way.label, t.changes.join('; '), t.trainedNumbers, t.milliseconds / 1000, t.heldOutLoss, t.bestStep, t.through ?? t.bestStep, t.chrf, t.rougeL, t.checks, t.problem]));
}
