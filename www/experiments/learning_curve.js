// @ts-check
/** A learning curve: the held-out loss after training on two, four, six ... of the rows, several times with others. */
import { engine } from '../engine.js';
import { effectiveSettings, examples as pageRows, model, testRows, usableExamples } from '../state.js';
import { workers } from '../run.js';
import { trainableRows } from '../run/trainable_rows.js';
import { readInquiry } from '../inquiry.js';
import { computed, effect, signal } from '../ui.js';
import { Experiment } from './experiment.js';

/** @typedef {import('../protocol.js').Draw} Draw */
/** @typedef {import('../protocol.js').DrawResult} DrawResult */
/** `test`: rows that are asked about in place of held-out ones; empty where some are held out.
 * @typedef {import('./cross_validation.js').Context & {test: import('../protocol.js').Example[]}} Context */

/** @type {Experiment<Draw, Context, DrawResult>} */
export const learningCurve = new Experiment('learning curve', async (draw, { context }, { own, onProgress }) => {
  const rows = (/** @type {number[]} */ indices) => indices.map((index) => context.examples[index]);
  const heldOut = context.test.length > 0 ? context.test : rows(draw.heldOut);
  // The largest training sets of all draws can be the same rows: another seed makes them other trainings.
  const settings = { ...context.settings, seed: (context.settings.seed + draw.draw) % 2 ** 32, eval_every: context.settings.steps };
  const { tuned } = await own(engine.request('trial', { train: rows(draw.train), heldOut, settings, workers: context.workers, averages: false },
    ({ step, steps }) => onProgress(step / steps)));
  return { draw: draw.draw, size: draw.size, train: draw.train, loss: tuned?.loss ?? NaN };
});

/** What Rust reads out of the trainings that are done. */
export const curveReading = signal(/** @type {import('../protocol.js').LearningCurve|null} */ (null));
let latest = 0;
effect(() => {
  const { results, plan } = learningCurve.state.value;
  const asked = ++latest;
  if (results.length === 0 || !plan) { curveReading.value = null; return; }
  engine.request('readLearningCurve', { results, seed: plan.context.settings.seed }).then((reading) => { if (asked === latest) curveReading.value = reading; }, () => {});
});

/** Test inquiries with a reference, which are as good as held-out rows. */
export const testExamples = () => testRows.value
  .map(({ question, reference }) => ({ input: readInquiry(question).text, output: reference.trim() }))
  .filter(({ input, output }) => input !== '' && output !== '');

/** How often each number of rows is drawn. */
export const draws = signal(3);

/** Trainings that a learning curve of the rows of the page would be; 0 until Rust has said so. */
export const plannedTrainings = signal(0);
let latestPlan = 0;
const rowsNow = computed(() => (model.value.status === 'ready' ? usableExamples.value.length : 0));
const ownTestRows = computed(() => testExamples().length >= 2);
effect(() => {
  const asked = ++latestPlan;
  plannedTrainings.value = 0;
  if (rowsNow.value < 2) return;
  engine.request('planDraws', { count: rowsNow.value, draws: draws.value, ownTestRows: ownTestRows.value, seed: 0 })
    .then((jobs) => { if (asked === latestPlan) plannedTrainings.value = jobs.length; }, () => {});
});

export async function measureLearningCurve() {
  const [rows, settings, test, times] = [pageRows.value, effectiveSettings.value, testExamples(), draws.value];
  const own = ownTestRows.value;
  await learningCurve.begin(async () => {
    const examples = await trainableRows(rows, settings);
    const jobs = await engine.request('planDraws', { count: examples.length, draws: times, ownTestRows: own, seed: settings.seed });
    return { jobs, context: { examples, settings, workers: workers.value, test: own ? test : [] } };
  });
}
