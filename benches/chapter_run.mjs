// @ts-check
/**
 * The run that every row measures: all ten examples of the chapter in one batch, 20 virtual tokens that start as the
 * objective's text, nothing held out, a constant learning rate. Used in the browser.
 */
import { DEFAULT_SETTINGS } from '../www/protocol.js';

/** @typedef {import('../www/protocol.js').Settings} Settings */
/** @typedef {import('../www/protocol.js').Example} Example */
/** @typedef {{objective: string, examples: Example[]}} Case */

const CASE_FILE = new URL('../tests/fixtures/smarthome.json', import.meta.url);

/** @returns {Promise<Case>} */
export async function readCase() {
  return (await fetchOk(CASE_FILE)).json();
}

/** @param {Case} chapter @param {number} steps @returns {Settings} */
export function fullBatch(chapter, steps) {
  return {
    ...DEFAULT_SETTINGS,
    num_virtual_tokens: 20,
    prompt_tuning_init: 'TEXT',
    prompt_tuning_init_text: chapter.objective,
    batch_size: chapter.examples.length,
    held_out_share: 0,
    warmup_ratio: 0,
    lr_scheduler_type: 'constant',
    steps,
  };
}

/** @param {URL|string} url @returns {Promise<Response>} a response that is there */
export async function fetchOk(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}
