// The rows of the table: what each says, its bar, and how it is read out of the measurements (lab.mjs).
import { cpus } from 'node:os';
import { gzipped } from './lab.mjs';
import { MODELS } from './models.mjs';
import { Skipped } from './programs.mjs';
import { digits, median, milliseconds, spreadOf } from './table.mjs';

const MIB = 2 ** 20;
const TRAINED = Object.keys(MODELS);

/**
 * A row. `measure` resolves to what it shows: `measured` (text with the unit), `met` (where there is a bar), `note`,
 * and `data` (the samples, for results.json).
 * @typedef {{id: string, what: string, bar?: string,
 *            measure: (lab: import('./lab.mjs').Lab) => Promise<{measured: string, met?: boolean, note?: string, data?: any}>}} Row
 */

/** @type {Row[]} */
export const ROWS = [
  kernelRow('relaxed-simd', 0.85),
  kernelRow('simd128'),
  ...TRAINED.flatMap((name) => [stepRow(name), flopRow(name), peftRow(name, name === 'smollm2' ? 0.9 : 1), peftAvx2Row(name)]),
  candleRow('random-5.7m', 5),
  stepRow('bundled', 'simd128'),
  stepRow('random-5.7m', 'simd128'),
  memoryRow('bundled', 120, '120 MiB'),
  memoryRow('smollm2', 1.2 * 1024, '1.2 GiB'),
  {
    id: 'decode/bundled',
    what: 'decoding, bundled LM',
    bar: '400 tokens/s or more',
    async measure(lab) {
      const { ours, tokens } = await lab.decoding('bundled');
      const rate = median(ours);
      return { measured: `${digits(rate)} tokens/s`, met: rate >= 400, note: `${spreadOf(ours, 'tokens/s')}; ${tokens} tokens each`, data: ours };
    },
  },
  {
    id: 'decode/smollm2',
    what: 'decoding, SmolLM2-135M (Q4_1) against wllama, one thread',
    bar: 'not slower than wllama',
    async measure(lab) {
      const { ours, wllama, tokens, version } = await lab.decoding('smollm2');
      const ratio = median(ours) / median(wllama);
      return {
        measured: `${digits(median(ours))} tokens/s, ${digits(ratio)} x wllama`,
        met: ratio >= 1,
        note: `${spreadOf(ours, 'tokens/s')}; wllama (llama.cpp ${version}) ${digits(median(wllama))} tokens/s, ${spreadOf(wllama, 'tokens/s')}; ${tokens} tokens each, by turns`,
        data: { ours, wllama },
      };
    },
  },
  ...['bundled', 'random-5.7m'].flatMap((name) => [1, 2, 4].map((count) => workersRow(name, count))),
  {
    id: 'ready',
    what: 'page opened to ready to train, bundled LM, nothing cached',
    bar: '1.5 s or less',
    async measure(lab) {
      const times = await lab.ready();
      return { measured: `${digits(median(times) / 1000)} s`, met: median(times) <= 1500, note: spreadOf(times), data: times };
    },
  },
  sizeRow('relaxed-simd', 'pkg/prompt_playground_relaxed_bg.wasm'),
  sizeRow('simd128', 'pkg/prompt_playground_bg.wasm'),
  ...TRAINED.map(nativeRow),
];

/** @returns {Row} */
function kernelRow(simd, bar) {
  return {
    id: `kernel/${simd}`,
    what: `matrix kernel in Chromium, ${simd}: share of the best register-tile loop`,
    bar: bar && `${bar * 100} % or more`,
    async measure(lab) {
      const { loop, products } = await lab.kernel(simd);
      const peak = median(loop);
      const rates = products.flatMap(({ forward, backward }) => [median(forward), median(backward)]);
      const lowest = Math.min(...rates) / peak;
      const each = Object.values(MODELS).map(({ product }, index) =>
        `${product.shape.join(' x ')} ${digits(rates[2 * index])} and ${digits(rates[2 * index + 1])}`);
      return {
        measured: `${digits(100 * lowest)} %`,
        met: lowest >= bar,
        note: `the lowest of, forward and backward: ${each.join(', ')} GFLOP/s; the loop ${digits(peak)} GFLOP/s (${spreadOf(loop, 'GFLOP/s')})`,
        data: { loop, products },
      };
    },
  };
}

/** @returns {Row} */
function stepRow(name, simd) {
  return {
    id: simd ? `step/${name}/${simd}` : `step/${name}`,
    what: `training step, ${MODELS[name].title}${simd ? `, ${simd} build` : ''}`,
    async measure(lab) {
      const run = await lab.training(name, simd);
      return {
        measured: milliseconds(run.milliseconds),
        note: `${spreadOf(run.milliseconds)}; ${run.simd} build; first loss ${run.firstLoss.toFixed(4)}${fewer(lab, name)}`,
        data: run,
      };
    },
  };
}

/** @returns {Row} */
function flopRow(name) {
  return {
    id: `flops/${name}`,
    what: `work per second in a step, ${MODELS[name].title}`,
    async measure(lab) {
      const run = await lab.training(name);
      if (run.flop === null) throw new Skipped('This build does not count its floating-point operations.');
      if (!(run.flop > 0)) throw new Error(`The library counts ${run.flop} floating-point operations in a step.`);
      const rate = run.flop / median(run.milliseconds) / 1e6;
      const peak = await lab.kernel(run.simd).then(({ loop }) => Math.max(...loop), (error) => error);
      const share = typeof peak === 'number' ? `, ${digits((100 * rate) / peak)} % of the peak` : '';
      return {
        measured: `${digits(rate)} GFLOP/s${share}`,
        note: `${digits(run.flop / 1e9)} GFLOP a step${share ? '' : `; share of the peak: ${peak.message}`}`,
        data: { flop: run.flop, gflops: rate, peak: typeof peak === 'number' ? peak : null },
      };
    },
  };
}

/** @returns {Row} */
function peftRow(name, bar) {
  return {
    id: `peft/${name}`,
    what: `speed of a step, ${MODELS[name].title}: Chromium against PyTorch + PEFT native`,
    bar: `${bar.toFixed(1)} x or more`,
    async measure(lab) {
      const run = await lab.training(name);
      const peft = opened(run.peft);
      sameWork(run.firstLoss, peft.first_loss, 'PEFT');
      const ratio = median(peft.step_ms) / median(run.milliseconds);
      return {
        measured: `${digits(ratio)} x`,
        met: ratio >= bar,
        note: `PEFT ${milliseconds(peft.step_ms)} (${spreadOf(peft.step_ms)}), ${peft.threads} thread; first loss ${peft.first_loss.toFixed(4)}${fewer(lab, name)}`,
        data: peft,
      };
    },
  };
}

/** The same opponent without AVX-512, which most laptops do not have. @returns {Row} */
function peftAvx2Row(name) {
  return {
    id: `peft-avx2/${name}`,
    what: `the same, PyTorch kept to AVX2 (256-bit instructions), ${MODELS[name].title}`,
    async measure(lab) {
      const run = await lab.training(name);
      const peft = opened(run.peftAvx2);
      sameWork(run.firstLoss, peft.first_loss, 'PEFT');
      const ratio = median(peft.step_ms) / median(run.milliseconds);
      return { measured: `${digits(ratio)} x`, note: `PEFT ${milliseconds(peft.step_ms)} (${spreadOf(peft.step_ms)})`, data: peft };
    },
  };
}

/** @returns {Row} */
function candleRow(name, bar) {
  return {
    id: `candle/${name}`,
    what: `speed of a step, ${MODELS[name].title}: against plain candle autograd in Chromium`,
    bar: `${bar} x or more`,
    async measure(lab) {
      const run = await lab.training(name);
      const plain = opened(run.plain);
      sameWork(run.firstLoss, plain.firstLoss, 'Plain candle');
      const ratio = median(plain.milliseconds) / median(run.milliseconds);
      return { measured: `${digits(ratio)} x`, met: ratio >= bar, note: `plain candle ${milliseconds(plain.milliseconds)} (${spreadOf(plain.milliseconds)})`, data: plain };
    },
  };
}

/** @returns {Row} */
function memoryRow(name, mebibytes, bar) {
  return {
    id: `memory/${name}`,
    what: `peak wasm memory while training, ${MODELS[name].title}`,
    bar: `${bar} or less`,
    async measure(lab) {
      const { peakMemory } = await lab.training(name);
      return { measured: `${digits(peakMemory / MIB)} MiB`, met: peakMemory <= mebibytes * MIB, note: 'size of the memory after the steps; it never shrinks', data: peakMemory };
    },
  };
}

/** @returns {Row} */
function workersRow(name, count) {
  return {
    id: `workers/${name}/${count}`,
    what: `training step through the page's engine, ${MODELS[name].title}, ${count} worker${count > 1 ? 's' : ''}`,
    bar: count === 2 ? '1.8 x or more of one worker, on two cores' : undefined,
    async measure(lab) {
      const { times, reported } = await lab.workers(name);
      const faster = median(times[1]) / median(times[count]);
      return {
        measured: `${milliseconds(times[count])}${count > 1 ? `, ${digits(faster)} x` : ''}`,
        met: faster >= 1.8,
        note: `${spreadOf(times[count])} between two steps on the page; the library says ${milliseconds(reported[count])}; ${cpus().length} cores here`,
        data: { between: times[count], reported: reported[count] },
      };
    },
  };
}

/** @returns {Row} */
function sizeRow(simd, path) {
  return {
    id: `size/${simd}`,
    what: `wasm file, gzip -9, ${simd} build`,
    bar: '900 KiB or less',
    async measure() {
      const bytes = gzipped(path);
      return { measured: `${digits(bytes / 1024)} KiB`, met: bytes <= 900 * 1024, note: path, data: bytes };
    },
  };
}

/** @returns {Row} */
function nativeRow(name) {
  return {
    id: `native/${name}`,
    what: `the same crate natively, ${MODELS[name].title}`,
    async measure(lab) {
      const line = (await lab.native()).find(({ model }) => model === name);
      if (!line) throw new Skipped(`benches/native.rs printed no line for "${name}".`);
      const decoding = line.decode_tokens_per_second ? `; decoding ${digits(line.decode_tokens_per_second)} tokens/s` : '';
      return { measured: `${digits(line.ms_per_step)} ms`, note: `${line.gflops ? `${digits(line.gflops)} GFLOP/s` : ''}${decoding}`, data: line };
    },
  };
}

/** The opponent's measurement, or the reason why there is none. */
function opened(settled) {
  if (settled.error) throw settled.error;
  return settled.value;
}

/** Two programs that begin with different losses do not compute the same thing, so their times say nothing. */
function sameWork(ours, theirs, name) {
  if (!(Math.abs(ours - theirs) <= 2e-3 * Math.abs(ours))) {
    throw new Error(`${name} begins with loss ${theirs} and ours with ${ours}: they do not compute the same step.`);
  }
}

function fewer(lab, name) {
  return lab.quick && name === 'smollm2' ? '; QUICK=1: too few steps for a claim' : '';
}
