// @ts-check
/** PEFT adapters, out and in; the formats are read and written in Rust. */
import { release } from './crash.js';
import { putIn, takeOut } from './soft_prompt.js';

/** @typedef {import('../protocol.js').Requests} Requests */
/** @typedef {import('../protocol.js').SoftPrompt} SoftPrompt */
/** @typedef {import('../protocol.js').AboutPrompt} AboutPrompt */
/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */

/**
 * @param {Library} library @param {Model} model @param {SoftPrompt} softPrompt @param {AboutPrompt} about
 * @returns {Requests['exportAdapter']['result']}
 */
export function exportAdapter(library, model, softPrompt, about) {
  const rows = putIn(library, model, softPrompt);
  try {
    const adapter = rows.toPeft(model, about);
    const text = new TextEncoder();
    const files = [
      { name: 'adapter_config.json', bytes: text.encode(adapter.config) },
      { name: 'adapter_model.safetensors', bytes: adapter.weights },
      { name: 'README.md', bytes: text.encode(adapter.readme) },
    ];
    release(adapter);
    return files;
  } finally {
    release(rows);
  }
}

/**
 * @param {Library} library @param {Model} model @param {Uint8Array} config @param {Uint8Array} weights
 * @returns {Requests['importAdapter']['result']}
 */
export function importAdapter(library, model, config, weights) {
  const adapter = library.SoftPrompt.fromPeft(model, config, weights);
  const found = {
    softPrompt: takeOut(adapter.softPrompt()),
    baseModel: adapter.baseModel(),
    initText: adapter.initText(),
  };
  release(adapter);
  return found;
}
