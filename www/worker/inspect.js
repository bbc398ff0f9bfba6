// @ts-check
/** What a model that is not loaded yet will need here: its size and licence, memory, and the time of a step, measured. */
import { readBytes } from './byte_stream.js';
import { checkHubAnswer, listRepository } from './hub.js';
import { fetchFolder } from './model_files.js';
import { arrivedBytes, keyOf, openStored } from './model_store.js';
import { memoryOfTab } from '../workers.js';
import { Cancelled, nextTurn } from './task.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../protocol.js').HubSource} HubSource */
/** @typedef {import('../protocol.js').StoredSource} StoredSource */
/** @typedef {import('../protocol.js').BundledSource} BundledSource */
/** @typedef {import('../protocol.js').PlannedBatch} PlannedBatch */
/** @typedef {import('../protocol.js').ModelReport} ModelReport */
/** @typedef {import('./hub.js').HubListing} HubListing */
/** @typedef {import('./task.js').Task} Task */

/** The header of a GGUF file, with its tokenizer, ends before this. */
const HEADER = 12 << 20;
/** The probe runs for so long, after one block that warms up. */
const PROBE_MS = 1000;

/**
 * @param {HubSource|StoredSource|BundledSource} source
 * @param {PlannedBatch} batch
 * @param {Library} library
 * @param {Task} task
 * @returns {Promise<ModelReport>}
 */
export async function inspectModel(source, batch, library, task) {
  const { repository, revision, licence, bytes, sizes, arrived } = await beginningOf(source, task.signal);
  const plan = library.planModel(sizes, bytes, batch);
  const stepMilliseconds = await stepTime(library, sizes, bytes, plan.flop, task);
  const limit = memoryOfTab(/** @type {{deviceMemory?: number}} */ (navigator));
  return { repository, revision, licence, bytes, arrived, plan, stepMilliseconds, limit };
}

/** What is known of a model, and the file that tells its sizes. @param {HubSource|StoredSource|BundledSource} source @param {AbortSignal} signal */
function beginningOf(source, signal) {
  if (source.kind === 'hub') return ofHub(source, signal);
  return source.kind === 'stored' ? ofStored(source) : ofPage(source, signal);
}

/** @param {HubSource} source @param {AbortSignal} signal */
async function ofHub(source, signal) {
  const listing = await listRepository(source, signal);
  const sizes = await hubSizes(listing, source.base, signal);
  return { ...listing, bytes: sum(listing), sizes, arrived: await arrivedBytes(keyOf(listing), listing.files) };
}

/** The bundled model; the browser has its files already. @param {BundledSource} source @param {AbortSignal} signal */
async function ofPage({ url, name }, signal) {
  const { config, tokenizer, weights, tokenizerConfig } = await fetchFolder(new URL(url, self.location.href).href, () => {}, signal);
  const bytes = config.size + tokenizer.size + (tokenizerConfig?.size ?? 0) + weights.reduce((total, { size }) => total + size, 0);
  return { repository: name, revision: '', licence: '', bytes, sizes: new Uint8Array(await config.arrayBuffer()), arrived: bytes };
}

/** @param {HubListing} listing */
const sum = ({ files }) => files.reduce((total, { size }) => total + size, 0);

/** The file that tells the sizes of a model: its config.json, or the GGUF file itself. @param {HubListing} listing */
const fileOfSizes = ({ files }) => files.find(({ name }) => name === 'config.json') ?? files[0];

/** The beginning of that file. @param {HubListing} listing @param {string} base @param {AbortSignal} signal */
async function hubSizes(listing, base, signal) {
  const file = fileOfSizes(listing);
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const pieces = [];
  const stop = new AbortController();
  const cancel = () => stop.abort();
  signal.addEventListener('abort', cancel);
  let came = 0;
  try {
    await readBytes(file.url, {
      name: file.name,
      signal: stop.signal,
      check: (response) => checkHubAnswer(response, base, listing.repository, file.name),
      onPiece: (piece) => {
        pieces.push(/** @type {Uint8Array<ArrayBuffer>} */ (piece));
        came += piece.length;
        if (came >= HEADER) stop.abort();
      },
    });
  } catch (error) {
    if (came < HEADER) throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** @param {StoredSource} source */
async function ofStored({ key }) {
  const { about, folder } = await openStored(key);
  const beginning = (await folder.blob(fileOfSizes(about).name)).slice(0, HEADER);
  return { ...about, bytes: sum(about), sizes: new Uint8Array(await beginning.arrayBuffer()), arrived: await arrivedBytes(key, about.files) };
}

/**
 * Milliseconds of a training step of one worker, from the speed of one block of the model on this device.
 * @param {Library} library @param {Uint8Array} sizes @param {number} bytes @param {number} flop @param {Task} task
 */
async function stepTime(library, sizes, bytes, flop, task) {
  const probe = library.Probe.new(sizes, bytes);
  try {
    probe.run();
    let [done, milliseconds] = [0, 0];
    while (milliseconds < PROBE_MS) {
      await nextTurn();
      if (task.cancelled) throw new Cancelled();
      const start = performance.now();
      done += probe.run();
      milliseconds += performance.now() - start;
    }
    return (flop / done) * milliseconds;
  } finally {
    probe.free();
  }
}
