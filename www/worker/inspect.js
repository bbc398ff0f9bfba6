// @ts-check
/** What a model that is not loaded yet will need here: its size and licence, memory, and the time of a step, measured. */
import { readBytes } from './byte_stream.js';
import { checkHubAnswer, listRepository } from './hub.js';
import { arrivedBytes, keyOf, openStored } from './model_store.js';
import { Cancelled, nextTurn } from './task.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../protocol.js').HubSource} HubSource */
/** @typedef {import('../protocol.js').StoredSource} StoredSource */
/** @typedef {import('../protocol.js').PlannedBatch} PlannedBatch */
/** @typedef {import('../protocol.js').ModelReport} ModelReport */
/** @typedef {import('./hub.js').HubListing} HubListing */
/** @typedef {import('./task.js').Task} Task */

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
  const { listing, config, arrived } = source.kind === 'hub' ? await ofHub(source, task.signal) : await ofStored(source);
  const bytes = listing.files.reduce((sum, file) => sum + file.size, 0);
  const { repository, revision, licence } = listing;
  const about = { repository, revision, licence, bytes, arrived };
  if (!config) return { ...about, plan: null, stepMilliseconds: null };
  const plan = library.planModel(config, bytes, batch);
  return { ...about, plan, stepMilliseconds: await stepTime(library, config, bytes, plan.flop, task) };
}

/** @param {HubSource} source @param {AbortSignal} signal */
async function ofHub(source, signal) {
  const listing = await listRepository(source, signal);
  return { listing, config: await hubConfig(listing, source.base, signal), arrived: await arrivedBytes(keyOf(listing), listing.files) };
}

/** @param {HubListing} listing @param {string} base @param {AbortSignal} signal @returns {Promise<Uint8Array|null>} null for a GGUF file */
async function hubConfig({ repository, files }, base, signal) {
  const file = files.find(({ name }) => name === 'config.json');
  if (!file) return null;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const pieces = [];
  await readBytes(file.url, {
    name: file.name,
    signal,
    check: (response) => checkHubAnswer(response, base, repository, file.name),
    onPiece: (piece) => pieces.push(/** @type {Uint8Array<ArrayBuffer>} */ (piece)),
  });
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** @param {StoredSource} source */
async function ofStored({ key }) {
  const { about, folder } = await openStored(key);
  const config = about.files.some(({ name }) => name === 'config.json') ? new Uint8Array(await (await folder.blob('config.json')).arrayBuffer()) : null;
  return { listing: about, config, arrived: await arrivedBytes(key, about.files) };
}

/**
 * Milliseconds of a training step of one worker, from the speed of one block of the model on this device.
 * @param {Library} library @param {Uint8Array} config @param {number} bytes @param {number} flop @param {Task} task
 */
async function stepTime(library, config, bytes, flop, task) {
  const probe = library.Probe.new(config, bytes);
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
