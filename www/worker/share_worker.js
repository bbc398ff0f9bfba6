// @ts-check
/** The lead worker's handle on one share worker: starts it, hands it work, and notices when it is lost. */
import { crashMessage } from './crash.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').ModelBlobs} ModelBlobs */
/** @typedef {import('../protocol.js').ShareGradient} ShareGradient */
/** @typedef {import('../protocol.js').ShareReply} ShareReply */
/** @typedef {import('../protocol.js').ShareRequest} ShareRequest */

/** Addresses of the scripts. @typedef {{share: string, library: string}} Scripts */

/** What a share worker is started with.
 * @typedef {object} Kit
 * @property {WebAssembly.Module} module   compiled once, by the lead worker
 * @property {Scripts|null} scripts        null: no share worker can be started here
 * @property {ModelBlobs} files
 * @property {number} loadMilliseconds     how long the lead worker took to read the model */

/** Work that was handed out and is not answered yet.
 * @typedef {{ticket: number, resolve: (gradient: ShareGradient|null) => void}} Handed */

/** Seconds of silence after which a worker is lost. @typedef {() => number} Patience */

const SECOND_MS = 1000;
const NOT_STARTED = 'The browser did not start it.';
const SILENT = 'It no longer answered.';

export class ShareWorker {
  /** @type {Worker|null} null once it is lost */ #worker = null;
  /** @type {Handed|null} */ #handed = null;
  #lastTicket = 0;
  /** While work is handed out: looks for a sign of life every second. */ #watch = 0;
  /** Looks since the last sign of life. */ #silentSeconds = 0;
  /** @type {(reason: string) => void} */ #onLost;
  #answered = false;

  /** @param {Kit} kit @param {(reason: string) => void} onLost is called once; `reason` is a sentence */
  constructor(kit, onLost) {
    this.#onLost = onLost;
    if (!kit.scripts) throw new Error('There are no scripts to start a worker with.'); // size is 1 then, see workers.js
    const worker = new Worker(kit.scripts.share, { type: 'module', name: 'prompt-playground-share' });
    worker.onmessage = (message) => this.#receive(message.data);
    worker.onerror = (event) => {
      event.preventDefault(); // it would count as a crash of the lead worker
      this.end(this.#answered ? `It stopped unexpectedly${event.message ? ` (${event.message})` : ''}.` : NOT_STARTED);
    };
    this.#worker = worker;
    this.#post({ type: 'start', module: kit.module, library: kit.scripts.library, files: kit.files });
  }

  /**
   * Resolves when it has read the model and the examples, or is lost.
   * @param {Example[]} examples
   * @param {number} virtualTokens
   * @param {Patience} patience
   * @returns {Promise<unknown>}
   */
  prepare(examples, virtualTokens, patience) {
    return this.#hand(patience, (ticket) => ({ type: 'prepare', ticket, examples, virtualTokens }));
  }

  /**
   * @param {Uint32Array} share indices into the examples
   * @param {Float32Array} softRows
   * @param {number} targets response tokens of the whole batch
   * @param {Patience} patience
   * @returns {Promise<ShareGradient|null>} null when it is lost, or the share was dropped
   */
  compute(share, softRows, targets, patience) {
    return this.#hand(patience, (ticket) => ({ type: 'compute', ticket, share, softRows, targets }));
  }

  /** What was handed out is no longer wanted. */
  drop() {
    if (!this.#handed) return;
    this.#post({ type: 'drop' });
    this.#settle(null);
  }

  /** Ends it. @param {string} reason */
  end(reason) {
    if (!this.#worker) return;
    this.#worker.terminate();
    this.#worker = null;
    this.#onLost(reason);
    this.#settle(null);
  }

  /**
   * @param {Patience} patience
   * @param {(ticket: number) => ShareRequest} request
   * @returns {Promise<ShareGradient|null>}
   */
  #hand(patience, request) {
    const ticket = ++this.#lastTicket;
    return new Promise((resolve) => {
      if (!this.#worker) return resolve(null);
      this.#settle(null);
      this.#handed = { ticket, resolve };
      this.#silentSeconds = 0;
      this.#watch = self.setInterval(() => this.#look(patience), SECOND_MS);
      this.#post(request(ticket));
    });
  }

  /** Counts looks, not time: a computer that was asleep is no silence. @param {Patience} patience */
  #look(patience) {
    if (++this.#silentSeconds > patience()) this.end(this.#answered ? SILENT : NOT_STARTED);
    else this.#post({ type: 'ping' });
  }

  /** @param {ShareReply} reply */
  #receive(reply) {
    this.#answered = true;
    this.#silentSeconds = 0;
    if (reply.reply === 'alive') return;
    if (reply.reply === 'failed') return this.end(crashMessage(new Error(reply.message), reply.panic));
    if (reply.ticket === this.#handed?.ticket) this.#settle(reply.reply === 'gradient' ? reply.gradient : null);
  }

  /** @param {ShareGradient|null} gradient */
  #settle(gradient) {
    clearInterval(this.#watch);
    this.#handed?.resolve(gradient);
    this.#handed = null;
  }

  /** @param {ShareRequest} request */
  #post(request) {
    this.#worker?.postMessage(request);
  }
}
