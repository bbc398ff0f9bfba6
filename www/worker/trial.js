// @ts-check
/**
 * One training of an experiment: some rows are trained on, others are asked about before and after. It has no pause, no
 * checkpoints and no sample answers; a trial that is cancelled is simply done again.
 */
import { workersFor } from '../workers.js';
import { release } from './crash.js';
import { lossOf } from './inference.js';
import { Kept } from './kept.js';
import { sharedStep } from './shared_step.js';
import { takeOut } from './soft_prompt.js';
import { TURN_EVERY_MS, settledWithin } from './task.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */
/** @typedef {import('../protocol.js').Requests} Requests */
/** @typedef {import('../protocol.js').TrialResult} TrialResult */
/** @typedef {import('./task.js').Task} Task */
/** @typedef {import('./team.js').Team} Team */

/**
 * @param {Library} library @param {Model} model @param {Team} team
 * @param {Requests['trial']['payload']} payload @param {Task} task
 * @returns {Promise<TrialResult>}
 */
export async function trial(library, model, team, { train, heldOut, settings, workers, averages }, task) {
  const tuner = library.Tuner.new(model, train, settings);
  const kept = new Kept(library, { averages });
  const effective = tuner.settings();
  try {
    const start = takeOut(tuner.softPrompt());
    const { virtualTokens, kind } = start;
    team.begin(workersFor(workers, team.room, Math.min(effective.batch_size, train.length)), train, { virtualTokens, kind }, () => {});
    const base = heldOut.length > 0 ? await lossOf(model, heldOut, undefined, undefined, task) : null;
    while (!(await settledWithin(team.prepared, TURN_EVERY_MS))) await task.turn();
    /** @type {TrialResult['curve']} */
    const curve = [];
    let milliseconds = 0;
    let withoutBetter = 0;
    let diverged = false;
    const evaluate = async (/** @type {number} */ step, /** @type {number|null} */ loss) => {
      let heldOutLoss = null;
      if (heldOut.length > 0 && (step % effective.eval_every === 0 || step === effective.steps)) {
        const prompt = tuner.softPrompt();
        try {
          const found = await kept.offer(step, prompt, async (measured) => (await lossOf(model, heldOut, measured, undefined, task)).loss);
          heldOutLoss = found?.heldOutLoss ?? null;
          withoutBetter = found?.lowest ? 0 : withoutBetter + 1;
        } finally {
          release(prompt);
        }
      }
      curve.push({ step, loss, heldOutLoss });
      task.emit({ step, steps: effective.steps, loss, heldOutLoss });
    };
    await evaluate(0, null);
    for (let step = 1; step <= effective.steps; step++) {
      const report = await sharedStep(tuner, team, async () => { await task.patientTurn(); return true; });
      if (report === null) break;
      milliseconds += report.milliseconds;
      diverged = !Number.isFinite(report.loss) || !Number.isFinite(report.gradNorm);
      if (diverged) break;
      await evaluate(step, report.loss);
      if (effective.early_stopping_patience > 0 && withoutBetter >= effective.early_stopping_patience) break;
    }
    const result = { curve, best: kept.best, trainedNumbers: tuner.trainedNumbers(), milliseconds, base, diverged, settings: effective };
    if (diverged) return { ...result, last: start, tuned: null };
    const prompt = tuner.softPrompt();
    try {
      const tuned = heldOut.length > 0 ? await lossOf(model, heldOut, prompt, undefined, task) : null;
      return { ...result, last: takeOut(tuner.softPrompt()), tuned };
    } finally {
      release(prompt);
    }
  } finally {
    team.rest();
    kept.free();
    release(tuner);
  }
}
