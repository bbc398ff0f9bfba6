// @ts-check
/**
 * What benches/chromium.mjs calls in the browser, as `window.bench`: one session for each page. It computes nothing
 * itself: our numbers come from a dedicated worker (worker.mjs) or from the page's own engine (engine_runs.mjs),
 * wllama's from wllama's worker.
 */
import { trainByEngine } from './engine_runs.mjs';
import { WllamaSession } from './wllama.mjs';

/** A dedicated worker that answers one question at a time. */
class WorkerSession {
  #worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });

  /** @param {string} type @param {any} payload @returns {Promise<any>} */
  ask(type, payload) {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => ('error' in data ? reject(new Error(data.error)) : resolve(data.result));
      this.#worker.onerror = (event) => reject(new Error(event.message ?? 'benches/worker.mjs could not be loaded'));
      this.#worker.postMessage({ type, payload });
    });
  }
}

/** The page's own engine. */
class EngineSession {
  /** @param {string} type @param {any} payload @returns {Promise<any>} */
  async ask(type, payload) {
    if (type === 'train') return trainByEngine(payload);
    throw new Error(`The engine has no question "${type}".`);
  }
}

const SESSIONS = { worker: WorkerSession, engine: EngineSession, wllama: WllamaSession };

Object.assign(window, {
  /** @param {keyof typeof SESSIONS} kind */
  openSession(kind) {
    const session = new SESSIONS[kind]();
    Object.assign(window, { ask: session.ask.bind(session) });
  },
});
