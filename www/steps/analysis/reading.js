// @ts-check
/** The curves in plain words: Rust reads them (`readCurve`), this shows what it says. */
import { engine } from '../../engine.js';
import { isActive, run } from '../../run.js';
import { nameOfRun } from '../../run/names.js';
import { measuredHeldOut } from '../../limits.js';
import { computed, debounce, effect, html, plural, signal } from '../../ui.js';
import { itsRun } from './inside/choices.js';

/** @typedef {import('../../run/record.js').Run} Run */
/** @typedef {import('../../protocol.js').CurveReading} CurveReading */

/** The run under way; else the one that made the prompt in use, as far as it is known. */
const about = computed(() => (isActive.value ? run.value : itsRun.value ?? run.value));

const reading = signal(/** @type {CurveReading|null} */ (null));
const WAIT_MS = 300;

/** What Rust reads in the curves of a run. @param {Run} of @returns {Promise<CurveReading>} */
export function readingOf(of) {
  const heldOut = new Map(of.evaluations.map((point) => [point.step, point.heldOutLoss]));
  const losses = new Map(of.steps.map((report) => [report.step, report.loss]));
  const steps = [...new Set([...heldOut.keys(), ...losses.keys()])].sort((a, b) => a - b);
  return engine.request('readCurve', { curve: steps.map((step) => ({ step, loss: losses.get(step) ?? null, heldOutLoss: heldOut.get(step) ?? null })) });
}

const read = debounce(async (/** @type {Run} */ now) => {
  const isGone = () => about.peek()?.asked !== now.asked;
  if (isGone()) return;
  const said = await readingOf(now).catch(() => null);
  if (!isGone()) reading.value = said;
}, WAIT_MS);

let seen = '';
effect(() => {
  const now = about.value;
  if (!now || now.steps.length === 0) {
    reading.value = null;
    seen = '';
    return;
  }
  const key = `${now.number} ${now.evaluations.length || now.steps.length} ${now.status}`;
  if (key === seen) return;
  seen = key;
  read(now);
});

/** @type {Record<CurveReading['verdict'], string>} */
const VERDICTS = {
  too_short: 'Too short to tell', still_falling: 'Still falling', converged: 'Converged', overfitting: 'Overfitting', diverged: 'Diverged',
};

export function Reading() {
  const now = reading.value;
  const of = about.value;
  return html`
    <section class="part" aria-labelledby="reading-title">
      <h3 class="part-title" id="reading-title">More steps, or more examples?</h3>
      ${now && of
        ? html`
          <p class="hint">Run ${of.number}, ${nameOfRun(of.number)}, ${of.settings.prefix_token}</p>
          <div class=${`reading reading-${now.verdict}`}>
            <p class="reading-verdict">${VERDICTS[now.verdict]}</p>
            <div class="reading-words">
              <p>${now.sentence}</p>
              <p>${now.advice}</p>
            </div>
          </div>
          ${of.evaluations.length > 0 && html`<p class="part-caution">The held-out loss comes from ${plural(measuredHeldOut(of.split.heldOut.length), 'example')}${of.split.heldOut.length < 10 ? ', so small ups and downs are chance' : ''}. Another seed in step 3 holds out others, and changes the order of the batches too; see whether the reading stays the same.</p>`}`
        : html`<p class="hint">A reading of the curves stands here after a run in step 5.</p>`}
    </section>`;
}
