// @ts-check
/**
 * The team: the lead worker and the share workers it has started, for as long as a model is in use.
 *
 * Every worker has a wasm instance and a copy of the frozen model of its own (no shared memory, so no special headers
 * of the server). They start at the first training that wants them and stay until a run wants fewer of them or the
 * model is changed. One that is lost is noticed by an error, or by its silence, and is replaced when the next run begins.
 */
import { ShareWorker } from './share_worker.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').ShareGradient} ShareGradient */
/** @typedef {import('../workers.js').Room} Room */
/** @typedef {import('./share_worker.js').Kit} Kit */
/** @typedef {import('./share_worker.js').OnLost} OnLost */

/** A worker that reads the model and the examples is lost after this many seconds of silence, or after `LOADING_FACTOR`
 * times what the lead worker took to read the model. */
const LOADING_SECONDS = 20;
const LOADING_FACTOR = 10;
/** One that computes is lost after this many, or after `BLOCK_FACTOR` times the lead worker's longest block. */
const COMPUTING_SECONDS = 4;
const BLOCK_FACTOR = 20;

export class Team {
  /** All that were started and are not lost. @type {ShareWorker[]} */ #started = [];
  /** Those who share the steps of the run. @type {ShareWorker[]} */ #sharing = [];
  /** @type {Promise<unknown>} */ #prepared = Promise.resolve();
  /** Those who still read the model or the examples of the run. @type {Set<ShareWorker>} */ #unprepared = new Set();
  /** @type {OnLost} */ #onLost = () => {};
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
   * Begins a run: ends the workers that are too many, which frees their memory, starts those that are missing and sends
   * everyone the examples. Does not wait for them.
   * @param {number} size          workers that are to share a step, the lead worker included
   * @param {Example[]} examples   in the order of the tuner's
   * @param {import('../protocol.js').PromptSize} shape   of the soft prompt
   * @param {OnLost} onLost         a worker of this run was lost; `size` is smaller already
   */
  begin(size, examples, shape, onLost) {
    this.#onLost = onLost;
    const surplus = this.#started.slice(size - 1);
    const staying = this.#started.slice(0, size - 1);
    const missing = Array.from({ length: size - 1 - staying.length }, () => this.#newWorker());
    this.#started = this.#sharing = [...staying, ...missing];
    for (const worker of surplus) worker.end('The run wants fewer workers.');
    for (const worker of missing) worker.start();
    const patience = () => Math.max(LOADING_SECONDS, (LOADING_FACTOR * this.kit.loadMilliseconds) / 1000);
    const unprepared = new Set(this.#sharing);
    this.#unprepared = unprepared;
    this.#prepared = Promise.all(this.#sharing.map(async (worker) => {
      await worker.prepare(examples, shape, patience);
      unprepared.delete(worker);
    }));
  }

  /** How many of the others are not ready for the first step yet. */
  get unprepared() {
    return this.#unprepared.size;
  }

  /** Resolves when everyone has read the examples or is lost. @returns {Promise<unknown>} */
  get prepared() {
    return this.#prepared;
  }

  /**
   * Hands out shares of a step, one to each of the others.
   * @param {Uint32Array[]} shares       at most `size - 1`
   * @param {Float32Array} vectors      the soft prompt's numbers
   * @param {number} targets             response tokens of the whole batch
   * @returns {Promise<ShareGradient|null>[]}  null: lost or dropped
   */
  hand(shares, vectors, targets) {
    const workers = [...this.#sharing];
    const patience = () => Math.max(COMPUTING_SECONDS, (BLOCK_FACTOR * this.#longestBlockMs) / 1000);
    return shares.map((share, index) => workers[index].compute(share, vectors, targets, patience));
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

  #newWorker() {
    /** @type {ShareWorker} */
    const worker = new ShareWorker(this.kit, (reason, started) => {
      this.#started = this.#started.filter((one) => one !== worker);
      const counted = this.#sharing.includes(worker);
      this.#sharing = this.#sharing.filter((one) => one !== worker);
      if (counted) this.#onLost(reason, started);
    });
    return worker;
  }
}
