// @ts-check
/** The prompt that a run keeps, with its held-out loss: the mean of those near the lowest one (src/kept_prompt.rs). */
import { release } from './crash.js';
import { takeOut } from './soft_prompt.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').SoftPrompt} WasmSoftPrompt */
/** @typedef {import('../protocol.js').BestPrompt} BestPrompt */

/** Measures the held-out loss of a prompt; null where the run was stopped meanwhile.
 * @typedef {(prompt: WasmSoftPrompt) => Promise<number|null>} Measure */

export class Kept {
  /** @type {BestPrompt|null} null before the first finite held-out loss */ best = null;
  #mean;
  #averages;

  /** @param {Library} library @param {{averages: boolean}} choice false: the lowest alone, no mean is measured */
  constructor(library, { averages }) {
    this.#mean = library.KeptPrompt.new();
    this.#averages = averages;
  }

  /**
   * Measures the prompt of a step and takes it in. The mean stays as it was where the run was stopped meanwhile.
   * @param {number} step @param {WasmSoftPrompt} prompt @param {Measure} measure
   * @returns {Promise<{heldOutLoss: number, lowest: boolean}|null>} null where the run was stopped before it was measured
   */
  async offer(step, prompt, measure) {
    const heldOutLoss = await measure(prompt);
    if (heldOutLoss === null) return null;
    const standing = this.#mean.offer(step, heldOutLoss, prompt);
    if (standing === 'lowest') this.#keep(heldOutLoss);
    if (standing === 'near' && this.#averages) await this.#takeIn(step, prompt, measure);
    return { heldOutLoss, lowest: standing === 'lowest' };
  }

  free() {
    release(this.#mean);
  }

  /** @param {number} step @param {WasmSoftPrompt} prompt @param {Measure} measure */
  async #takeIn(step, prompt, measure) {
    const mean = /** @type {WasmSoftPrompt} */ (this.#mean.meanWith(prompt));
    try {
      const loss = await measure(mean);
      if (loss !== null && this.#mean.take(step, prompt, loss)) this.#keep(loss);
    } finally {
      release(mean);
    }
  }

  /** @param {number} heldOutLoss */
  #keep(heldOutLoss) {
    const [step, through] = this.#mean.steps();
    const softPrompt = takeOut(/** @type {WasmSoftPrompt} */ (this.#mean.softPrompt()));
    this.best = { step, through, averaged: this.#mean.count(), heldOutLoss, softPrompt };
  }
}
