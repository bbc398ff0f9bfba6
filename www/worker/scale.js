// @ts-check
/** What a run with the page's rows and settings would do first: its rows, its batches, and where its prompt starts. */
import { exportAdapter } from './adapters.js';
import { release } from './crash.js';
import { putIn, takeOut } from './soft_prompt.js';

/** @typedef {import('../protocol.js').Requests} Requests */
/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */

/**
 * @param {Library} library @param {Model} model @param {Requests['planRun']['payload']} payload
 * @returns {Requests['planRun']['result']}
 */
export function planRun(library, model, { examples, settings, startFrom, about }) {
  const split = library.splitDataset(examples.length, settings.held_out_share, settings.seed);
  const rows = split.train.map((index) => examples[index]);
  const prompt = startFrom ? putIn(library, model, startFrom) : null;
  const tuner = prompt ? library.Tuner.fromPrompt(model, rows, settings, prompt) : library.Tuner.new(model, rows, settings);
  try {
    const softPrompt = takeOut(tuner.softPrompt());
    const batches = tuner.plannedBatches(settings.steps).map((/** @type {Uint32Array} */ batch) => [...batch]);
    const encoder = tuner.saveEncoder();
    // the settings as the run has them: one that goes on from a prompt needs no text to start from
    const settingsOfRun = tuner.settings();
    const start = [...exportAdapter(library, model, softPrompt, { ...about, settings: settingsOfRun }), ...(encoder ? [{ name: 'encoder.safetensors', bytes: encoder }] : [])];
    return { split, batches, start, settings: settingsOfRun };
  } finally {
    release(tuner);
    if (prompt) release(prompt);
  }
}
