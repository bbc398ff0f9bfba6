// @ts-check
/**
 * How many workers share a training step, each with its own copy of the frozen model.
 *
 * The rule for "automatic":
 * - cores: as many workers as the processor has cores; from four cores on one is left to the page;
 * - at most four: every worker computes the soft prompt's rows anew, so a share of one or two examples gains little;
 * - memory: the workers together take at most `SHARE_OF_MEMORY` of the device's memory. One that trains is counted
 *   with `TRAINING_FACTOR` times what it has once the model is loaded. Measured with 20 virtual tokens and shares of
 *   five and of ten examples of the chapter: 1.6 and 2.5 times for the bundled model (27 MiB loaded), 2.1 and 3.3
 *   times for SmolLM2-135M (212 MiB loaded);
 * - at most one worker for each example of a batch.
 * Without nested workers there is one. The person may choose any number up to `most`; the same seed and the same
 * number of workers give the same numbers, on every device whose browser has the same SIMD instructions.
 */

/** @typedef {{automatic: number, most: number}} Room   for the model that is loaded, before the batch is looked at */

const GIB = 2 ** 30;
/** Of the device's memory, for all workers together. */
const SHARE_OF_MEMORY = 1 / 6;
/** Memory of a worker while it trains : after the model was loaded. */
const TRAINING_FACTOR = 2.5;
/** Where the browser doesn't tell (Firefox, Safari): a modest laptop. */
const ASSUMED_MEMORY_GIB = 4;
const MOST_AUTOMATIC = 4;
export const MOST_CHOSEN = 8;

/**
 * @param {object} device
 * @param {number} device.cores                   `navigator.hardwareConcurrency`
 * @param {number|undefined} device.deviceMemory  `navigator.deviceMemory`, GiB (browsers round it and cap it)
 * @param {boolean} device.nested                 whether a worker can start workers
 * @param {number} modelMemory                    bytes of the wasm instance once the model is loaded
 * @returns {Room}
 */
export function roomForWorkers({ cores, deviceMemory, nested }, modelMemory) {
  if (!nested) return { automatic: 1, most: 1 };
  const byCores = cores >= 4 ? cores - 1 : cores;
  const memory = (deviceMemory ?? ASSUMED_MEMORY_GIB) * GIB * SHARE_OF_MEMORY;
  const byMemory = Math.floor(memory / (modelMemory * TRAINING_FACTOR));
  return {
    automatic: Math.max(1, Math.min(byCores, byMemory, MOST_AUTOMATIC)),
    most: Math.max(MOST_AUTOMATIC, Math.min(cores, MOST_CHOSEN)),
  };
}

/**
 * The workers that a run starts with.
 * @param {number} choice  0 = automatic
 * @param {Room} room
 * @param {number} batch   examples in a step
 */
export function workersFor(choice, room, batch) {
  const wished = choice === 0 ? room.automatic : Math.min(choice, room.most);
  return Math.max(1, Math.min(wished, batch));
}
