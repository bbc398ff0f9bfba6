// @ts-check
/**
 * One training of an experiment: some rows are trained on, others are asked about before and after. It has no pause, no
 * checkpoints and no sample answers; a trial that is cancelled is simply done again.
 */
import { workersFor } from '../workers.js';
import { release } from './crash.js';
import { lossOf } from './inference.js';
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
export async function trial(library, model, team, { train, heldOut, settings, workers }, task) {
  const tuner = library.Tuner.new(model, train, settings);
  const effective = /** @type {import('../protocol.js').Settings} */ (tuner.settings());
  try {
    const { virtualTokens, kind } = takeOut(tuner.softPrompt());
    team.begin(workersFor(workers, team.room, Math.min(effective.batch_size, train.length)), train, { virtualTokens, kind }, () => {});
    const base = heldOut.length > 0 ? await lossOf(model, heldOut, undefined, undefined, task) : null;
    while (!(await settledWithin(team.prepared, TURN_EVERY_MS))) await task.turn();
    /** @type {TrialResult['curve']} */
    const curve = [];
    /** @type {TrialResult['best']} */
    let best = null;
    let milliseconds = 0;
    const evaluate = async (/** @type {number} */ step, /** @type {number|null} */ loss) => {
      let heldOutLoss = null;
      if (heldOut.length > 0 && (step % effective.eval_every === 0 || step === effective.steps)) {
        const prompt = tuner.softPrompt();
        try {
          heldOutLoss = (await lossOf(model, heldOut, prompt, undefined, task)).loss;
        } finally {
          release(prompt);
        }
        if (Number.isFinite(heldOutLoss) && (best === null || heldOutLoss < best.heldOutLoss)) {
          best = { step, heldOutLoss, softPrompt: takeOut(tuner.softPrompt()) };
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
      if (!Number.isFinite(report.loss)) throw Object.assign(new Error(DIVERGED), { kind: 'input' });
      await evaluate(step, report.loss);
    }
    const prompt = tuner.softPrompt();
    try {
      const tuned = heldOut.length > 0 ? await lossOf(model, heldOut, prompt, undefined, task) : null;
      return { curve, best, last: takeOut(tuner.softPrompt()), trainedNumbers: tuner.trainedNumbers(), milliseconds, base, tuned, settings: effective };
    } finally {
      release(prompt);
    }
  } finally {
    team.rest();
    release(tuner);
  }
}

const DIVERGED = 'The training diverged: the loss is no longer a number. Lower the learning rate in step 3, and start the comparison again.';
