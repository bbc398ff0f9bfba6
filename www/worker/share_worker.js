// @ts-check
/** The lead worker's handle on one share worker: starts it, hands it work, and notices when it is lost. */
import { crashMessage } from './crash.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').ModelBlobs} ModelBlobs */
/** @typedef {import('../protocol.js').ShareGradient} ShareGradient */
/** @typedef {import('../protocol.js').ShareReply} ShareReply */
/** @typedef {import('../protocol.js').ShareRequest} ShareRequest */

/** @typedef {import('./share_scripts.js').Scripts} Scripts */
/** @typedef {import('./share_scripts.js').ShareScripts} ShareScripts */

/** What a share worker is started with.
 * @typedef {object} Kit
 * @property {WebAssembly.Module} module   compiled once, by the lead worker
 * @property {ShareScripts} scripts
 * @property {ModelBlobs} files
 * @property {number} loadMilliseconds     how long the lead worker took to read the model */

/** Work that was handed out and is not answered yet.
 * @typedef {{request: ShareRequest, ticket: number, resolve: (gradient: ShareGradient|null) => void}} Handed */

/** `started` is false for one that never came to work. `reason` is a sentence.
 * @typedef {(reason: string, started: boolean) => void} OnLost */

/** Seconds of silence after which a worker is lost. @typedef {() => number} Patience */

const SECOND_MS = 1000;
const NOT_STARTED = 'The browser did not start it.';
const SILENT = 'It no longer answered.';

export class ShareWorker {
  /** @type {Worker|null} null before it is started and once it is lost */ #worker = null;
  /** Where it can still be started from. @type {Scripts[]} */ #addresses;
  /** @type {Handed|null} */ #handed = null;
  #lastTicket = 0;
  /** While work is handed out: looks for a sign of life every second. */ #watch = 0;
  /** Looks since the last sign of life. */ #silentSeconds = 0;
  #lost = false;
  /** Whether it has loaded its scripts. */ #started = false;

  /** @param {Kit} kit @param {OnLost} onLost is called once */
  constructor(kit, onLost) {
    this.kit = kit;
    this.onLost = onLost;
    this.#addresses = kit.scripts.addresses();
  }

  /** Starts it, from the next address where the browser refuses one; it is lost when it refuses all. */
  start() {
    this.#worker?.terminate();
    this.#worker = null;
    const scripts = this.#addresses.shift();
    if (!scripts) return this.end(NOT_STARTED);
    try {
      const worker = new Worker(scripts.share, { type: 'module', name: 'prompt-playground-share' });
      this.#worker = worker;
      worker.onmessage = (message) => { if (worker === this.#worker) this.#receive(message.data); };
      worker.onerror = (event) => {
        event.preventDefault(); // it would count as a crash of the lead worker
        if (worker === this.#worker) this.#failed(`It stopped unexpectedly${event.message ? ` (${event.message})` : ''}.`);
      };
      worker.postMessage({ type: 'start', module: this.kit.module, library: scripts.library, files: this.kit.files });
      if (this.#handed) worker.postMessage(this.#handed.request);
    } catch {
      this.start();
    }
  }

  /**
   * Resolves when it has read the model and the examples, or is lost.
   * @param {Example[]} examples
   * @param {import('../protocol.js').PromptSize} shape
   * @param {Patience} patience
   * @returns {Promise<unknown>}
   */
  prepare(examples, shape, patience) {
    return this.#hand(patience, (ticket) => ({ type: 'prepare', ticket, examples, ...shape }));
  }

  /**
   * @param {Uint32Array} share indices into the examples
   * @param {Float32Array} vectors the soft prompt's numbers
   * @param {number} targets response tokens of the whole batch
   * @param {Patience} patience
   * @returns {Promise<ShareGradient|null>} null when it is lost, or the share was dropped
   */
  compute(share, vectors, targets, patience) {
    return this.#hand(patience, (ticket) => ({ type: 'compute', ticket, share, vectors, targets }));
  }

  /** What was handed out is no longer wanted. */
  drop() {
    if (!this.#handed) return;
    this.#post({ type: 'drop' });
    this.#settle(null);
  }

  /** Ends it. @param {string} reason */
  end(reason) {
    if (this.#lost) return;
    this.#lost = true;
    this.#worker?.terminate();
    this.#worker = null;
    this.onLost(reason, this.#started);
    this.#settle(null);
  }

  /** It can't go on, or could not even start. @param {string} reason */
  #failed(reason) {
    if (this.#started) this.end(reason);
    else this.start();
  }

  /**
   * @param {Patience} patience
   * @param {(ticket: number) => ShareRequest} request
   * @returns {Promise<ShareGradient|null>}
   */
  #hand(patience, request) {
    const ticket = ++this.#lastTicket;
    return new Promise((resolve) => {
      if (this.#lost) return resolve(null);
      this.#settle(null);
      this.#handed = { request: request(ticket), ticket, resolve };
      this.#silentSeconds = 0;
      this.#watch = self.setInterval(() => this.#look(patience), SECOND_MS);
      this.#post(this.#handed.request);
    });
  }

  /** Counts looks, not time: a computer that was asleep is no silence. @param {Patience} patience */
  #look(patience) {
    if (++this.#silentSeconds > patience()) this.end(this.#started ? SILENT : NOT_STARTED);
    else this.#post({ type: 'ping' });
  }

  /** @param {ShareReply} reply */
  #receive(reply) {
    this.#silentSeconds = 0;
    switch (reply.reply) {
      case 'started':
        this.#started = true;
        return;
      case 'alive':
        return;
      case 'failed':
        return this.#failed(crashMessage(new Error(reply.message), reply.panic));
      default:
        if (reply.ticket === this.#handed?.ticket) this.#settle(reply.reply === 'gradient' ? reply.gradient : null);
    }
  }

  /** @param {ShareGradient|null} gradient */
  #settle(gradient) {
    clearInterval(this.#watch);
    this.#handed?.resolve(gradient);
    this.#handed = null;
  }

  /** A message that can't be sent (the browser has no memory for its copy, for example) loses it. @param {ShareRequest} request */
  #post(request) {
    try {
      this.#worker?.postMessage(request);
    } catch (error) {
      this.end(`The browser could not send it its work (${error instanceof Error ? error.message : error}).`);
    }
  }
}
