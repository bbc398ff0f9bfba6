// What the techniques reach with which settings, on the bundled model, as the page trains, keeps and answers: eight of a
// company's ten examples are trained on, two choose the prompt, ten unseen questions are asked. It chose the defaults of
// src/settings.rs (`default_of`). The answers go to target/techniques/, where pretrain/score_answers.py measures them.
//   node benches/techniques.mjs [REGEX of names] [COMPANIES, comma separated]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import init, { KeptPrompt, Model, Tuner } from '../pkg/prompt_playground.js';

const project = new URL('..', import.meta.url);
const bytes = (path) => new Uint8Array(readFileSync(new URL(path, project)));
await init({ module_or_path: bytes('pkg/prompt_playground_bg.wasm') });
const file = (name) => bytes(`www/models/bundled/${name}`);
const model = Model.fromHf(file('config.json'), file('tokenizer.json'), file('model.safetensors'), file('tokenizer_config.json'));

const [wanted = '.', companies = 'coffee,game_studio,gym,museum,pharmacy,plumber'] = process.argv.slice(2);
const GREEDY = { temperature: 0, top_p: 1, repetition_penalty: 1.1, max_new_tokens: 160, seed: 0 };
const HELD_OUT = 2;

/** Name -> settings, besides those that all have. */
const ways = {};
const add = (name, settings) => { ways[name] = settings; };
for (const tokens of [20, 64]) {
  const num_virtual_tokens = tokens;
  add(`prompt-${tokens}`, { num_virtual_tokens });
  for (const learning_rate of [0.03, 0.06, 0.1]) add(`prefix-${tokens}-${learning_rate}`, { peft_type: 'PREFIX_TUNING', learning_rate, num_virtual_tokens });
  for (const learning_rate of [0.001, 0.003]) add(`prefix-mlp-${tokens}-${learning_rate}`, { peft_type: 'PREFIX_TUNING', learning_rate, num_virtual_tokens, prefix_projection: true });
  for (const learning_rate of [0.003, 0.006, 0.012]) add(`p-mlp-${tokens}-${learning_rate}`, { peft_type: 'P_TUNING', learning_rate, num_virtual_tokens });
  for (const learning_rate of [0.001, 0.003]) add(`p-lstm-${tokens}-${learning_rate}`, { peft_type: 'P_TUNING', learning_rate, num_virtual_tokens, encoder_reparameterization_type: 'LSTM' });
}

function answer(question, prompt) {
  const generation = model.generation(question, undefined, prompt, GREEDY);
  let text = '';
  for (let part = generation.next(); part !== undefined; part = generation.next()) text += part;
  generation.free();
  return text;
}

/** The prompt that the page would keep (www/worker/kept.js), and what a step took. */
function train(examples, objective, settings) {
  const [rows, heldOut] = [examples.slice(0, -HELD_OUT), examples.slice(-HELD_OUT)];
  const tuner = Tuner.new(model, rows, { prompt_tuning_init_text: objective, ...settings });
  const { steps, eval_every } = tuner.settings();
  const kept = KeptPrompt.new();
  const offer = (step) => {
    const prompt = tuner.softPrompt();
    if (kept.offer(step, model.loss(heldOut, prompt).loss, prompt) === 'near') kept.take(step, prompt, model.loss(heldOut, kept.meanWith(prompt)).loss);
  };
  offer(0);
  let milliseconds = 0;
  for (let step = 1; step <= steps; step++) {
    milliseconds += tuner.step().milliseconds;
    if (step % eval_every === 0 || step === steps) offer(step);
  }
  return { prompt: kept.softPrompt(), steps: [...kept.steps()], ms: milliseconds / steps, numbers: tuner.trainedNumbers() };
}

const folder = new URL('target/techniques/', project);
mkdirSync(folder, { recursive: true });
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
for (const [name, settings] of Object.entries(ways).filter(([name]) => new RegExp(wanted).test(name))) {
  const answers = {};
  const rows = companies.split(',').map((company) => {
    const { examples, unseen, objective } = JSON.parse(readFileSync(new URL(`pretrain/companies/${company}.json`, project), 'utf8'));
    const pairs = (list) => list.map(({ input, output }) => ({ input, output }));
    const { prompt, ...run } = train(pairs(examples), objective, settings);
    answers[company] = unseen.map(({ input }) => ({ input, answer: answer(input, prompt) }));
    return { loss: model.loss(pairs(unseen), prompt).loss, ...run };
  });
  writeFileSync(new URL(`${name}.json`, folder), JSON.stringify(answers, null, 1));
  console.log(`${name.padEnd(18)} unseen ${mean(rows.map(({ loss }) => loss)).toFixed(3)} (${rows.map(({ loss }) => loss.toFixed(2)).join(' / ')}), kept ${rows.map(({ steps }) => steps.join('-')).join(' / ')}, ${mean(rows.map(({ ms }) => ms)).toFixed(0)} ms a step, ${rows[0].numbers} numbers`);
}
