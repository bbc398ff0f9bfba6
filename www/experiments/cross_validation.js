// @ts-check
/** Cross-validation: every row is held out once, and asked about by a prompt that was trained on the others. */
import { engine } from '../engine.js';
import { effectiveSettings, examples as pageRows } from '../state.js';
import { workers } from '../run.js';
import { trainableRows } from '../run/trainable_rows.js';
import { effect, signal } from '../ui.js';
import { Experiment } from './experiment.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').FoldResult} FoldResult */
/** @typedef {import('../protocol.js').Settings} Settings */
/** @typedef {import('../protocol.js').Split} Split */
/** @typedef {{examples: Example[], settings: Settings, workers: number}} Context */

/** @type {Experiment<Split, Context, FoldResult>} */
export const crossValidation = new Experiment('cross-validation', async (fold, { jobs, context }, { own, onProgress }) => {
  const rows = (/** @type {number[]} */ indices) => indices.map((index) => context.examples[index]);
  // The rows that a fold is measured on must not choose when its training ends.
  const settings = { ...context.settings, early_stopping_patience: 0 };
  const result = await own(engine.request('trial', {
    train: rows(fold.train), heldOut: rows(fold.heldOut), settings, workers: context.workers, averages: false,
  }, ({ step, steps }) => onProgress(step / steps)));
  // A training that diverged has no loss: Rust leaves it out and says so.
  const losses = (/** @type {import('../protocol.js').LossReport|null} */ report) => fold.heldOut.map((_, index) => report?.examples[index]?.loss ?? NaN);
  return {
    fold: jobs.indexOf(fold), heldOut: fold.heldOut, baseLosses: losses(result.base), tunedLosses: losses(result.tuned),
    tokens: result.base?.examples.map(({ tokens }) => tokens) ?? [], bestStep: result.best?.step ?? null, trainedOn: fold.train.length,
  };
});

/** What Rust says of the folds that are done. */
export const foldSummary = signal(/** @type {import('../protocol.js').CrossValidation|null} */ (null));
let latest = 0;
effect(() => {
  const { results } = crossValidation.state.value;
  const asked = ++latest;
  if (results.length === 0) { foldSummary.value = null; return; }
  engine.request('summariseFolds', { folds: results }).then((summary) => { if (asked === latest) foldSummary.value = summary; }, () => {});
});

/** @param {number} folds 0: leave one out */
export async function crossValidate(folds) {
  const [rows, settings] = [pageRows.value, effectiveSettings.value];
  await crossValidation.begin(async () => {
    const examples = await trainableRows(rows, settings);
    const jobs = await engine.request('planFolds', { count: examples.length, folds: folds === 0 ? examples.length : folds, seed: settings.seed });
    return { jobs, context: { examples, settings, workers: workers.value } };
  });
}
