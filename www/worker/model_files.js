// @ts-check
/** Fetches the files of a model, byte by byte under the person's eyes, or says which file is the problem. */

/** @typedef {(progress: {loaded: number, total: number}) => void} OnProgress */
/** @typedef {{config: Uint8Array, tokenizer: Uint8Array, weights: Uint8Array, tokenizerConfig: Uint8Array|undefined}} ModelFiles */

/** A model file that could not be had; its message is a sentence for the person. */
export class ModelFileError extends Error {
  kind = /** @type {const} */ ('model');
}

/** A download that brings no byte for this long is given up. */
const STALLED_AFTER_MS = 30_000;

/**
 * The four files of a Hugging Face folder, fetched side by side; `tokenizer_config.json` may be missing.
 * @param {string} folder absolute URL that ends with a slash
 * @param {OnProgress} onProgress bytes over all files
 * @param {AbortSignal} signal
 * @returns {Promise<ModelFiles>}
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
    onProgress({ loaded, total });
  };
  const file = (/** @type {string} */ name) => fetchFile(new URL(name, folder).href, report(name), signal);
  const [config, tokenizer, weights, tokenizerConfig] = await Promise.all([
    file('config.json'),
    file('tokenizer.json'),
    file('model.safetensors'),
    file('tokenizer_config.json').catch((error) => {
      if (error instanceof MissingFile) return undefined;
      throw error;
    }),
  ]);
  return { config, tokenizer, weights, tokenizerConfig };
}

class MissingFile extends ModelFileError {}

/**
 * @param {string} url
 * @param {OnProgress} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Uint8Array>}
 */
async function fetchFile(url, onProgress, signal) {
  const name = url.slice(url.lastIndexOf('/') + 1);
  const giveUp = new AbortController();
  const cancel = () => giveUp.abort();
  signal.addEventListener('abort', cancel);
  let stalled = false;
  let timer = 0;
  const alive = () => {
    clearTimeout(timer);
    timer = self.setTimeout(() => {
      stalled = true;
      giveUp.abort();
    }, STALLED_AFTER_MS);
  };
  alive();
  let loaded = 0;
  let total = 0;
  try {
    const response = await fetch(url, { signal: giveUp.signal });
    alive();
    if (response.status === 404) {
      throw new MissingFile(`The model file ${name} is missing: ${url} answered 404. Put the file there and load again.`);
    }
    if (!response.ok || !response.body) {
      throw new ModelFileError(`The model file ${name} could not be fetched: ${url} answered ${response.status}. Try again in a moment.`);
    }
    const encoded = response.headers.get('content-encoding');
    total = encoded ? 0 : Number(response.headers.get('content-length')) || 0;
    const bytes = new GrowingBytes(total);
    const reader = response.body.getReader();
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      alive();
      bytes.push(chunk.value);
      loaded = bytes.length;
      onProgress({ loaded, total });
    }
    if (loaded < total) throw new ModelFileError(brokeOff(name, loaded, total));
    return bytes.take();
  } catch (error) {
    if (error instanceof ModelFileError || signal.aborted) throw error;
    if (stalled) {
      throw new ModelFileError(`The download of ${name} has stalled: nothing arrived for ${STALLED_AFTER_MS / 1000} s. Check the connection and load again.`);
    }
    if (error instanceof RangeError) throw error;
    throw new ModelFileError(
      loaded > 0
        ? brokeOff(name, loaded, total)
        : `The model file ${name} could not be fetched from ${url}. Check the connection and load again.`,
    );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}

/** @param {string} name @param {number} loaded @param {number} total bytes, 0 if unknown */
function brokeOff(name, loaded, total) {
  const of = total > 0 ? ` of ${total.toLocaleString('en')}` : '';
  return `The download of ${name} broke off after ${loaded.toLocaleString('en')}${of} bytes. Check the connection and load again.`;
}

/** Bytes that arrive in chunks: one buffer when the size is known, else joined at the end. */
class GrowingBytes {
  /** @type {Uint8Array[]} */ #chunks = [];
  length = 0;

  /** @param {number} expected bytes, 0 if unknown */
  constructor(expected) {
    this.buffer = new Uint8Array(expected);
  }

  /** @param {Uint8Array} chunk */
  push(chunk) {
    if (this.#chunks.length === 0 && this.length + chunk.length <= this.buffer.length) this.buffer.set(chunk, this.length);
    else this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** @returns {Uint8Array} */
  take() {
    if (this.#chunks.length === 0) return this.buffer.subarray(0, this.length);
    const all = new Uint8Array(this.length);
    let at = this.length - this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    all.set(this.buffer.subarray(0, at));
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}
