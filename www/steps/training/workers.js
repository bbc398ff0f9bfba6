// @ts-check
/** How many workers share each step of a run: the choice, and what became of it. */
import { Field, Notice, html, plural } from '../../ui.js';
import { isActive, run, workers } from '../../run.js';
import { model, settings, usableExamples } from '../../state.js';
import { workersFor } from '../../workers.js';

export function WorkersField() {
  const room = model.value.info?.workers;
  const batch = Math.min(settings.value.batch_size, usableExamples.value.length);
  const most = Math.max(room?.most ?? 1, workers.value);
  return html`
    <${Field} label="Workers" class="run-workers"
      help=${isActive.value
        ? 'A change takes effect with the next run.'
        : 'How many threads of this device share each step, each with its own copy of the model. The same seed and number of workers give the same numbers.'}>
      <select value=${String(workers.value)}
        onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => { workers.value = Number(event.currentTarget.value); }}>
        <option value="0">Automatic${room ? ` (${workersFor(0, room, batch)})` : ''}</option>
        ${Array.from({ length: most }, (_, index) => html`<option key=${index} value=${String(index + 1)}>${index + 1}</option>`)}
      </select>
    <//>`;
}

/** One that has gone is said; it does not end the run. */
export function LostWorker() {
  const now = run.value;
  if (!now?.lostWorker) return null;
  return html`
    <${Notice} kind="warning">
      One of the workers that share the steps is gone. ${now.lostWorker} No step was lost: the run ${isActive.value ? 'goes' : 'went'} on with ${plural(now.workers, 'worker')}.
    <//>`;
}
