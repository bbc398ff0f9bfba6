// @ts-check
/** Decoding by wllama (llama.cpp in wasm), in the same browser: one thread, no GPU, greedy. */
import { LoggerWithoutDebug, Wllama } from './node_modules/@wllama/wllama/esm/index.js';
import { fetchOk } from './chapter_run.mjs';

const WASM = new URL('./node_modules/@wllama/wllama/esm/wasm/wllama.wasm', import.meta.url).href;

/** Questions: `load` {gguf: URL}, `decode` {question, tokens}. */
export class WllamaSession {
  #wllama = new Wllama({ default: WASM }, { suppressNativeLog: true, logger: LoggerWithoutDebug });

  /** @param {string} type @param {any} payload @returns {Promise<any>} */
  async ask(type, payload) {
    if (type === 'load') return this.#load(payload.gguf);
    if (type === 'decode') return this.#decode(payload);
    throw new Error(`wllama has no question "${type}".`);
  }

  /** @param {string} gguf */
  async #load(gguf) {
    this.#wllama.setCompat(null); // its fallback would come from a CDN
    const blob = await (await fetchOk(gguf)).blob();
    await this.#wllama.loadModel([blob], { n_threads: 1, n_gpu_layers: 0, n_ctx: 1024, n_parallel: 1 });
    if (this.#wllama.getNumThreads() !== 1) throw new Error('wllama does not run with one thread.');
    return { llamaCpp: Wllama.getLibllamaVersion() };
  }

  /**
   * One greedy answer of exactly `tokens` tokens. The clock runs from the first token to the last, so reading the
   * prompt is not in it. `ownMilliseconds` is llama.cpp's own clock over the same interval, without JavaScript.
   * @param {{question: string, tokens: number}} payload
   * @returns {Promise<{tokens: number, milliseconds: number, ownMilliseconds: number, text: string}>}
   */
  async #decode({ question, tokens }) {
    let first = NaN;
    let last = NaN;
    let text = '';
    /** @type {any} */
    let timings;
    await this.#wllama.createChatCompletion({
      messages: [{ role: 'user', content: question }],
      max_tokens: tokens,
      temperature: 0,
      top_k: 1,
      ignore_eos: true,
      stream: true,
      onData: (/** @type {any} */ chunk) => {
        const added = chunk.choices?.[0]?.delta?.content;
        if (added) {
          last = performance.now();
          if (text === '') first = last;
          text += added;
        }
        timings = chunk.timings ?? timings;
      },
    });
    if (timings?.predicted_n !== tokens) throw new Error(`wllama wrote ${timings?.predicted_n} tokens in place of ${tokens}.`);
    return { tokens, milliseconds: last - first, ownMilliseconds: timings.predicted_ms, text };
  }
}
