// @ts-check
/**
 * How many workers share a training step, each with its own copy of the frozen model.
 *
 * The rule for "automatic":
 * - cores: as many workers as the processor has cores; from four cores on one is left to the page;
 * - at most four: every worker computes the soft prompt's rows anew, so a share of one or two examples gains little;
 * - memory: the workers together take at most `SHARE_OF_MEMORY` of the device's memory. One that trains is counted
 *   with the weights in memory times `FACTOR_OF_SMALL` or `FACTOR_OF_LARGE`: they never depend on what was loaded or
 *   trained before, as the wasm memory does. Measured with 20 virtual tokens and the ten examples of the chapter: one
 *   worker takes 113 MiB with the bundled model (weights: 40 MiB, packed), 746 MiB with SmolLM2-135M in Q4_1 (92 MiB),
 *   whose weights are expanded while it trains; 445 MiB with a share of five examples;
 * - at most one worker for each example of a batch.
 * Without nested workers there is one. The person may choose any number up to `most`; the same seed and the same
 * number of workers give the same numbers, on every device whose browser has the same SIMD instructions.
 */

/** @typedef {{automatic: number, most: number}} Room   for the model that is loaded, before the batch is looked at */

const GIB = 2 ** 30;
/** Of the device's memory, for all workers together. */
const SHARE_OF_MEMORY = 1 / 6;
/** Weights in memory up to which a model is small: held in f32, packed. */
const SMALL = 64 * 2 ** 20;
/** Memory of a worker while it trains : the weights in memory. */
const [FACTOR_OF_SMALL, FACTOR_OF_LARGE] = [3, 6];
/** Where the browser doesn't tell (Firefox, Safari): a modest laptop. */
const ASSUMED_MEMORY_GIB = 4;
const MOST_AUTOMATIC = 4;
export const MOST_CHOSEN = 8;

/**
 * @param {object} device
 * @param {number} device.cores                   `navigator.hardwareConcurrency`
 * @param {number|undefined} device.deviceMemory  `navigator.deviceMemory`, GiB (browsers round it and cap it)
 * @param {boolean} device.nested                 whether a worker can start workers
 * @param {number} size                           bytes of the weights in memory
 * @returns {Room}
 */
export function roomForWorkers({ cores, deviceMemory, nested }, size) {
  if (!nested) return { automatic: 1, most: 1 };
  const byCores = cores >= 4 ? cores - 1 : cores;
  const memory = (deviceMemory ?? ASSUMED_MEMORY_GIB) * GIB * SHARE_OF_MEMORY;
  const byMemory = Math.floor(memory / (size * (size <= SMALL ? FACTOR_OF_SMALL : FACTOR_OF_LARGE)));
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

/** Of wasm's 4 GiB some is lost to gaps. */
const WASM_LIMIT = 3.5 * GIB;

/**
 * Bytes of memory that one worker may take: half of the device's, and what wasm can address.
 * @param {{deviceMemory?: number}} device
 */
export function memoryOfTab({ deviceMemory }) {
  return Math.min(WASM_LIMIT, ((deviceMemory ?? ASSUMED_MEMORY_GIB) * GIB) / 2);
}
