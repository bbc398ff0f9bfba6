// @ts-check
/** A soft prompt as the page has it (protocol.js) and as an object of the library. */
import { release } from './crash.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */
/** @typedef {import('../pkg/prompt_playground.js').SoftPrompt} WasmSoftPrompt */
/** @typedef {import('../protocol.js').SoftPrompt} SoftPrompt */

/** Copies the numbers out and frees the object. @param {WasmSoftPrompt} prompt @returns {SoftPrompt} */
export function takeOut(prompt) {
  try {
    return { vectors: prompt.vectors(), virtualTokens: prompt.virtualTokens(), width: prompt.width(), kind: prompt.kind() };
  } finally {
    release(prompt);
  }
}

/** The caller frees it. @param {Library} library @param {Model} model @param {SoftPrompt} prompt @returns {WasmSoftPrompt} */
export function putIn(library, model, { vectors, width, kind }) {
  return library.SoftPrompt.fromVectors(model, vectors, width, kind);
}
