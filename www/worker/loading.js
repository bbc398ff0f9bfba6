// @ts-check
/** Reads a model from where it comes from. Its files stay with the browser, so that other workers can read them too. */
import { fetchFolder } from './model_files.js';
import { ModelFileError } from './byte_stream.js';
import { release } from './crash.js';
import { LARGEST, PICKLE, totalSize } from './hub.js';
import { downloadFromHub, storedFiles } from './hub_download.js';
import { Cancelled, nextTurn } from './task.js';
import { withTemplate } from './template_file.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */
/** @typedef {import('../protocol.js').ModelSource} ModelSource */
/** @typedef {import('../protocol.js').ModelBlobs} ModelBlobs */
/** @typedef {import('./task.js').Task} Task */

/** `milliseconds`: what the library took to read the files.
 * @typedef {{loaded: Model, blobs: ModelBlobs, bytes: number, milliseconds: number}} LoadedModel */

/**
 * The files of a model: fetched, stored by an earlier download, or as the page has sent them.
 * @param {ModelSource} source
 * @param {() => Promise<Library>} library the library, once it has been loaded
 * @param {Task} task is told how far the download is
 * @returns {Promise<ModelBlobs>}
 */
export async function filesOf(source, library, task) {
  switch (source.kind) {
    case 'bundled': {
      const folder = new URL(source.url, self.location.href).href.replace(/\/?$/, '/');
      return fetchFolder(folder, (progress) => task.emit(progress), task.signal);
    }
    case 'hub':
      return downloadFromHub(source, library, task);
    case 'stored':
      return storedFiles(source.key);
    case 'files':
      return chosenFiles(source.files);
  }
}

/** Sorts the files that a person has chosen or dropped. @param {File[]} files @returns {Promise<ModelBlobs>} */
export async function chosenFiles(files) {
  const gguf = files.filter((file) => /\.gguf$/i.test(file.name));
  if (gguf.length > 1) throw new ModelFileError(`These are ${gguf.length} GGUF files. Choose one: it is a whole model.`);
  if (gguf.length === 1) {
    refuseTooLarge(gguf);
    return { gguf: gguf[0] };
  }
  const named = (/** @type {string} */ name) => files.find((file) => file.name === name) ?? null;
  const weights = files.filter((file) => /\.safetensors$/i.test(file.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const [config, tokenizer] = [named('config.json'), named('tokenizer.json')];
  if (weights.length === 0 && files.some((file) => /\.(bin|pt|pth|ckpt)$/i.test(file.name))) throw new ModelFileError(PICKLE);
  const missing = [!config && 'config.json', !tokenizer && 'tokenizer.json', weights.length === 0 && 'model.safetensors'].filter(Boolean);
  if (!config || !tokenizer || missing.length > 0) {
    throw new ModelFileError(`A model is one GGUF file, or config.json, tokenizer.json and model.safetensors of one folder. ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing: choose all files at once.`);
  }
  refuseTooLarge(weights);
  return { config, tokenizer, weights, tokenizerConfig: await withTemplate(named('tokenizer_config.json'), named('chat_template.jinja')) };
}

/** @param {File[]} weights of one model */
function refuseTooLarge(weights) {
  const bytes = totalSize(weights);
  if (bytes > LARGEST) throw new ModelFileError(`These weights have ${(bytes / 1e9).toFixed(1)} GB, more than a browser tab can hold (${LARGEST / 1e9} GB). Choose a smaller model.`);
}

/**
 * @param {Library} library
 * @param {ModelBlobs} blobs
 * @param {Task} task
 * @returns {Promise<LoadedModel>}
 */
export async function readModel(library, blobs, task) {
  await nextTurn();
  if (task.cancelled) throw new Cancelled();
  const start = performance.now();
  const loaded = await modelOf(library, blobs);
  const milliseconds = performance.now() - start;
  await nextTurn();
  if (task.cancelled) {
    release(loaded);
    throw new Cancelled();
  }
  return { loaded, blobs, bytes: totalSize(filesIn(blobs)), milliseconds };
}

/** @param {ModelBlobs} blobs @returns {Blob[]} */
export const filesIn = (blobs) => ('gguf' in blobs ? [blobs.gguf] : [blobs.config, blobs.tokenizer, blobs.tokenizerConfig ?? [], ...blobs.weights].flat());

/** @param {Library} library @param {ModelBlobs} blobs @returns {Promise<Model>} */
export async function modelOf(library, blobs) {
  if ('gguf' in blobs) return library.Model.fromGguf(await bytesOf(blobs.gguf));
  const [config, tokenizer] = await Promise.all([bytesOf(blobs.config), bytesOf(blobs.tokenizer)]);
  const tokenizerConfig = blobs.tokenizerConfig ? await bytesOf(blobs.tokenizerConfig) : undefined;
  return library.Model.fromHfShards(config, tokenizer, await Promise.all(blobs.weights.map(bytesOf)), tokenizerConfig);
}

/** @param {Blob} blob */
export async function bytesOf(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new ModelFileError('A file of the model can no longer be read. It may have been moved, changed or deleted: choose it again.');
  }
}
