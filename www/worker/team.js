// @ts-check
/**
 * The team: the lead worker and the share workers it has started, for as long as a model is in use.
 *
 * Every worker has a wasm instance and a copy of the frozen model of its own (no shared memory, so no special headers
 * of the server). They start at the first training that wants them and stay until the model is changed. One that is
 * lost is noticed by an error, or by its silence, and is replaced when the next run begins.
 */
import { ShareWorker } from './share_worker.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').ShareGradient} ShareGradient */
/** @typedef {import('../workers.js').Room} Room */
/** @typedef {import('./share_worker.js').Scripts} Scripts */
/** @typedef {import('./share_worker.js').Kit} Kit */

/** A worker that reads the model and the examples is lost after this many seconds of silence, or after `LOADING_FACTOR`
 * times what the lead worker took to read the model. */
const LOADING_SECONDS = 20;
const LOADING_FACTOR = 10;
/** One that computes is lost after this many, or after `BLOCK_FACTOR` times the lead worker's longest block. */
const COMPUTING_SECONDS = 4;
const BLOCK_FACTOR = 20;

/**
 * The two scripts of a share worker, fetched while the page opens and kept as Blobs: starting one later needs no
 * network. Null where workers can't start workers, or a script can't be fetched: then there is one worker.
 * @returns {Promise<Scripts|null>}
 */
export async function shareScripts() {
  if (typeof Worker === 'undefined') return null;
  const script = async (/** @type {string} */ path) => {
    const response = await fetch(new URL(path, import.meta.url));
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: 'text/javascript' }));
  };
  try {
    const [share, library] = await Promise.all([script('./share.js'), script('../pkg/prompt_playground.js')]);
    return { share, library };
  } catch {
    return null;
  }
}

export class Team {
  /** All that were started and are not lost. @type {ShareWorker[]} */ #started = [];
  /** Those who share the steps of the run. @type {ShareWorker[]} */ #sharing = [];
  /** @type {Promise<unknown>} */ #prepared = Promise.resolve();
  /** @type {(reason: string) => void} */ #onLost = () => {};
  #longestBlockMs = 0;

  /** @param {Kit} kit @param {Room} room */
  constructor(kit, room) {
    this.kit = kit;
    this.room = room;
  }

  /** How many workers share a step, the lead worker included. */
  get size() {
    return 1 + this.#sharing.length;
  }

  /**
   * Begins a run: starts the workers that are missing and sends everyone the examples. Does not wait for them.
   * @param {number} size          workers that are to share a step, the lead worker included
   * @param {Example[]} examples   in the order of the tuner's
   * @param {number} virtualTokens
   * @param {(reason: string) => void} onLost  a worker of this run was lost; `size` is smaller already
   */
  begin(size, examples, virtualTokens, onLost) {
    this.#onLost = onLost;
    for (let missing = size - 1 - this.#started.length; missing > 0; missing--) this.#start();
    this.#sharing = this.#started.slice(0, size - 1);
    const patience = () => Math.max(LOADING_SECONDS, (LOADING_FACTOR * this.kit.loadMilliseconds) / 1000);
    this.#prepared = Promise.all(this.#sharing.map((worker) => worker.prepare(examples, virtualTokens, patience)));
  }

  /** Resolves when everyone has read the examples or is lost. @returns {Promise<unknown>} */
  get prepared() {
    return this.#prepared;
  }

  /**
   * Hands out shares of a step, one to each of the others.
   * @param {Uint32Array[]} shares       at most `size - 1`
   * @param {Float32Array} softRows
   * @param {number} targets             response tokens of the whole batch
   * @returns {Promise<ShareGradient|null>[]}  null: lost or dropped
   */
  hand(shares, softRows, targets) {
    const workers = [...this.#sharing];
    const patience = () => Math.max(COMPUTING_SECONDS, (BLOCK_FACTOR * this.#longestBlockMs) / 1000);
    return shares.map((share, index) => workers[index].compute(share, softRows, targets, patience));
  }

  /** What one block of the network took the lead worker. @param {number} milliseconds */
  blockTook(milliseconds) {
    this.#longestBlockMs = Math.max(this.#longestBlockMs, milliseconds);
  }

  /** The run is over: shares that are under way are dropped, and the workers stay for the next run. */
  rest() {
    for (const worker of this.#sharing) worker.drop();
    this.#onLost = () => {};
  }

  /** Another model comes into use. */
  end() {
    for (const worker of [...this.#started]) worker.end('The language model was changed.');
  }

  #start() {
    const worker = new ShareWorker(this.kit, (reason) => {
      this.#started = this.#started.filter((one) => one !== worker);
      const counted = this.#sharing.includes(worker);
      this.#sharing = this.#sharing.filter((one) => one !== worker);
      if (counted) this.#onLost(reason);
    });
    this.#started.push(worker);
  }
}
