// @ts-check
/** Fetches the two files of a PEFT adapter from its repository on the hub. */
import { CONFIG, LARGEST_WEIGHTS, PICKLE, WEIGHTS } from '../adapter_files.js';
import { collect, MissingFile, ModelFileError } from './byte_stream.js';
import { checkHubAnswer } from './hub.js';

/**
 * @param {{base: string, repository: string, revision: string}} source
 * @param {AbortSignal} signal
 * @returns {Promise<{config: Uint8Array, weights: Uint8Array}>}
 */
export async function fetchAdapter({ base, repository, revision }, signal) {
  const root = base.replace(/\/+$/, '');
  const file = (/** @type {string} */ name) => collect(`${root}/${repository}/resolve/${encodeURIComponent(revision || 'main')}/${name}`, {
    name, most: LARGEST_WEIGHTS, signal, check: (response) => checkHubAnswer(response, root, repository, name),
  });
  try {
    const config = await file(CONFIG);
    return { config, weights: await file(WEIGHTS) };
  } catch (error) {
    if (!(error instanceof MissingFile)) throw error;
    throw new ModelFileError(`${repository} is not a soft prompt that can be opened: it has no ${CONFIG}, or its weights are not in ${WEIGHTS}. An older ${PICKLE} is a pickle, which is not opened: save it again with save_pretrained.`);
  }
}
