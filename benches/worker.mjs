// @ts-check
/**
 * Runs inside a dedicated worker: our library as the page loads it (www/pkg/, with the build that www/worker/simd.js
 * finds), plain candle autograd, and the kernel's peak. One question at a time; see `answers` for what can be asked.
 */
import init, * as library from '../www/pkg/prompt_playground.js';
import { compileLibrary } from '../www/worker/library.js';
import { bytesOf, modelOf } from '../www/worker/loading.js';
import { fetchFolder } from '../www/worker/model_files.js';
import { NO_SIMD, detectSimd } from '../www/worker/simd.js';
import { nextTurn } from '../www/worker/task.js';
import { fetchOk, fullBatch, readCase } from './chapter_run.mjs';

/** @typedef {'simd128'|'relaxed-simd'} Simd */
/** @typedef {{folder: string} | {gguf: string}} ModelAddress  a URL */

/** More than any row takes. */
const STEPS_OF_THE_RUN = 1000;
/** The kernel's clock: the tile's repeats in one call, the least time of a measurement, and how often each is taken. */
const TILES = 10_000;
/** Heights of the register tile that are tried for the best loop; the engine uses 4. */
const TILE_ROWS = [4, 5, 6];
const KERNEL_MILLISECONDS = 100;
const KERNEL_TURNS = 7;

/** @type {WebAssembly.Memory} */
let memory;
/** @type {import('../www/pkg/prompt_playground.js').Model} */
let model;
/** @type {import('../www/pkg/prompt_playground.js').Tuner} */
let tuner;
/** @type {any} plain candle autograd */
let plain;

/** @type {Record<string, (payload: any) => any>} */
const answers = { load, tune, steps, peakMemory: () => memory.buffer.byteLength, decode, kernel, loadPlain, plainSteps };

self.onmessage = async ({ data: { type, payload } }) => {
  try {
    self.postMessage({ result: await answers[type](payload) });
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};

/**
 * Starts the library and loads a model.
 * @param {{address: ModelAddress, simd?: Simd}} payload  `simd`: a build other than the one that the page would choose
 * @returns {Promise<{simd: string, info: any}>}
 */
async function load({ address, simd }) {
  const chosen = simd ?? detectSimd();
  if (chosen === 'none') throw new Error(NO_SIMD);
  ({ memory } = await init({ module_or_path: await compileLibrary(chosen) }));
  model = await modelOf(library, 'gguf' in address ? { gguf: await (await fetchOk(address.gguf)).blob() } : await readFolder(address.folder));
  return { simd: chosen, info: model.info() };
}

/** Begins the run that is measured. */
async function tune() {
  const chapter = await readCase();
  tuner = library.Tuner.new(model, chapter.examples, fullBatch(chapter, STEPS_OF_THE_RUN));
}

/**
 * `warmUp` steps that are not timed, then `count` that are.
 * @param {{warmUp: number, count: number}} payload
 * @returns {{milliseconds: number[], flop: number|null, firstLoss: number}} `flop` of one step, null where the build
 *   does not count them
 */
function steps({ warmUp, count }) {
  const milliseconds = [];
  let firstLoss = NaN;
  let flop = null;
  for (let step = 0; step < warmUp + count; step++) {
    const start = performance.now();
    const report = tuner.step();
    const elapsed = performance.now() - start;
    if (!Number.isFinite(report.loss)) throw new Error(`The loss of step ${report.step} is not a number.`);
    if (report.step === 1) firstLoss = report.loss;
    if (step >= warmUp) milliseconds.push(elapsed);
    flop = report.flop ?? null;
  }
  return { milliseconds, flop, firstLoss };
}

/**
 * One greedy answer with the page's turn between two tokens. The clock runs from the first token to the last, so
 * reading the prompt is not in it.
 * @param {{question: string, tokens: number}} payload
 * @returns {Promise<{tokens: number, milliseconds: number, text: string}>}
 */
async function decode({ question, tokens }) {
  const settings = { temperature: 0, top_p: 1, repetition_penalty: 1, max_new_tokens: tokens, seed: 0 };
  const generation = model.generation(question, undefined, undefined, settings);
  let written = 0;
  let first = NaN;
  let last = NaN;
  let text = '';
  for (let added = generation.next(); added !== undefined; added = generation.next()) {
    text += added;
    if (generation.tokens() > written) {
      last = performance.now();
      if (written === 0) first = last;
      written = generation.tokens();
    }
    await nextTurn();
  }
  generation.free();
  return { tokens: written, milliseconds: last - first, text };
}

/**
 * The best register-tile loop of this machine and our matrix products beside it (benches/kernel/), by turns.
 * @param {{simd: Simd, products: {shape: [number, number, number], packed: boolean}[]}} payload  shape: m, k, n
 * @returns {Promise<{loop: number[], products: {forward: number[], backward: number[]}[]}>} GFLOP/s, one for each turn
 */
async function kernel({ simd, products }) {
  const { default: start, tileLoop, Product } = await import(new URL(`../target/bench/kernel/${simd}/kernel_bench.js`, import.meta.url).href);
  await start();
  const made = products.map(({ shape, packed }) => new Product(...shape, packed));
  /** @type {(() => number)[]} each does some work and returns its floating-point operations */
  const loops = TILE_ROWS.map((rows) => () => tileLoop(rows, TILES));
  const works = [...loops, ...made.flatMap((product) => [() => product.forward(), () => product.backward()])];
  const repeats = works.map((work) => repeatsFor(work, KERNEL_MILLISECONDS));
  const rates = works.map(() => /** @type {number[]} */ ([]));
  for (let turn = 0; turn < KERNEL_TURNS; turn++) {
    works.forEach((work, index) => rates[index].push(gigaflops(work, repeats[index])));
  }
  const loop = rates.slice(0, loops.length).reduce((best, other) => (middle(other) > middle(best) ? other : best));
  const rest = rates.slice(loops.length);
  return { loop, products: made.map((_, index) => ({ forward: rest[2 * index], backward: rest[2 * index + 1] })) };
}

/** @param {number[]} values */
const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** How often `work` must be repeated to take at least `least` milliseconds; warms it up on the way. @param {() => number} work @param {number} least */
function repeatsFor(work, least) {
  for (let repeats = 1; ; repeats *= 2) {
    const start = performance.now();
    for (let done = 0; done < repeats; done++) work();
    if (performance.now() - start >= least) return repeats;
  }
}

/** @param {() => number} work @param {number} repeats */
function gigaflops(work, repeats) {
  let operations = 0;
  const start = performance.now();
  for (let done = 0; done < repeats; done++) operations += work();
  return operations / (performance.now() - start) / 1e6;
}

/**
 * Plain candle autograd (benches/candle-autograd/) on the rows and the start that our library makes of the case.
 * @param {{address: {folder: string}}} payload
 */
async function loadPlain({ address }) {
  await load({ address });
  const chapter = await readCase();
  const settings = fullBatch(chapter, STEPS_OF_THE_RUN);
  const start = library.Tuner.new(model, chapter.examples, settings).softPrompt().vectors();
  /** @type {import('../www/protocol.js').PreparedPrompt[]} */
  const prepared = model.prepare(chapter.examples, settings);
  const { default: startCandle, CandleTuner } = await import(new URL('../target/bench/candle-autograd/pkg/candle_autograd.js', import.meta.url).href);
  await startCandle();
  const { config, weights } = await readFolder(address.folder);
  plain = new CandleTuner(await bytesOf(config), await bytesOf(weights[0]), start, settings.learning_rate);
  for (const { tokens } of prepared) {
    const text = tokens.filter(({ kind }) => kind !== 'virtual');
    const response = text.findIndex(({ learned }) => learned);
    if (!text.slice(response).every(({ learned }) => learned)) throw new Error('What is learned is not the end of a row.');
    plain.addExample(Uint32Array.from(text, ({ id }) => id), response);
  }
}

/**
 * As `steps`, by plain candle.
 * @param {{warmUp: number, count: number}} payload
 * @returns {{milliseconds: number[], firstLoss: number}}
 */
function plainSteps({ warmUp, count }) {
  const milliseconds = [];
  let firstLoss = NaN;
  for (let step = 0; step < warmUp + count; step++) {
    const start = performance.now();
    const { loss } = plain.step();
    const elapsed = performance.now() - start;
    if (step === 0) firstLoss = loss;
    if (step >= warmUp) milliseconds.push(elapsed);
  }
  return { milliseconds, firstLoss };
}

/** @param {string} folder */
function readFolder(folder) {
  return fetchFolder(folder, () => {}, new AbortController().signal);
}
