// @ts-check
/**
 * A long request under way: it works in short units and lets waiting messages in between them, so that a
 * control message acts at the next unit and other requests are answered meanwhile.
 */

/** @typedef {import('../protocol.js').Control['action']} ControlAction */

/** Thrown out of a task that the person has cancelled. */
export class Cancelled extends Error {
  constructor() {
    super('Cancelled.');
    this.name = 'Cancelled';
  }
}

const channel = new MessageChannel();
/** @type {(() => void)[]} */
const waiting = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Resolves after the messages that are waiting now (a MessageChannel is not clamped to 4 ms as setTimeout is). */
export function nextTurn() {
  return new Promise((/** @type {(value: void) => void} */ resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

/** While something waits for other workers, it lets messages in this often. */
export const TURN_EVERY_MS = 20;

/**
 * Whether `promise` has settled at the latest after `milliseconds`.
 * @param {Promise<unknown>} promise one that is never rejected
 * @param {number} milliseconds
 * @returns {Promise<boolean>}
 */
export function settledWithin(promise, milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** Answers that a person waits for go before training: while one is written, training holds still. */
let urgent = 0;
/** @type {(() => void)[]} */
let heldBack = [];

/**
 * Runs `work` while training holds still.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withPriority(work) {
  urgent++;
  try {
    return await work();
  } finally {
    urgent--;
    if (urgent === 0) {
      for (const resume of heldBack) resume();
      heldBack = [];
    }
  }
}

export class Task {
  /** @type {(() => void)|null} */ #wake = null;
  #paused = false;
  #stopped = false;
  #aborter = new AbortController();

  /** @param {(event: any) => void} emit sends an event of this request to the page */
  constructor(emit) {
    this.emit = emit;
  }

  /** @param {ControlAction} action */
  control(action) {
    if (action === 'pause') this.#paused = true;
    if (action === 'continue') this.#paused = false;
    if (action === 'stop') this.#stopped = true;
    if (action === 'cancel') this.#aborter.abort();
    this.#wake?.();
  }

  /** Whether the work should end now and keep what it has. */
  get stopped() {
    return this.#stopped;
  }

  /** Aborted when the task is cancelled. */
  get signal() {
    return this.#aborter.signal;
  }

  get cancelled() {
    return this.#aborter.signal.aborted;
  }

  get paused() {
    return this.#paused && !this.#stopped && !this.cancelled;
  }

  /** Lets waiting messages in. Throws `Cancelled` when one of them cancelled this task. */
  async turn() {
    await nextTurn();
    if (this.cancelled) throw new Cancelled();
  }

  /** As `turn`, but waits until no person waits for an answer. */
  async patientTurn() {
    await nextTurn();
    while (urgent > 0 && !this.#stopped && !this.cancelled) {
      await new Promise((/** @type {(value: void) => void} */ resolve) => {
        heldBack.push(resolve);
        this.#wake = resolve;
      });
    }
    if (this.cancelled) throw new Cancelled();
  }

  /** Waits while the task is paused. */
  async whilePaused() {
    while (this.paused) {
      await new Promise((/** @type {(value: void) => void} */ resolve) => { this.#wake = resolve; });
    }
    if (this.cancelled) throw new Cancelled();
  }
}
