// @ts-check
/** Writes answers token by token and measures losses example by example, without ever blocking the worker for long. */
import { release } from './crash.js';
import { putIn } from './soft_prompt.js';
import { Cancelled, nextTurn, withPriority } from './task.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */
/** @typedef {import('../pkg/prompt_playground.js').SoftPrompt} WasmSoftPrompt */
/** @typedef {import('../protocol.js').Requests} Requests */
/** @typedef {import('../protocol.js').SoftPrompt} SoftPrompt */
/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').Answer} Answer */
/** @typedef {import('../protocol.js').GenerationSettings} GenerationSettings */
/** @typedef {import('./task.js').Task} Task */

/**
 * Answers one inquiry in one of the three ways; stop and cancel end it with the text so far.
 * @param {Library} library
 * @param {Model} model
 * @param {Requests['generate']['payload']} payload
 * @param {Task} task
 * @returns {Promise<Answer>}
 */
export async function generate(library, model, payload, task) {
  const { text, variant, instruction, settings, shots } = payload;
  const rows = variant === 'tuned' ? payload.softPrompt : null;
  if (variant === 'tuned' && !rows) throw Object.assign(new Error('There is no trained prompt yet. Train one in step 5 first.'), { kind: 'input' });
  return withPriority(() => withSoftPrompt(library, model, rows, (softPrompt) =>
    writeAnswer(model, text, variant === 'discrete' && instruction !== '' ? instruction : undefined, softPrompt, settings, {
      shots: variant === 'discrete' ? shots : undefined,
      turn: nextTurn,
      ended: () => task.stopped || task.cancelled,
      onText: (added) => task.emit({ text: added }),
    })));
}

/**
 * Decodes one answer to its end. The library works in short units: while it reads the prompt, and within a character
 * of several tokens, a unit adds no text yet ("").
 * @param {Model} model
 * @param {string} text the inquiry
 * @param {string|undefined} instruction plain text in front of it (the discrete prefix)
 * @param {WasmSoftPrompt|undefined} softPrompt
 * @param {GenerationSettings} settings
 * @param {{turn: () => Promise<void>, ended?: () => boolean, onText?: (added: string) => void, shots?: import('../protocol.js').DiscretePrompt['shots']}} hooks `shots`: examples as turns before it
 * @returns {Promise<Answer>}
 */
export async function writeAnswer(model, text, instruction, softPrompt, settings, { turn, ended, onText, shots }) {
  const start = performance.now();
  const generation = model.generation(text, instruction, softPrompt, settings, shots);
  try {
    let answer = '';
    let cancelled = false;
    for (let added = generation.next(); added !== undefined; added = generation.next()) {
      answer += added;
      if (added !== '') onText?.(added);
      await turn();
      cancelled = ended?.() ?? false;
      if (cancelled) break;
    }
    const reason = cancelled ? 'cancelled' : /** @type {Answer['finishReason']} */ (generation.finishReason());
    return { text: answer, tokens: generation.tokens(), finishReason: reason, milliseconds: performance.now() - start };
  } finally {
    release(generation);
  }
}

/**
 * @param {Library} library
 * @param {Model} model
 * @param {Requests['evaluate']['payload']} payload
 * @param {Task} task
 * @returns {Promise<import('../protocol.js').LossReport>}
 */
export async function evaluate(library, model, { examples, softPrompt, front }, task) {
  return withSoftPrompt(library, model, softPrompt, (rows) =>
    lossOf(model, examples, rows, front, task, (done, total) => task.emit({ done, total })));
}

/**
 * The loss of some examples, one after another.
 * @param {Model} model
 * @param {Example[]} examples
 * @param {WasmSoftPrompt|undefined} softPrompt
 * @param {import('../protocol.js').DiscretePrompt|undefined} front
 * @param {Task} task
 * @param {(done: number, total: number) => void} [onProgress]
 * @returns {Promise<import('../protocol.js').LossReport>}
 */
export async function lossOf(model, examples, softPrompt, front, task, onProgress) {
  const evaluation = model.evaluation(examples, softPrompt, front);
  try {
    const total = evaluation.total();
    while (evaluation.next()) {
      onProgress?.(evaluation.done(), total);
      await task.turn();
      if (task.stopped) throw new Cancelled();
    }
    onProgress?.(total, total);
    return evaluation.report();
  } finally {
    release(evaluation);
  }
}

/**
 * Lends the rows of a trained prompt to `work` as an object of the library.
 * @template T
 * @param {Library} library
 * @param {Model} model
 * @param {SoftPrompt|null} rows
 * @param {(softPrompt: WasmSoftPrompt|undefined) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withSoftPrompt(library, model, rows, work) {
  if (!rows) return work(undefined);
  const softPrompt = putIn(library, model, rows);
  try {
    return await work(softPrompt);
  } finally {
    release(softPrompt);
  }
}
