// @ts-check
/**
 * Greedy answers for the analysis: at every place the likeliest token, so that the same model gives the same answer.
 * What the base model answers is kept for this visit, the first answer and the latest, so that the two can be compared.
 */
import { engine } from '../../engine.js';
import { run } from '../../run.js';
import { generation, model } from '../../state.js';
import { signal } from '../../ui.js';

/** @typedef {import('../../protocol.js').Answer} Answer */
/** @typedef {import('../../protocol.js').SoftPrompt} SoftPrompt */

/** `trained`: which training steps had been taken when it was given. @typedef {{text: string, tokens: number, finishReason: Answer['finishReason'], at: Date, trained: string}} BaseAnswer */
/** `latest`: null while it was asked only once. @typedef {{first: BaseAnswer, latest: BaseAnswer|null}} BaseAnswers */

/** By model, question and decoding; replaced, never changed in place. */
const recorded = signal(/** @type {ReadonlyMap<string, BaseAnswers>} */ (new Map()));

const greedySettings = () => ({ ...generation.value, temperature: 0 });
/** @param {string} question @param {import('../../protocol.js').GenerationSettings} settings */
const keyOf = (question, settings) => JSON.stringify([model.value.info?.weightsHash, question, settings]);

/** What the model in use has answered without a prefix in this visit, decoded as now; null where it was not asked.
 * @param {string} question */
export const baseAnswersTo = (question) => recorded.value.get(keyOf(question, greedySettings())) ?? null;

/** @param {string} question @param {SoftPrompt|null} softPrompt null: the base model @returns {import('../../engine.js').Running<'generate'>} */
export function askGreedily(question, softPrompt) {
  const settings = greedySettings();
  const key = keyOf(question, settings);
  const running = engine.request('generate', { text: question, variant: softPrompt ? 'tuned' : 'base', instruction: '', softPrompt, settings });
  if (!softPrompt) running.then((answer) => record(key, answer), () => {});
  return running;
}

/** Takes an answer of the base model that was asked elsewhere, where it is a greedy one.
 * @param {string} question @param {import('../../protocol.js').GenerationSettings} settings @param {Answer} answer */
export function recordBaseAnswer(question, settings, answer) {
  if (settings.temperature === 0) record(keyOf(question, settings), answer);
}

/** @param {string} key @param {Answer} answer */
function record(key, { text, tokens, finishReason }) {
  if (finishReason === 'cancelled') return;
  const answer = { text, tokens, finishReason, at: new Date(), trained: run.peek() ? `${run.peek()?.number} ${run.peek()?.steps.length}` : '' };
  const before = recorded.peek().get(key);
  recorded.value = new Map(recorded.peek()).set(key, before ? { first: before.first, latest: answer } : { first: answer, latest: null });
}

/** Questions asked one after another, with progress and cancel. */
export class Asking {
  progress = signal(/** @type {{done: number, total: number}|null} */ (null));
  problem = signal('');
  #cancelled = false;
  /** @type {import('../../engine.js').Running<'generate'>|null} */ #running = null;

  cancel() {
    this.#cancelled = true;
    this.#running?.control('cancel');
  }

  /**
   * Asks everything in turn; `take` gets each answer. Ends early when cancelled, or with a sentence in `problem`.
   * @template {{question: string, softPrompt: SoftPrompt|null}} Q
   * @param {readonly Q[]} questions
   * @param {(asked: Q, answer: Answer) => void|Promise<void>} [take]
   * @returns {Promise<boolean>} whether all were asked
   */
  async askAll(questions, take) {
    if (this.progress.peek()) return false;
    this.#cancelled = false;
    this.problem.value = '';
    let done = false;
    try {
      for (const [count, asked] of questions.entries()) {
        this.progress.value = { done: count, total: questions.length };
        this.#running = askGreedily(asked.question, asked.softPrompt);
        const answer = await this.#running;
        if (this.#cancelled || answer.finishReason === 'cancelled') break;
        await take?.(asked, answer);
        done = count === questions.length - 1;
      }
    } catch (error) {
      if (!this.#cancelled) this.problem.value = error instanceof Error ? error.message : String(error);
    }
    this.progress.value = null;
    this.#running = null;
    return done;
  }
}
