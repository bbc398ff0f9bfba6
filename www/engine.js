// @ts-check
/**
 * The page's only handle on the worker.
 *
 * `engine.request(type, payload, onEvent)` sends one request of protocol.js and returns its promise, with
 * `control(action)` on it for the long ones. When the worker crashes (a trap, out of memory), every waiting
 * request is rejected with a sentence, a new worker starts and the same model is loaded again.
 */

/** @typedef {import('./protocol.js').Requests} Requests */
/** @typedef {import('./protocol.js').RequestType} RequestType */
/** @typedef {import('./protocol.js').Reply} Reply */
/** @typedef {import('./protocol.js').ModelSource} ModelSource */
/** @typedef {import('./protocol.js').ModelInfo} ModelInfo */
/** @typedef {import('./protocol.js').Control['action']} ControlAction */
/** @typedef {'input'|'model'|'internal'|'cancelled'|'crashed'} ErrorKind */

/**
 * A request under way.
 * @template {RequestType} T
 * @typedef {Promise<Requests[T]['result']> & {control: (action: ControlAction) => void}} Running
 */

/** What the listeners of a crash are told. `restored` resolves when the model is back, or rejects with the reason.
 * @typedef {{message: string, restored: Promise<ModelInfo|null>}} Crash */

/** @typedef {object} Pending
 * @property {(result: any) => void} resolve
 * @property {(error: EngineError) => void} reject
 * @property {((event: any) => void)|undefined} onEvent */

/** An error whose message is a sentence for the person. */
export class EngineError extends Error {
  /** @param {string} message @param {ErrorKind} kind */
  constructor(message, kind) {
    super(message);
    this.name = 'EngineError';
    this.kind = kind;
  }
}

const WORKER_MISSING =
  'The part of the page that computes could not be loaded. Check the connection and reload the page; ' +
  'if you serve it yourself, build it first with "make serve".';

class Engine {
  /** @type {Worker|null} */ #worker = null;
  /** @type {Map<number, Pending>} */ #pending = new Map();
  /** @type {Set<(crash: Crash) => void>} */ #crashListeners = new Set();
  #nextId = 1;
  /** Whether the worker has said that it is ready. */
  #started = false;
  /** @type {ModelSource|null} the model in use, to load it again after a crash */ #source = null;
  /** @type {Promise<unknown>|null} the reload after a crash */ #restoring = null;
  /** @type {'unknown'|'none'|'simd128'|'relaxed-simd'} */ simd = 'unknown';

  /**
   * Loads a model and makes it the one in use. When it fails, the model before it stays in use.
   * @param {ModelSource} source
   * @param {(progress: {loaded: number, total: number}) => void} [onProgress] bytes; `total` is 0 while unknown
   * @returns {Running<'loadModel'>}
   */
  loadModel(source, onProgress) {
    const running = this.#send('loadModel', { source }, onProgress);
    running.then(() => { this.#source = source; }, () => {});
    return running;
  }

  /** From where the model in use is read again after a crash, where that is no longer where it came from. @param {ModelSource} source */
  sourceIs(source) {
    this.#source = source;
  }

  /**
   * @template {RequestType} T
   * @param {T} type
   * @param {Requests[T]['payload']} payload
   * @param {(event: Requests[T]['event']) => void} [onEvent]
   * @returns {Running<T>}
   */
  request(type, payload, onEvent) {
    return this.#send(type, payload, onEvent);
  }

  /**
   * @param {(crash: Crash) => void} listener
   * @returns {() => void} removes the listener
   */
  onCrash(listener) {
    this.#crashListeners.add(listener);
    return () => this.#crashListeners.delete(listener);
  }

  /**
   * @template {RequestType} T
   * @param {T} type
   * @param {Requests[T]['payload']} payload
   * @param {(event: Requests[T]['event']) => void} [onEvent]
   * @param {boolean} [restoring] this request is itself part of the restart
   * @returns {Running<T>}
   */
  #send(type, payload, onEvent, restoring = false) {
    const id = this.#nextId++;
    /** @type {Promise<Requests[T]['result']>} */
    const promise = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject, onEvent }));
    let posted = false;
    /** @type {ControlAction[]} those that came before the request was posted */
    const early = [];
    /** @param {ControlAction} action */
    const control = (action) => {
      if (!posted) early.push(action);
      else if (this.#pending.has(id)) this.#worker?.postMessage({ type: 'control', target: id, action });
    };
    const post = () => {
      if (!this.#pending.has(id)) return;
      this.#workerOrStart().postMessage({ id, type, payload });
      posted = true;
      early.forEach(control);
    };
    if (this.#restoring && !restoring) this.#restoring.then(post, post);
    else post();
    return Object.assign(promise, { control });
  }

  #workerOrStart() {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'prompt-playground' });
    worker.onmessage = (message) => { if (worker === this.#worker) this.#receive(message.data); };
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker !== this.#worker) return;
      this.#crashed(this.#started ? `The computation stopped unexpectedly (${event.message}).` : WORKER_MISSING);
    };
    this.#worker = worker;
    this.#started = false;
    return worker;
  }

  /** @param {Reply} reply */
  #receive(reply) {
    switch (reply.reply) {
      case 'ready':
        this.#started = true;
        this.simd = reply.simd;
        return;
      case 'crashed':
        this.#crashed(reply.message);
        return;
      case 'event':
        this.#pending.get(reply.id)?.onEvent?.(reply.event);
        return;
      case 'result':
        this.#take(reply.id)?.resolve(reply.result);
        return;
      case 'error':
        this.#take(reply.id)?.reject(new EngineError(reply.error.message, reply.error.kind));
    }
  }

  /** @param {number} id */
  #take(id) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** Ends the worker, rejects what waited for it, and starts again with the same model. @param {string} message */
  #crashed(message) {
    const wasStarted = this.#started;
    const duringRestore = this.#restoring !== null;
    this.#worker?.terminate();
    this.#worker = null;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of waiting) pending.reject(new EngineError(message, 'crashed'));

    const source = wasStarted && !duringRestore ? this.#source : null;
    const restored = source
      ? this.#send('loadModel', { source }, undefined, true)
      : duringRestore || !wasStarted ? Promise.reject(new EngineError(message, 'crashed')) : Promise.resolve(null);
    restored.catch(() => {});
    if (source) {
      this.#restoring = restored;
      const done = () => { if (this.#restoring === restored) this.#restoring = null; };
      restored.then(done, done);
    }
    for (const listener of this.#crashListeners) listener({ message, restored });
  }
}

export const engine = new Engine();
