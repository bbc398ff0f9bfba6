// The library alone, without the page: Node 20 or later loads pkg/, trains a soft prompt and takes it to PEFT and back.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import init, { Model, SoftPrompt, Tuner } from '../../pkg/prompt_playground.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const file = (path) => readFileSync(`${project}/${path}`);
const chapter = JSON.parse(file('www/cases/smarthome.json'));
const GREEDY = { temperature: 0, top_p: 1, repetition_penalty: 1, max_new_tokens: 40, seed: 0 };

await init({ module_or_path: file('pkg/prompt_playground_bg.wasm') });
const bundled = (name) => new Uint8Array(file(`www/models/bundled/${name}`));
const model = Model.fromHf(bundled('config.json'), bundled('tokenizer.json'), bundled('model.safetensors'), bundled('tokenizer_config.json'));

function answer(question, softPrompt) {
  const generation = model.generation(question, undefined, softPrompt, GREEDY);
  let text = '';
  for (let part = generation.next(); part !== undefined && part !== null; part = generation.next()) text += part;
  generation.free();
  return text;
}

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
  assert.notEqual(answer(question, prompt), answer(question, undefined));

  const about = { prefixToken: '[A]', baseModel: 'here', baseModelNote: '', settings: tuner.settings(), step: 20, heldOutLoss: null, examples: 10, heldOutExamples: 0 };
  const adapter = prompt.toPeft(model, about);
  const loaded = SoftPrompt.fromPeft(model, new TextEncoder().encode(adapter.config), adapter.weights);
  assert.equal(loaded.baseModel(), 'here');
  assert.equal(loaded.initText(), chapter.objective);
  assert.deepEqual(loaded.softPrompt().vectors(), prompt.vectors());
  assert.equal(answer(question, loaded.softPrompt()), answer(question, prompt));
});

test('an error is a sentence with a kind', () => {
  assert.throws(() => Model.fromGguf(new Uint8Array(9)), (error) => error.kind === 'model' && /\.$/.test(error.message));
  assert.throws(() => SoftPrompt.fromVectors(model, new Float32Array(5)), (error) => error.kind === 'input' && /another model/.test(error.message));
});
