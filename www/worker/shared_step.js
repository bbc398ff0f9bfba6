// @ts-check
/**
 * One training step over the team: every worker computes the gradient of its share of the batch at the same soft
 * prompt, the lead worker adds the shares up in their order and updates the soft prompt.
 *
 * The share of a worker that is lost is computed by the lead worker, so no step is lost.
 */
import { release } from './crash.js';
import { TURN_EVERY_MS, settledWithin } from './task.js';

/** @typedef {import('../pkg/prompt_playground.js').Tuner} Tuner */
/** @typedef {import('../protocol.js').StepReport} StepReport */
/** @typedef {import('../protocol.js').ShareGradient} ShareGradient */
/** @typedef {import('./team.js').Team} Team */

/** Lets messages in; false when one of them has stopped the run. @typedef {() => Promise<boolean>} Turn */

/**
 * @param {Tuner} tuner
 * @param {Team} team
 * @param {Turn} turn
 * @returns {Promise<StepReport|null>} null where it was stopped: nothing has changed then, and the run must `rest` the
 *   team so that the shares under way are dropped
 */
export async function sharedStep(tuner, team, turn) {
  const shares = tuner.shares(team.size);
  const handed = hand(shares.slice(1), tuner, team);
  if (!(await compute(tuner, team, 0, turn))) return null;
  let waited = 0;
  for (const [index, promise] of handed.entries()) {
    const wait = await gradientOf(promise, turn);
    if (wait === null) return null;
    waited += wait.milliseconds;
    if (wait.gradient) tuner.setShare(index + 1, wait.gradient);
    else if (!(await compute(tuner, team, index + 1, turn))) return null;
  }
  return tuner.finishStep(waited);
}

/**
 * Sends the others their shares.
 * @param {Uint32Array[]} shares
 * @param {Tuner} tuner
 * @param {Team} team
 * @returns {Promise<ShareGradient|null>[]}
 */
function hand(shares, tuner, team) {
  if (shares.length === 0) return [];
  const softPrompt = tuner.softPrompt();
  try {
    return team.hand(shares, softPrompt.vectors(), tuner.targets());
  } finally {
    release(softPrompt);
  }
}

/**
 * The lead worker's own work on a share, block by block.
 * @param {Tuner} tuner
 * @param {Team} team
 * @param {number} share
 * @param {Turn} turn
 * @returns {Promise<boolean>} false where it was stopped
 */
async function compute(tuner, team, share, turn) {
  for (;;) {
    const start = performance.now();
    const more = tuner.advanceShare(share);
    team.blockTook(performance.now() - start);
    if (!more) return true;
    if (!(await turn())) return false;
  }
}

/**
 * Waits for the gradient of another worker.
 * @param {Promise<ShareGradient|null>} promise
 * @param {Turn} turn
 * @returns {Promise<{gradient: ShareGradient|null, milliseconds: number}|null>} null where the run was stopped;
 *   `gradient` null where the worker was lost; `milliseconds` without pauses
 */
async function gradientOf(promise, turn) {
  let milliseconds = 0;
  for (;;) {
    const start = performance.now();
    const settled = await settledWithin(promise, TURN_EVERY_MS);
    milliseconds += performance.now() - start;
    if (settled) return { gradient: await promise, milliseconds };
    if (!(await turn())) return null;
  }
}
