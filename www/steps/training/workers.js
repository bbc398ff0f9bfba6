// @ts-check
/** How many workers share each step of a run: the choice, and what became of it. */
import { Field, Notice, html, plural } from '../../ui.js';
import { isActive, run, workers } from '../../run.js';
import { model, settings, trainingRows } from '../../state.js';
import { workersFor } from '../../workers.js';

export function WorkersField() {
  const room = model.value.info?.workers;
  const rows = trainingRows.value;
  const batch = rows === null ? null : Math.min(settings.value.batch_size, rows);
  const most = Math.max(room?.most ?? 1, workers.value);
  return html`
    <${Field} label="Workers" class="run-workers" help=${helpFor(batch)}>
      <select value=${String(workers.value)}
        onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => { workers.value = Number(event.currentTarget.value); }}>
        <option value="0">Automatic${room && batch !== null ? ` (${workersFor(0, room, batch)})` : ''}</option>
        ${Array.from({ length: most }, (_, index) => html`<option key=${index} value=${String(index + 1)}>${index + 1}</option>`)}
      </select>
    <//>`;
}

/** What is to be known of the choice as it is now. @param {number|null} batch examples in a step, null while unknown */
function helpFor(batch) {
  const sentences = isActive.value
    ? ['A change takes effect with the next run.']
    : [
        'How many threads of this device share each step, each with its own copy of the model.',
        'The same seed and number of workers give the same numbers.',
      ];
  if (batch !== null && batch > 0 && workers.value > batch) {
    sentences.push(`A step has ${plural(batch, 'example')}, so ${batch === 1 ? 'one worker does' : `only ${batch} of the ${workers.value} workers share`} it.`);
  }
  const now = run.value;
  if (!isActive.value && now?.state && now.workers > 0 && workers.value > 0 && workers.value !== now.workers) {
    sentences.push(`If run ${now.number} goes on, it keeps its ${plural(now.workers, 'worker')}.`);
  }
  return sentences.join(' ');
}

/** Those that have gone are said; they do not end the run. */
export function LostWorker() {
  const now = run.value;
  if (!now || now.lostWorkers.length === 0) return null;
  const count = now.lostWorkers.length;
  const reasons = [...new Set(now.lostWorkers)].join(' ');
  return html`
    <${Notice} kind="warning">
      ${count === 1 ? 'One of the workers that share the steps is gone.' : `${count} of the workers that share the steps are gone.`} ${reasons} No step was lost: the run ${isActive.value ? 'goes' : 'went'} on with ${plural(now.workers, 'worker')}.
    <//>`;
}
