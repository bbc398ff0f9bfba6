// The library from pkg/ in Node, with the bundled model and the chapter's case.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import init, { Model } from '../../pkg/prompt_playground.js';

export const project = fileURLToPath(new URL('../..', import.meta.url));
export const bytes = (path) => new Uint8Array(readFileSync(path));
export const chapter = JSON.parse(readFileSync(`${project}/www/cases/smarthome.json`, 'utf8'));

await init({ module_or_path: bytes(`${project}/pkg/prompt_playground_bg.wasm`) });
const file = (name) => bytes(`${project}/www/models/bundled/${name}`);
export const model = Model.fromHf(file('config.json'), file('tokenizer.json'), file('model.safetensors'), file('tokenizer_config.json'));

/** Greedy decoding, without a repetition penalty unless one is given. */
export const greedy = (longest, penalty = 1) => ({ temperature: 0, top_p: 1, repetition_penalty: penalty, max_new_tokens: longest, seed: 0 });

/** The greedy answer. */
export function answer(question, softPrompt, longest, penalty) {
  const settings = greedy(longest, penalty);
  const generation = model.generation(question, undefined, softPrompt, settings);
  let text = '';
  for (let part = generation.next(); part !== undefined; part = generation.next()) text += part;
  generation.free();
  return text;
}
