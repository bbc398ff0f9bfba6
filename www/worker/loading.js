// @ts-check
/** Reads a model from where it comes from, and keeps its files so that other workers can read it too. */
import { fetchFolder } from './model_files.js';
import { Cancelled, nextTurn } from './task.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */
/** @typedef {import('../protocol.js').ModelSource} ModelSource */
/** @typedef {import('../protocol.js').ModelBlobs} ModelBlobs */
/** @typedef {import('./model_files.js').ModelFiles} ModelFiles */
/** @typedef {import('./task.js').Task} Task */

/** `blobs` are the files: the browser keeps their bytes outside this worker's memory. `milliseconds`: what the
 * library took to read them.
 * @typedef {{loaded: Model, blobs: ModelBlobs, bytes: number, milliseconds: number}} LoadedModel */

/**
 * The bytes of a model: fetched, or as the page has sent them.
 * @param {ModelSource} source
 * @param {Task} task is told how far the download is
 * @returns {Promise<ModelFiles|{gguf: Uint8Array}>}
 */
export async function filesOf(source, task) {
  if (source.kind === 'gguf') return { gguf: new Uint8Array(source.bytes) };
  if (source.kind === 'folder') {
    return {
      config: new Uint8Array(source.config),
      tokenizer: new Uint8Array(source.tokenizer),
      weights: new Uint8Array(source.weights),
      tokenizerConfig: source.tokenizerConfig ? new Uint8Array(source.tokenizerConfig) : undefined,
    };
  }
  const folder = new URL(source.url, self.location.href).href.replace(/\/?$/, '/');
  return fetchFolder(folder, (progress) => task.emit(progress), task.signal);
}

/**
 * @param {Library} library
 * @param {ModelFiles|{gguf: Uint8Array}} files
 * @param {Task} task
 * @returns {Promise<LoadedModel>}
 */
export async function readModel(library, files, task) {
  await nextTurn();
  if (task.cancelled) throw new Cancelled();
  const start = performance.now();
  const loaded = 'gguf' in files
    ? library.Model.fromGguf(files.gguf)
    : library.Model.fromHf(files.config, files.tokenizer, files.weights, files.tokenizerConfig);
  const milliseconds = performance.now() - start;
  const blobs = blobsOf(files);
  const bytes = Object.values(blobs).reduce((sum, blob) => sum + (blob?.size ?? 0), 0);
  return { loaded, blobs, bytes, milliseconds };
}

/** @param {ModelFiles|{gguf: Uint8Array}} files @returns {ModelBlobs} */
function blobsOf(files) {
  if ('gguf' in files) return { gguf: blob(files.gguf) };
  const { config, tokenizer, weights, tokenizerConfig } = files;
  return {
    config: blob(config),
    tokenizer: blob(tokenizer),
    weights: blob(weights),
    tokenizerConfig: tokenizerConfig ? blob(tokenizerConfig) : null,
  };
}

/** @param {Uint8Array} bytes */
function blob(bytes) {
  return new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]);
}
