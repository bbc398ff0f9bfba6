// The library alone, without the page: Node 20 or later loads pkg/, trains a soft prompt and takes it to PEFT and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model, SoftPrompt, Tuner } from '../../pkg/prompt_playground.js';
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

test('an error is a sentence with a kind', () => {
  assert.throws(() => Model.fromGguf(new Uint8Array(9)), (error) => error.kind === 'model' && /\.$/.test(error.message));
  assert.throws(() => SoftPrompt.fromVectors(model, new Float32Array(512), 512), (error) => error.kind === 'input' && /another model/.test(error.message));
});
