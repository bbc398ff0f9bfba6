// What the library says, for comparison with the real PEFT: `node library.mjs train FOLDER TECHNIQUE` trains a prompt, writes its
// adapter and what the library makes of it; `node library.mjs read FOLDER` reads an adapter and says the same.
import { mkdirSync, writeFileSync } from 'node:fs';
import { SoftPrompt, Tuner } from '../../pkg/prompt_playground.js';
import { answer, bytes, chapter, greedy, model, project } from '../library/bundled.mjs';

const [what, folder, technique] = process.argv.slice(2);
let prompt;
if (what === 'train') {
  const tuner = Tuner.new(model, chapter.examples, { peft_type: technique, steps: 40, prompt_tuning_init_text: chapter.objective });
  for (let step = 0; step < 40; step++) tuner.step();
  prompt = tuner.softPrompt();
  const adapter = prompt.toPeft(model, {
    prefixToken: '[TECH_SUPPORT]', baseModel: `${project}www/models/bundled`, baseModelNote: '', settings: tuner.settings(),
    step: 40, heldOutLoss: null, examples: 10, heldOutExamples: 0, generation: greedy(80, 1.1),
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/adapter_config.json`, adapter.config);
  writeFileSync(`${folder}/adapter_model.safetensors`, adapter.weights);
  writeFileSync(`${folder}/README.md`, adapter.readme);
} else {
  prompt = SoftPrompt.fromPeft(model, bytes(`${folder}/adapter_config.json`), bytes(`${folder}/adapter_model.safetensors`)).softPrompt();
}
writeFileSync(`${folder}/library.json`, JSON.stringify({
  losses: chapter.examples.map((example) => model.loss([example], prompt).loss),
  answers: chapter.test.map((question) => ({ question, answer: answer(question, prompt, 80) })),
  penalised: chapter.test.map((question) => ({ question, answer: answer(question, prompt, 80, 1.1) })),
}));
