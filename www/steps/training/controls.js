// @ts-check
/** The buttons of a run, and its numbers while it goes on. */
import { model, settingsProblems, trainedPrompts, usableExamples } from '../../state.js';
import { Button, Notice, Progress, formatDuration, formatNumber, html, plural, useRef } from '../../ui.js';
import { useSuccessor } from '../../focus.js';
import { cancelRun, changesSinceRun, continueRun, isActive, pauseRun, resumeRun, run, startError, startRun, stopRun } from '../../run.js';
import { MOST_HELD_OUT_ROWS } from '../../limits.js';
import { keptPrompt } from '../../run/record.js';
import { nameOfRun } from '../../run/names.js';
import { fieldOf } from '../../settings.js';
import { formatValue } from '../../plots.js';
import { loss as formatLoss } from '../../report/numbers.js';
import { experimentInTheWay } from '../../experiments/under_way.js';
import { LostWorker, WorkersField } from './workers.js';

/** @typedef {import('../../run/record.js').Run} Run */

/** Steps over which the speed is averaged. */
const SPEED_WINDOW = 10;

export function Controls() {
  return html`
    <div class="run-panel">
      <${RunButtons} />
      <${Numbers} />
      <${WorkersField} />
    </div>
    <${LostWorker} />
    <${Problems} />`;
}

/** Why no run can be started now, or "". */
export function obstacle() {
  if (model.value.status === 'loading') return 'The language model is still on its way.';
  if (model.value.status === 'error') return 'There is no language model to train with (see the message at the top).';
  const [wrong] = settingsProblems.value;
  if (wrong) return `“${fieldOf(wrong.field)?.label ?? wrong.field}” in step 3 cannot be used yet. ${wrong.message}`;
  if (usableExamples.value.length === 0) return 'Step 1 has no usable example yet.';
  if (experimentInTheWay()) return experimentInTheWay();
  return '';
}

/** The first button starts, pauses or goes on: always the same element, so that it keeps the focus. */
function RunButtons() {
  const group = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(group, 'button:enabled');
  const status = run.value?.status;
  const waiting = status === 'starting' || status === 'stopping';
  /** @type {MainButton} */
  const main = !isActive.value ? startButton()
    : status === 'paused' ? { icon: 'play', label: 'Continue', onClick: resumeRun }
      : { icon: 'pause', label: 'Pause', onClick: pauseRun, inactive: waiting || status === 'pausing' };
  const next = nextButton();
  return html`
    <div class="run-buttons" ref=${group} tabindex="-1">
      <${Button} kind=${next ? undefined : 'primary'} icon=${main.icon} class=${isActive.value ? '' : 'run-start'} disabled=${main.disabled} inactive=${main.inactive}
        aria-describedby="run-note" onClick=${main.onClick}>${main.label}<//>
      ${isActive.value && html`
        <${Button} icon="stop" inactive=${waiting} title="Ends the run and keeps the prompt it has reached" onClick=${stopRun}>Stop and keep<//>
        <${Button} kind="quiet" icon="close" inactive=${status === 'stopping'} title="Ends the run and throws its prompt away" onClick=${cancelRun}>Cancel<//>`}
      ${next}
      <p class="run-note" id="run-note">${runNote()}</p>
    </div>`;
}

/** @typedef {{icon: string, label: string, onClick: () => void, disabled?: boolean, inactive?: boolean}} MainButton */

/** @returns {MainButton} */
function startButton() {
  const label = !run.value ? 'Start fine-tuning' : changesSinceRun.value.length > 0 ? 'Start again with new settings' : 'Start again';
  return { icon: run.value ? 'restart' : 'play', label, onClick: () => void startRun(), disabled: obstacle() !== '' };
}

/** What most people do after a run: go on with one that was stopped, or try its prompt. */
function nextButton() {
  const now = run.value;
  if (!now?.last || isActive.value || !['finished', 'stopped'].includes(now.status)) return null;
  if (now.last.step < now.settings.steps && !now.stoppedEarly && now.state) {
    return html`<${Button} kind="primary" icon="play" disabled=${experimentInTheWay() !== ''} onClick=${() => goOn(0)}>Continue to step ${now.settings.steps}<//>`;
  }
  return trainedPrompts.value[now.settings.prefix_token] && html`<a class="button button-primary" href="#step-test">Try it in step 6</a>`;
}

function runNote() {
  const changes = changesSinceRun.value.join('; ');
  if (isActive.value) return changes && `This run goes on with the settings it was started with. Changed since: ${changes}.`;
  return obstacle() || (changes && `Changed since run ${run.value?.number}: ${changes}.`);
}

/** Goes on with a run; the button that was pressed goes, so the keyboard moves to the one that pauses. @param {number} more steps; 0 finishes the plan */
export function goOn(more) {
  void continueRun(more);
  if (isActive.value) requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector('.run-buttons button'))?.focus());
}

function Problems() {
  const failed = run.value?.status === 'failed' ? run.value : null;
  return html`
    ${startError.value && html`<${Notice} kind="error" onClose=${() => { startError.value = ''; }}>${startError.value}<//>`}
    ${failed && html`
      <${Notice} kind="error">
        <p>${failed.error}</p>
        ${failed.last && failed.state && html`
          <${Button} icon="play" onClick=${() => goOn(0)}>Continue from step ${failed.last.step}<//>`}
      <//>`}`;
}

/** @type {Record<Run['status'], string>} */
const STATUS = {
  idle: '', starting: 'Starting …', running: 'Training', pausing: 'Pausing …', paused: 'Paused', stopping: 'Stopping …',
  finished: 'Finished', stopped: 'Stopped', failed: 'Ended by an error',
};

/** @param {Run} now */
function statusText(now) {
  if (now.interrupted) return 'Interrupted';
  if (now.status === 'running' && now.waitingFor > 0) return `Waiting for ${plural(now.waitingFor, 'more worker')} …`;
  return STATUS[now.status];
}

function Numbers() {
  const now = run.value;
  if (!now) return html`<p class="run-idle">The loss, the speed and the time left will stand here.</p>`;
  const step = now.steps.at(-1)?.step ?? 0;
  const total = now.settings.steps;
  const window = now.steps.slice(-SPEED_WINDOW);
  const milliseconds = window.reduce((sum, report) => sum + report.milliseconds, 0);
  const tokens = window.reduce((sum, report) => sum + report.tokens, 0);
  const left = isActive.value && now.msPerStep > 0 ? ((total - step) * now.msPerStep) / 1000 : null;
  const heldOut = now.evaluations.at(-1);
  const kept = keptPrompt(now);
  return html`
    <div class="run-progress">
      <p class="run-status"><strong>${statusText(now)}</strong> <span class="run-name">run ${now.number}, ${nameOfRun(now.number)}, ${now.settings.prefix_token}${now.workers > 0 && `, ${plural(now.workers, 'worker')}`}</span></p>
      <${Progress} value=${step} max=${total} label="Training steps" />
      <dl class="run-numbers">
        <${Figure} name="Step" value=${formatNumber(step)} unit=${`of ${formatNumber(total)}`} />
        <${Figure} name="Training loss" value=${now.steps.length > 0 ? formatLoss(now.steps[now.steps.length - 1].loss) : '–'} />
        <${Figure} name="Held-out loss" value=${heldOut ? formatLoss(heldOut.heldOutLoss) : '–'} />
        <${Figure} name="Speed" value=${milliseconds > 0 ? formatNumber((tokens / milliseconds) * 1000) : '–'} unit="tokens/s" />
        <${Figure} name="Per step" value=${window.length > 0 ? formatValue(milliseconds / window.length) : '–'} unit="ms" />
        <${Figure} name="Time left" value=${left === null ? '–' : formatDuration(left)} />
      </dl>
      ${now.split.heldOut.length > MOST_HELD_OUT_ROWS && html`
        <p class="run-name">The held-out loss is measured on ${MOST_HELD_OUT_ROWS} of the ${formatNumber(now.split.heldOut.length)} held-out rows, evenly spread over the table.</p>`}
      <p class="visually-hidden" role="status">${statusText(now)}${!isActive.value && kept && kept.heldOutLoss !== null && `; held-out loss of the prompt that is kept: ${formatLoss(kept.heldOutLoss)}`}</p>
    </div>`;
}

/** @param {{name: string, value: string, unit?: string}} props */
const Figure = ({ name, value, unit }) => html`
  <div class="figure-number">
    <dt>${name}</dt>
    <dd>${value}${unit && html` <span class="figure-unit">${unit}</span>`}</dd>
  </div>`;
