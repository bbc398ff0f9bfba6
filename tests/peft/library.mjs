// What the library says, for comparison with the real PEFT: `node library.mjs train FOLDER` trains a prompt, writes its
// adapter and what the library makes of it; `node library.mjs read FOLDER` reads an adapter and says the same.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import init, { Model, SoftPrompt, Tuner } from '../../pkg/prompt_playground.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const bytes = (path) => new Uint8Array(readFileSync(path));
const bundled = (name) => bytes(`${project}/www/models/bundled/${name}`);
const chapter = JSON.parse(readFileSync(`${project}/www/cases/smarthome.json`, 'utf8'));
const GREEDY = { temperature: 0, top_p: 1, repetition_penalty: 1, max_new_tokens: 80, seed: 0 };

const [what, folder] = process.argv.slice(2);
await init({ module_or_path: bytes(`${project}/pkg/prompt_playground_bg.wasm`) });
const model = Model.fromHf(bundled('config.json'), bundled('tokenizer.json'), bundled('model.safetensors'), bundled('tokenizer_config.json'));

function answer(question, softPrompt) {
  const generation = model.generation(question, undefined, softPrompt, GREEDY);
  let text = '';
  for (let part = generation.next(); part !== undefined; part = generation.next()) text += part;
  return text;
}

let prompt;
if (what === 'train') {
  const tuner = Tuner.new(model, chapter.examples, { steps: 40, prompt_tuning_init_text: chapter.objective });
  for (let step = 0; step < 40; step++) tuner.step();
  prompt = tuner.softPrompt();
  const adapter = prompt.toPeft(model, {
    prefixToken: '[TECH_SUPPORT]', baseModel: `${project}www/models/bundled`, baseModelNote: '', settings: tuner.settings(),
    step: 40, heldOutLoss: null, examples: 10, heldOutExamples: 0,
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
  answers: chapter.test.map((question) => ({ question, answer: answer(question, prompt) })),
}));
