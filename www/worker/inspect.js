// @ts-check
/** What a model that is not loaded yet will need here: its size and licence, memory, and the time of a step, measured. */
import { collect } from './byte_stream.js';
import { release } from './crash.js';
import { checkHubAnswer, listRepository, totalSize } from './hub.js';
import { filesIn } from './loading.js';
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
  return { ...listing, bytes: totalSize(listing.files), sizes, arrived: await arrivedBytes(keyOf(listing), listing.files) };
}

/** The bundled model; the browser has its files already. @param {BundledSource} source @param {AbortSignal} signal */
async function ofPage({ url, name }, signal) {
  const blobs = await fetchFolder(new URL(url, self.location.href).href, () => {}, signal);
  const bytes = totalSize(filesIn(blobs));
  return { repository: name, revision: '', licence: '', bytes, sizes: new Uint8Array(await blobs.config.arrayBuffer()), arrived: bytes };
}

/** The file that tells the sizes of a model: its config.json, or the GGUF file itself. @param {HubListing} listing */
const fileOfSizes = ({ files }) => files.find(({ name }) => name === 'config.json') ?? files[0];

/** The beginning of that file. @param {HubListing} listing @param {string} base @param {AbortSignal} signal */
function hubSizes(listing, base, signal) {
  const { name, url } = fileOfSizes(listing);
  return collect(url, { name, enough: HEADER, signal, check: (response) => checkHubAnswer(response, base, listing.repository, name) });
}

/** @param {StoredSource} source */
async function ofStored({ key }) {
  const { about, folder } = await openStored(key);
  const beginning = (await folder.blob(fileOfSizes(about).name)).slice(0, HEADER);
  return { ...about, bytes: totalSize(about.files), sizes: new Uint8Array(await beginning.arrayBuffer()), arrived: await arrivedBytes(key, about.files) };
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
    release(probe);
  }
}
