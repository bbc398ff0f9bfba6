// What the techniques reach with which settings, on the bundled model: the loss on unseen questions and the share of the
// written checks that the greedy answers satisfy. It chose the defaults of src/settings.rs (`default_of`).
//   node benches/techniques.mjs [REGEX of names] [COMPANIES, comma separated]
import { readFileSync } from 'node:fs';
import init, { Model, Tuner, matchPatterns } from '../pkg/prompt_playground.js';

const project = new URL('..', import.meta.url);
const bytes = (path) => new Uint8Array(readFileSync(new URL(path, project)));
await init({ module_or_path: bytes('pkg/prompt_playground_bg.wasm') });
const file = (name) => bytes(`www/models/bundled/${name}`);
const model = Model.fromHf(file('config.json'), file('tokenizer.json'), file('model.safetensors'), file('tokenizer_config.json'));

const [wanted = '.', companies = 'smarthome,gym,museum'] = process.argv.slice(2);
const GREEDY = { temperature: 0, top_p: 1, repetition_penalty: 1, max_new_tokens: 120, seed: 0 };
const STEPS = 100;

/** Name -> settings, besides those that all have. */
const ways = {};
const add = (name, settings) => { ways[name] = settings; };
add('prompt 0.05', { learning_rate: 0.05 });
for (const rate of [0.01, 0.03, 0.05, 0.07, 0.1]) add(`prefix ${rate}`, { peft_type: 'PREFIX_TUNING', learning_rate: rate });
for (const rate of [0.01, 0.03]) add(`prefix zero ${rate}`, { peft_type: 'PREFIX_TUNING', learning_rate: rate, prompt_tuning_init: 'ZERO' });
for (const rate of [0.001, 0.003, 0.01]) add(`prefix mlp ${rate}`, { peft_type: 'PREFIX_TUNING', learning_rate: rate, prefix_projection: true });
for (const rate of [0.001, 0.003, 0.01]) add(`p mlp text ${rate}`, { peft_type: 'P_TUNING', learning_rate: rate });
for (const rate of [0.001, 0.003]) add(`p lstm text ${rate}`, { peft_type: 'P_TUNING', learning_rate: rate, encoder_reparameterization_type: 'LSTM' });
for (const rate of [0.003, 0.01]) add(`p mlp random ${rate}`, { peft_type: 'P_TUNING', learning_rate: rate, prompt_tuning_init: 'RANDOM' });

function answer(question, prompt) {
  const generation = model.generation(question, undefined, prompt, GREEDY);
  let text = '';
  for (let part = generation.next(); part !== undefined; part = generation.next()) text += part;
  generation.free();
  return text;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
for (const [name, settings] of Object.entries(ways).filter(([name]) => new RegExp(wanted).test(name))) {
  const rows = companies.split(',').map((company) => {
    const { examples, unseen, objective, checks } = JSON.parse(readFileSync(new URL(`pretrain/companies/${company}.json`, project), 'utf8'));
    const pairs = (list) => list.map(({ input, output }) => ({ input, output }));
    const tuner = Tuner.new(model, pairs(examples), { prompt_tuning_init_text: objective, steps: STEPS, held_out_share: 0, ...settings });
    let milliseconds = 0;
    for (let step = 1; step <= STEPS; step++) milliseconds += tuner.step().milliseconds;
    const prompt = tuner.softPrompt();
    const patterns = checks.filter(({ kind, guard }) => !guard && ['contains', 'starts_with', 'ends_with', 'regex'].includes(kind)).map(({ kind, value }) => ({ kind, value }));
    const answers = unseen.map(({ input }) => answer(input, prompt));
    const held = matchPatterns(answers, patterns).matches.flat();
    return { train: model.loss(pairs(examples), prompt).loss, loss: model.loss(pairs(unseen), prompt).loss, base: model.loss(pairs(unseen), undefined).loss, checks: held.length > 0 ? mean(held.map(Number)) : NaN, ms: milliseconds / STEPS, numbers: tuner.trainedNumbers() };
  });
  const each = (key, digits) => rows.map((row) => row[key].toFixed(digits)).join(' / ');
  console.log(`${name.padEnd(20)} unseen ${mean(rows.map((r) => r.loss)).toFixed(3)} (${each('loss', 2)}; base ${each('base', 2)}), training ${mean(rows.map((r) => r.train)).toFixed(3)}, checks ${(100 * mean(rows.map((r) => r.checks))).toFixed(0)} % (${each('checks', 2)}), ${mean(rows.map((r) => r.ms)).toFixed(0)} ms, ${rows[0].numbers} numbers`);
}
