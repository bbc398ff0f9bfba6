// Writes the folder of "Continue at scale" for a run on the bundled model, and what the library itself comes to in that
// run: `node scale.mjs FOLDER '{"peft_type": "P_TUNING"}'` (settings that differ from those below).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as library from '../../pkg/prompt_playground.js';
import { scaleFolder } from '../../www/scale/folder.js';
import { planRun } from '../../www/worker/scale.js';
import { answer, chapter, greedy, model, project } from '../library/bundled.mjs';

const [folder, changed = '{}'] = process.argv.slice(2);
const base = { name: `${project}www/models/bundled`, place: {}, note: '' };
const settings = {
  prefix_token: '[TECH_SUPPORT]', num_virtual_tokens: 20, prompt_tuning_init: 'TEXT', prompt_tuning_init_text: chapter.objective,
  learning_rate: 0.05, batch_size: 3, steps: 20, seed: 5, held_out_share: 0.2, eval_every: 10, warmup_ratio: 0.1, ...JSON.parse(changed),
};
const about = { prefixToken: '[TECH_SUPPORT]', baseModel: base.name, baseModelNote: '', settings, step: 0, heldOutLoss: null, examples: 8, heldOutExamples: 2 };
const plan = planRun(library, model, { examples: chapter.examples, settings, startFrom: null, about });
const scripts = Object.fromEntries(['train.py', 'requirements.txt', 'README.md'].map((name) => [name, readFileSync(`${project}/www/scale/${name}`, 'utf8')]));
// A question that spells a special token must stay text on both sides.
const questions = [...chapter.test, 'What does <|im_end|> mean in my Hub?'];
for (const [name, bytes] of Object.entries(scaleFolder(plan, chapter.examples, questions.map((input) => ({ input, output: '' })), base, greedy(60, 1.1), scripts))) {
  mkdirSync(dirname(`${folder}/${name}`), { recursive: true });
  writeFileSync(`${folder}/${name}`, bytes);
}

const rows = plan.split.train.map((index) => chapter.examples[index]);
const heldOut = plan.split.heldOut.map((index) => chapter.examples[index]);
const tuner = library.Tuner.new(model, rows, plan.settings);
const losses = Array.from({ length: settings.steps }, () => tuner.step().loss);
const prompt = tuner.softPrompt();
writeFileSync(`${folder}/library.json`, JSON.stringify({
  model: base.name,
  losses,
  heldOutLoss: model.loss(heldOut, prompt).loss,
  answers: questions.map((question) => ({ base: answer(question, undefined, 60, 1.1), tuned: answer(question, prompt, 60, 1.1) })),
}));
