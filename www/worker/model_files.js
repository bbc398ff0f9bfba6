// @ts-check
/** Fetches the files of a model that lie in one folder of a server: the bundled model. */
import { MissingFile, readBytes } from './byte_stream.js';

/** @typedef {(progress: {loaded: number, total: number}) => void} OnProgress */
/** @typedef {Extract<import('../protocol.js').ModelBlobs, {config: Blob}>} FolderBlobs */

/** The bundled model's weights in eight bits: those of `model.safetensors`, which is for PEFT, at half the bytes. */
const WEIGHTS = 'model.q8.safetensors';

/**
 * The four files that the page reads of the bundled model's folder, fetched side by side; `tokenizer_config.json` may be missing.
 * @param {string} folder absolute URL that ends with a slash
 * @param {OnProgress} onProgress bytes over all files
 * @param {AbortSignal} signal
 * @returns {Promise<FolderBlobs>}
 */
export async function fetchFolder(folder, onProgress, signal) {
  const progress = new Map();
  const report = (/** @type {string} */ name) => (/** @type {{loaded: number, total: number}} */ state) => {
    progress.set(name, state);
    let loaded = 0;
    let total = 0;
    for (const file of progress.values()) {
      loaded += file.loaded;
      total += Math.max(file.total, file.loaded);
    }
    onProgress({ loaded, total: progress.has(WEIGHTS) ? total : 0 }); // without the weights nobody knows how much it is
  };
  const file = (/** @type {string} */ name) => fetchFile(name, new URL(name, folder).href, report(name), signal);
  const [config, tokenizer, weights, tokenizerConfig] = await Promise.all([
    file('config.json'),
    file('tokenizer.json'),
    file(WEIGHTS),
    file('tokenizer_config.json').catch((error) => {
      if (error instanceof MissingFile) return null;
      throw error;
    }),
  ]);
  return { config, tokenizer, weights: [weights], tokenizerConfig };
}

/**
 * @param {string} name
 * @param {string} url
 * @param {OnProgress} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Blob>}
 */
async function fetchFile(name, url, onProgress, signal) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const pieces = [];
  let [loaded, total] = [0, 0];
  await readBytes(url, {
    name,
    signal,
    onStart: (start) => { total = start.total; },
    onPiece: (piece) => {
      pieces.push(/** @type {Uint8Array<ArrayBuffer>} */ (piece));
      loaded += piece.length;
      onProgress({ loaded, total });
    },
  });
  return new Blob(pieces);
}
