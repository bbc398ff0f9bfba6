// The library alone, without the page: Node 20 or later loads pkg/, trains a soft prompt and takes it to PEFT and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GradientWorker, KeptPrompt, Model, SoftPrompt, Tuner, planDraws, planFolds, splitDataset } from '../../pkg/prompt_playground.js';
import { answer, chapter, model } from './bundled.mjs';

test('a soft prompt is trained, changes the answers, and leaves the model as it was', () => {
  const before = model.weightsHash();
  const tuner = Tuner.new(model, chapter.examples, { steps: 20, prompt_tuning_init_text: chapter.objective, learning_rate: 0.05 });
  const losses = Array.from({ length: 20 }, () => tuner.step().loss);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(mean(losses.slice(-4)) < 0.8 * mean(losses.slice(0, 4)), `losses ${losses}`);
  assert.equal(model.weightsHash(), before);

  const prompt = tuner.softPrompt();
  assert.equal(prompt.vectors().length, prompt.virtualTokens() * prompt.hiddenSize());
  const question = chapter.test[1];
  assert.notEqual(answer(question, prompt, 40), answer(question, undefined, 40));

  const about = { prefixToken: '[A]', baseModel: 'here', baseModelNote: '', settings: tuner.settings(), step: 20, heldOutLoss: null, examples: 10, heldOutExamples: 0 };
  const adapter = prompt.toPeft(model, about);
  const loaded = SoftPrompt.fromPeft(model, new TextEncoder().encode(adapter.config), adapter.weights);
  assert.equal(loaded.baseModel(), 'here');
  assert.equal(loaded.initText(), chapter.objective);
  assert.deepEqual(loaded.softPrompt().vectors(), prompt.vectors());
  assert.equal(answer(question, loaded.softPrompt(), 40), answer(question, prompt, 40));
});

test('the batches of a run are known before it begins', () => {
  const settings = { steps: 6, batch_size: 4, prompt_tuning_init_text: chapter.objective };
  const tuner = Tuner.new(model, chapter.examples, settings);
  const planned = tuner.plannedBatches(6).map((batch) => [...batch]);
  assert.deepEqual(tuner.plannedBatches(6).map((batch) => [...batch]), planned, 'asking uses nothing up');
  assert.deepEqual([...planned[0], ...planned[1], ...planned[2].slice(0, 2)].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const rows = planned[0].map((index) => chapter.examples[index]);
  assert.ok(Math.abs(tuner.step().loss - model.loss(rows, Tuner.new(model, chapter.examples, settings).softPrompt()).loss) < 1e-5);
  assert.deepEqual([...tuner.plannedBatches(1)[0]], planned[1]);
});

/** A short run of few virtual tokens. @param {object} [more] settings */
const short = (more = {}) => Tuner.new(model, chapter.examples, { steps: 2, num_virtual_tokens: 4, prompt_tuning_init_text: 'Be kind.', ...more });

test('a run that goes on keeps every setting that is not named', () => {
  const tuner = short({ learning_rate: 0.3, batch_size: 2, seed: 9, lr_scheduler_type: 'constant', weight_decay: 0.1, max_grad_norm: 0, prefix_token: '[PIR]' });
  tuner.step();
  const longer = Tuner.resume(model, chapter.examples, tuner.saveState(), { steps: 50 });
  assert.deepEqual(longer.settings(), { ...tuner.settings(), steps: 50 });
  const other = Tuner.resume(model, chapter.examples, tuner.saveState(), { peft_type: 'PREFIX_TUNING', num_virtual_tokens: 9 });
  assert.deepEqual(other.settings(), tuner.settings(), 'the technique stays');
  assert.throws(() => Tuner.resume(model, chapter.examples, tuner.saveState(), { learning_rate: NaN }), (error) => error.kind === 'input' && /learning rate/i.test(error.message));
});

test('after its last planned step a decaying rate stays 0', () => {
  for (const [lr_scheduler_type, warmup_ratio] of [['linear', 0], ['cosine', 0], ['linear', 1], ['cosine', 1]]) {
    const tuner = short({ lr_scheduler_type, warmup_ratio });
    const rates = Array.from({ length: 5 }, () => tuner.step().learningRate);
    assert.ok(rates[1] > 0, `${rates}`);
    assert.deepEqual(rates.slice(2), [0, 0, 0], lr_scheduler_type);
  }
});

test('numbers that count nothing are refused, and nothing is lost', () => {
  const tuner = short();
  const calls = {
    splitDataset: () => splitDataset(-1, 0.2, 0), planFolds: () => planFolds(10, 2.5, 0), planManyFolds: () => planFolds(25_000, 25_000, 0), planDraws: () => planDraws(NaN, 3, true, 0),
    plannedBatches: () => tuner.plannedBatches(-1), manyBatches: () => tuner.plannedBatches(1e9), nearestTokens: () => tuner.softPrompt().nearestTokens(model, -1),
    gradientWorker: () => GradientWorker.new(model, chapter.examples, -1),
  };
  for (const [name, call] of Object.entries(calls)) assert.throws(call, (error) => error.kind === 'input' && /must be a whole number from 0 to \d+, and it is/.test(error.message), name);
  assert.ok(tuner.step().loss > 0);
  const batch = { exampleTokens: [30, 40], responseTokens: 30, virtualTokens: 8, batchSize: 1e9 };
  assert.equal(model.largestBatch(batch, 1e12), 1e9);
  assert.equal(model.largestBatch(batch, 0), 0);
});

test('a setting of the wrong kind is named', () => {
  assert.throws(() => short({ steps: '10' }), (error) => error.kind === 'input' && /^The setting steps: .*string "10"/.test(error.message));
  assert.throws(() => Tuner.new(model, [{ input: 'a' }], {}), (error) => error.kind === 'input' && /output/.test(error.message));
});

test('prompts of different sizes or kinds have no mean', () => {
  const kept = KeptPrompt.new();
  const prompt = short().softPrompt();
  assert.equal(kept.offer(1, 2, prompt), 'lowest');
  for (const other of [short({ num_virtual_tokens: 5 }), short({ peft_type: 'PREFIX_TUNING' })].map((tuner) => tuner.softPrompt())) {
    for (const call of [() => kept.offer(2, 1, other), () => kept.meanWith(other), () => kept.take(2, other, 2)]) assert.throws(call, (error) => error.kind === 'input' && /another size or kind/.test(error.message));
  }
  assert.deepEqual([kept.count(), kept.softPrompt()?.vectors()], [1, prompt.vectors()]);
});

test('an adapter is one that PEFT reads, whatever its model is called', () => {
  const about = { prefixToken: '[A]', baseModel: '', baseModelNote: '', settings: short().settings(), step: 2, heldOutLoss: null, examples: 10, heldOutExamples: 0 };
  const unnamed = JSON.parse(short().softPrompt().toPeft(model, about).config);
  assert.deepEqual([unnamed.prompt_tuning_init, unnamed.prompt_tuning_init_text, unnamed.tokenizer_name_or_path], ['RANDOM', null, null]);
  const baseModel = 'C:\\Users\\a "model"';
  const { config, readme } = short().softPrompt().toPeft(model, { ...about, baseModel, settings: { steps: 2 } });
  assert.equal(JSON.parse(config).base_model_name_or_path, baseModel);
  for (const line of ['base_model: ', 'base = ']) assert.ok(readme.includes(`\n${line}"C:\\\\Users\\\\a \\"model\\""\n`), readme);
});

test('an error is a sentence with a kind', () => {
  assert.throws(() => Model.fromGguf(new Uint8Array(9)), (error) => error.kind === 'model' && /\.$/.test(error.message));
  assert.throws(() => SoftPrompt.fromVectors(model, new Float32Array(512), 512), (error) => error.kind === 'input' && /another model/.test(error.message));
});
