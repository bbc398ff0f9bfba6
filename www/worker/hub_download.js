// @ts-check
/** Downloads a model of the hub into the browser's storage: goes on where it was broken off, and checks what came. */
import { ModelFileError, readBytes } from './byte_stream.js';
import { release } from './crash.js';
import { checkHubAnswer, listRepository, totalSize, Unreachable } from './hub.js';
import { arrivedBytes, checkRoom, keyOf, openFolder, openStored, storedModels } from './model_store.js';
import { isAskedFor } from '../stored_model.js';
import { Cancelled, nextTurn } from './task.js';
import { withTemplate } from './template_file.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../protocol.js').HubSource} HubSource */
/** @typedef {import('../protocol.js').ModelBlobs} ModelBlobs */
/** @typedef {import('./hub.js').HubFile} HubFile */
/** @typedef {import('./hub.js').HubListing} HubListing */
/** @typedef {import('./model_store.js').About} About */
/** @typedef {import('./model_store.js').ModelFolder} ModelFolder */
/** @typedef {import('./task.js').Task} Task */

/** Bytes that are hashed between two turns. */
const PIECE = 4 << 20;

/**
 * @param {HubSource} source
 * @param {() => Promise<Library>} library
 * @param {Task} task is told how far it is
 * @returns {Promise<ModelBlobs>}
 */
export async function downloadFromHub(source, library, task) {
  /** @type {HubListing} */
  let listing;
  try {
    listing = await listRepository(source, task.signal);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const stored = (await storedModels()).find((model) => model.complete && isAskedFor(model, source));
    if (!stored) throw error;
    return storedFiles(stored.key); // without a network, what is there serves
  }
  const kept = await openStored(keyOf(listing)).catch(() => null);
  if (kept?.about.complete) return blobsOf(kept.about, kept.folder);
  const folder = await openFolder(keyOf(listing));
  const about = { ...listing, name: source.name, asked: { revision: source.revision, file: source.file }, complete: false };
  const total = totalSize(listing.files);
  const there = await arrivedBytes(keyOf(listing), listing.files);
  if (folder.lasting) await checkRoom(total - there);
  await folder.describe(about);
  const progress = new Progress(total, there, task);
  for (const file of listing.files) await fetchFile(file, folder, source.base, listing.repository, progress, task.signal);
  for (const file of listing.files) await checkFile(file, folder, await library(), progress, task);
  await folder.describe({ ...about, complete: true });
  return blobsOf(about, folder);
}

/** A model that was downloaded before. @param {string} key @returns {Promise<ModelBlobs>} */
export async function storedFiles(key) {
  const { about, folder } = await openStored(key);
  if (!about.complete) throw new ModelFileError(`${about.name} has not arrived completely. Continue its download first.`);
  return blobsOf(about, folder);
}

/**
 * @param {HubFile} file
 * @param {ModelFolder} folder
 * @param {string} base
 * @param {string} repository
 * @param {Progress} progress
 * @param {AbortSignal} signal
 */
async function fetchFile(file, folder, base, repository, progress, signal) {
  const writer = await folder.writer(file.name);
  try {
    if (writer.size > file.size) {
      progress.add(-writer.size);
      writer.restart();
    }
    if (writer.size === file.size) return;
    await readBytes(file.url, {
      name: file.name,
      from: writer.size,
      signal,
      check: (response) => checkHubAnswer(response, base, repository, file.name),
      onStart: ({ from }) => {
        if (from === writer.size) return;
        progress.add(-writer.size); // the server sends the whole file anew
        writer.restart();
      },
      onPiece: (piece) => {
        if (writer.size + piece.length > file.size) throw new ModelFileError(`${file.name} is larger than the hub says (${file.size.toLocaleString('en')} bytes). Load it again.`);
        writer.write(piece);
        progress.add(piece.length);
      },
    });
    if (writer.size !== file.size) {
      throw new ModelFileError(`${file.name} has ${file.size.toLocaleString('en')} bytes, but ${writer.size.toLocaleString('en')} came. Load it again.`);
    }
  } finally {
    writer.close();
  }
}

/**
 * Compares a file with the hash that the hub gives; one that differs is thrown away.
 * @param {HubFile} file
 * @param {ModelFolder} folder
 * @param {Library} library
 * @param {Progress} progress
 * @param {Task} task
 */
async function checkFile(file, folder, library, progress, task) {
  if (!file.sha256) return;
  const blob = await folder.blob(file.name);
  const hash = library.FileHash.new();
  try {
    for (let at = 0; at < blob.size; at += PIECE) {
      hash.update(new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer()));
      progress.checking();
      await nextTurn();
      if (task.cancelled) throw new Cancelled();
    }
    if (hash.finish() === file.sha256) return;
  } finally {
    release(hash);
  }
  const writer = await folder.writer(file.name);
  writer.restart();
  writer.close();
  throw new ModelFileError(`${file.name} is damaged: its SHA-256 is not the one that the hub gives. It was thrown away; load it again.`);
}

/** @param {About} about @param {ModelFolder} folder @returns {Promise<ModelBlobs>} */
async function blobsOf({ files }, folder) {
  if (files.length === 1) return { gguf: await folder.blob(files[0].name) };
  const one = async (/** @type {string} */ name) => (files.some((file) => file.name === name) ? folder.blob(name) : null);
  const weights = files.filter((file) => file.name.endsWith('.safetensors'));
  return {
    config: /** @type {Blob} */ (await one('config.json')),
    tokenizer: /** @type {Blob} */ (await one('tokenizer.json')),
    tokenizerConfig: await withTemplate(await one('tokenizer_config.json'), await one('chat_template.jinja')),
    weights: await Promise.all(weights.map((file) => folder.blob(file.name))),
  };
}

/** At most so often the page is told how far it is. */
const TOLD_EVERY_MS = 100;

/** How far a download is, and how long it will still take at the speed so far. */
class Progress {
  #start = performance.now();
  #arrived = 0;
  #told = 0;

  /** @param {number} total @param {number} loaded bytes @param {Task} task */
  constructor(total, loaded, task) {
    this.total = total;
    this.loaded = loaded;
    this.task = task;
  }

  /** @param {number} bytes */
  add(bytes) {
    this.loaded += bytes;
    if (bytes > 0) this.#arrived += bytes;
    if (performance.now() - this.#told < TOLD_EVERY_MS) return;
    this.#told = performance.now();
    const perSecond = this.#arrived / ((performance.now() - this.#start) / 1000 || 1);
    this.task.emit({ loaded: this.loaded, total: this.total, secondsLeft: perSecond > 0 ? (this.total - this.loaded) / perSecond : undefined });
  }

  checking() {
    this.task.emit({ loaded: this.loaded, total: this.total, checking: true });
  }
}
