// @ts-check
/** What a model that is not loaded yet will need here: its size and licence, memory, and the time of a step, measured. */
import { readBytes } from './byte_stream.js';
import { checkHubAnswer, listRepository } from './hub.js';
import { arrivedBytes, keyOf, openStored } from './model_store.js';
import { memoryOfTab } from '../workers.js';
import { Cancelled, nextTurn } from './task.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../protocol.js').HubSource} HubSource */
/** @typedef {import('../protocol.js').StoredSource} StoredSource */
/** @typedef {import('../protocol.js').PlannedBatch} PlannedBatch */
/** @typedef {import('../protocol.js').ModelReport} ModelReport */
/** @typedef {import('./hub.js').HubListing} HubListing */
/** @typedef {import('./task.js').Task} Task */

/** The header of a GGUF file, with its tokenizer, ends before this. */
const HEADER = 12 << 20;
/** The probe runs for so long, after one block that warms up. */
const PROBE_MS = 1000;

/**
 * @param {HubSource|StoredSource} source
 * @param {PlannedBatch} batch
 * @param {Library} library
 * @param {Task} task
 * @returns {Promise<ModelReport>}
 */
export async function inspectModel(source, batch, library, task) {
  const { listing, sizes, arrived } = source.kind === 'hub' ? await ofHub(source, task.signal) : await ofStored(source);
  const bytes = listing.files.reduce((sum, file) => sum + file.size, 0);
  const { repository, revision, licence } = listing;
  const plan = library.planModel(sizes, bytes, batch);
  const stepMilliseconds = await stepTime(library, sizes, bytes, plan.flop, task);
  const limit = memoryOfTab(/** @type {{deviceMemory?: number}} */ (navigator));
  return { repository, revision, licence, bytes, arrived, plan, stepMilliseconds, limit };
}

/** @param {HubSource} source @param {AbortSignal} signal */
async function ofHub(source, signal) {
  const listing = await listRepository(source, signal);
  return { listing, sizes: await hubSizes(listing, source.base, signal), arrived: await arrivedBytes(keyOf(listing), listing.files) };
}

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
  return { listing: about, sizes: new Uint8Array(await beginning.arrayBuffer()), arrived: await arrivedBytes(key, about.files) };
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
