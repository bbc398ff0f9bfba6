// @ts-check
/** Reads what an address answers, piece by piece under the person's eyes, or says in a sentence what went wrong. */

/** A model file that could not be had; its message is a sentence for the person. */
export class ModelFileError extends Error {
  kind = /** @type {const} */ ('model');
}

/** The server has answered, but not with the file. */
export class ServerError extends ModelFileError {}

/** The address answers 404. */
export class MissingFile extends ServerError {}

/** A download that brings no byte for this long is given up. */
const STALLED_AFTER_MS = 30_000;

/** @typedef {object} Reading
 * @property {string} name                                    of the file, for the sentences
 * @property {number} [from]                                  first byte that is wanted
 * @property {AbortSignal} signal
 * @property {(response: Response) => void} [check]           throws where the answer is not the file
 * @property {(start: {from: number, total: number}) => void} [onStart]
 *   the first byte that comes (0 where the server sends the whole file anew), and the file's size; 0 if unknown
 * @property {(piece: Uint8Array) => boolean|void} onPiece    true: that was enough, nothing more is read */

/**
 * @param {string} url
 * @param {Reading} reading
 */
export async function readBytes(url, { name, from = 0, signal, check = checkStatus, onStart, onPiece }) {
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
  let [loaded, total] = [from, 0];
  /** An error of `check`, `onStart` or `onPiece`: it is not the network's. @type {unknown} */
  let inside = null;
  /** @template T @param {() => T} act */
  const own = (act) => {
    try {
      return act();
    } catch (error) {
      inside = error;
      throw error;
    }
  };
  try {
    signal.throwIfAborted();
    alive();
    const response = await fetch(url, { signal: giveUp.signal, headers: from > 0 ? { Range: `bytes=${from}-` } : {} });
    alive();
    own(() => check(response));
    loaded = response.status === 206 ? from : 0;
    total = sizeOf(response, loaded);
    own(() => onStart?.({ from: loaded, total }));
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      alive();
      loaded += piece.value.length;
      const { value } = piece;
      if (own(() => onPiece(value))) return;
    }
    if (loaded < total) throw new ModelFileError(brokeOff(name, loaded, total));
  } catch (error) {
    if (error === inside || error instanceof ModelFileError || signal.aborted || error instanceof RangeError) throw error;
    if (stalled) {
      throw new ModelFileError(`The download of ${name} has stalled: nothing arrived for ${STALLED_AFTER_MS / 1000} s. Check the connection and load again.`);
    }
    throw new ModelFileError(
      loaded > from
        ? brokeOff(name, loaded, total)
        : `The model file ${name} could not be fetched from ${url}. Check the connection and load again.`,
    );
  } finally {
    giveUp.abort(); // after an error of the page's own the connection would stay open
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}

/**
 * The bytes of a file, or as many as were asked for.
 * @param {string} url
 * @param {Omit<Reading, 'from'|'onStart'|'onPiece'> & {most?: number, enough?: number}} reading
 *   `most`: a larger file is refused; `enough`: no more is read than comes with so many bytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function collect(url, { most = Infinity, enough = Infinity, ...reading }) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const pieces = [];
  let came = 0;
  await readBytes(url, {
    ...reading,
    onPiece: (piece) => {
      came += piece.length;
      if (came > most) throw new ServerError(`${reading.name} has more than ${most / 1e6} MB, far more than expected. Choose another repository.`);
      pieces.push(/** @type {Uint8Array<ArrayBuffer>} */ (piece));
      return came >= enough;
    },
  });
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** @param {Response} response */
function checkStatus(response) {
  const name = response.url.slice(response.url.lastIndexOf('/') + 1);
  if (response.status === 404) {
    throw new MissingFile(`The model file ${name} is missing: ${response.url} answered 404. Put the file there and load again.`);
  }
  if (!response.ok || !response.body) {
    throw new ModelFileError(`The model file ${name} could not be fetched: ${response.url} answered ${response.status}. Try again in a moment.`);
  }
}

/** Size of the whole file, 0 if unknown. @param {Response} response @param {number} from */
function sizeOf(response, from) {
  if (response.headers.get('content-encoding')) return 0;
  const length = Number(response.headers.get('content-length')) || 0;
  return length > 0 ? from + length : 0;
}

/** @param {string} name @param {number} loaded @param {number} total bytes, 0 if unknown */
function brokeOff(name, loaded, total) {
  const of = total > 0 ? ` of ${total.toLocaleString('en')}` : '';
  return `The download of ${name} broke off after ${loaded.toLocaleString('en')}${of} bytes. Check the connection and load again.`;
}
