// Every measurement, taken at most once for each set-up; rows.mjs reads them.
import { execFileSync } from 'node:child_process';
import { chapter, project } from '../tests/page/helpers.mjs';
import { MODELS, QUICK_STEPS, addressOf, theModel } from './models.mjs';
import { AVX2_ONLY, Skipped, nativeLines, peftSteps } from './programs.mjs';

const CASE_FILE = 'tests/fixtures/smarthome.json';
const QUESTION = chapter.test[0];
const DECODED_TOKENS = 96;

export class Lab {
  #taken = new Map();

  /**
   * @param chromium see chromium.mjs
   * @param {(row: string) => boolean} wanted whether a row is measured, by its id
   * @param {{quick: boolean, say: (sentence: string) => void}} options
   */
  constructor(chromium, wanted, { quick, say }) {
    this.chromium = chromium;
    this.wanted = wanted;
    this.quick = quick;
    this.say = say;
  }

  /** Training steps of one worker, in the order: ours, PyTorch + PEFT, plain candle, ours. */
  training(name, simd = undefined) {
    return this.#once(`training ${name} ${simd ?? ''}`, async () => {
      const model = theModel(name);
      const session = await this.chromium.session('worker');
      try {
        const loaded = await session.ask('load', { address: addressOf(model, this.chromium), simd });
        await session.ask('tune');
        const half = this.#steps(name) / 2;
        this.say(`${model.title}, ${loaded.simd}: ${model.warmUp} + ${half} steps`);
        const before = await session.ask('steps', { warmUp: model.warmUp, count: half });
        const opponents = simd ? {} : await this.#opponents(name, before.milliseconds);
        this.say(`${model.title}, ${loaded.simd}: 1 + ${half} steps`);
        const after = await session.ask('steps', { warmUp: 1, count: half });
        return {
          simd: loaded.simd,
          parameters: loaded.info.parameters,
          milliseconds: [...before.milliseconds, ...after.milliseconds],
          flop: before.flop,
          firstLoss: before.firstLoss,
          peakMemory: await session.ask('peakMemory'),
          ...opponents,
        };
      } finally {
        await session.close();
      }
    });
  }

  /** Only those whose row is wanted; what went wrong with one is told in its row and stops nothing else. */
  async #opponents(name) {
    const opponents = {};
    if (this.wanted(`peft/${name}`)) opponents.peft = await settled(() => this.#peft(name));
    if (this.wanted(`peft-avx2/${name}`)) opponents.peftAvx2 = await settled(() => this.#peft(name, AVX2_ONLY));
    if (this.wanted(`candle/${name}`)) opponents.plain = await settled(() => this.#plainCandle(name));
    return opponents;
  }

  #peft(name, environment = undefined) {
    this.say(`${MODELS[name].title}: PyTorch + PEFT${environment ? ' with AVX2' : ''}, ${this.#steps(name)} steps`);
    return peftSteps(MODELS[name].path, CASE_FILE, this.#steps(name), environment);
  }

  async #plainCandle(name) {
    const session = await this.chromium.session('worker');
    try {
      this.say(`${MODELS[name].title}: plain candle autograd, 10 steps`);
      await session.ask('loadPlain', { address: addressOf(MODELS[name], this.chromium) });
      return await session.ask('plainSteps', { warmUp: 2, count: 10 });
    } finally {
      await session.close();
    }
  }

  /** GFLOP/s of the best register-tile loop and of our products of each model's shape: {loop, products} (worker.mjs). */
  kernel(simd) {
    return this.#once(`kernel ${simd}`, async () => {
      const session = await this.chromium.session('worker');
      try {
        this.say(`kernel peak, ${simd}`);
        return await session.ask('kernel', { simd, products: Object.values(MODELS).map(({ product }) => product) });
      } finally {
        await session.close();
      }
    });
  }

  /** Answers of the bundled model, or of SmolLM2 by turns with wllama: [{tokens, milliseconds, text}]. */
  decoding(name) {
    return this.#once(`decoding ${name}`, async () => {
      const model = theModel(name);
      const address = addressOf(model, this.chromium);
      const ours = await this.chromium.session('worker');
      const theirs = name === 'smollm2' ? await this.chromium.session('wllama') : null;
      try {
        this.say(`${model.title}: decoding${theirs ? ', by turns with wllama' : ''}`);
        await ours.ask('load', { address });
        const rates = { ours: [], wllama: [], tokens: 0, version: (await theirs?.ask('load', address))?.llamaCpp };
        const rounds = this.quick && theirs ? 3 : 6;
        for (let round = 0; round < rounds; round++) {
          const written = await ours.ask('decode', { question: QUESTION, tokens: DECODED_TOKENS });
          const compared = await theirs?.ask('decode', { question: QUESTION, tokens: written.tokens });
          if (round === 0) continue; // warm-up
          rates.tokens = written.tokens;
          rates.ours.push(perSecond(written));
          if (compared) rates.wllama.push(perSecond(compared));
        }
        return rates;
      } finally {
        await ours.close();
        await theirs?.close();
      }
    });
  }

  /** Milliseconds of a step by the page's engine for each number of workers, by turns: {1: [...], 2: [...], 4: [...]}. */
  workers(name) {
    return this.#once(`workers ${name}`, async () => {
      const model = theModel(name);
      const times = { 1: [], 2: [], 4: [] };
      const reported = { 1: [], 2: [], 4: [] };
      for (let round = 0; round < 2; round++) {
        for (const count of [1, 2, 4]) {
          this.say(`${model.title}: ${count} worker${count > 1 ? 's' : ''} through the page's engine`);
          const run = await this.#engineRun(model, count);
          if (run.workers === null && count > 1) throw new Skipped('The page of this build trains with one worker.');
          if (count > 1 && run.workers !== count) throw new Error(`The page trained with ${run.workers} workers in place of ${count}.`);
          times[count].push(...run.milliseconds);
          reported[count].push(...run.reported);
        }
      }
      return { times, reported };
    });
  }

  async #engineRun(model, workers) {
    const session = await this.chromium.session('engine');
    try {
      const { folder } = addressOf(model, this.chromium);
      return await session.ask('train', { folder, workers, warmUp: model.warmUp, steps: model.steps / 2 });
    } finally {
      await session.close();
    }
  }

  /** Milliseconds from navigation to ready, five times. */
  ready() {
    this.say('opening the page five times');
    return this.#once('ready', () => this.chromium.readyTimes(5));
  }

  native() {
    return this.#once('native', () => {
      this.say('native: cargo bench --bench native');
      return nativeLines();
    });
  }

  /** Steps that are timed: even, so that half of them comes before the opponents. */
  #steps(name) {
    return this.quick && name === 'smollm2' ? QUICK_STEPS : MODELS[name].steps;
  }

  #once(name, measure) {
    if (!this.#taken.has(name)) this.#taken.set(name, Promise.resolve().then(measure));
    return this.#taken.get(name);
  }
}

/** Bytes of a wasm file as a web server sends it: `gzip -9` (Node's own zlib packs 2 % worse). */
export function gzipped(path) {
  return execFileSync('gzip', ['-9', '-c', `${project}/${path}`], { maxBuffer: 2 ** 26 }).length;
}

/** Tokens per second from the first token on. wllama's own clock counts where it is the faster one. */
function perSecond({ tokens, milliseconds, ownMilliseconds = Infinity }) {
  if (!(tokens > 8)) throw new Error(`Only ${tokens} tokens were written: too few to measure.`);
  return (1000 * (tokens - 1)) / Math.min(milliseconds, ownMilliseconds);
}

/** @returns {Promise<{value: any} | {error: Error}>} */
async function settled(measure) {
  try {
    return { value: await measure() };
  } catch (error) {
    return { error };
  }
}
