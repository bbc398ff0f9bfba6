// @ts-check
/** Fetches the two files of a PEFT adapter from its repository on the hub. */
import { MissingFile, ModelFileError } from './byte_stream.js';
import { checkHubAnswer, collect } from './hub.js';

/** The largest possible adapter has 256 virtual tokens of 16,384 numbers: 17 MB. */
const LARGEST = 64e6;
const [CONFIG, WEIGHTS] = ['adapter_config.json', 'adapter_model.safetensors'];

/**
 * @param {{base: string, repository: string, revision: string}} source
 * @param {AbortSignal} signal
 * @returns {Promise<{config: Uint8Array, weights: Uint8Array}>}
 */
export async function fetchAdapter({ base, repository, revision }, signal) {
  const root = base.replace(/\/+$/, '');
  const file = async (/** @type {string} */ name) => {
    const pieces = await collect(`${root}/${repository}/resolve/${encodeURIComponent(revision || 'main')}/${name}`, {
      name, most: LARGEST, signal, check: (response) => checkHubAnswer(response, root, repository, name),
    });
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  };
  try {
    const config = await file(CONFIG);
    return { config, weights: await file(WEIGHTS) };
  } catch (error) {
    if (!(error instanceof MissingFile)) throw error;
    throw new ModelFileError(`${repository} is not a soft prompt that can be opened: it has no ${CONFIG}, or its weights are not in ${WEIGHTS}. An older adapter_model.bin is a pickle, which is not opened: save it again with save_pretrained.`);
  }
}
