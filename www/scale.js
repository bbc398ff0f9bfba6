// @ts-check
/** "Continue at scale": the run of the page as a folder that trains the same soft prompt with PEFT and Accelerate. */
import { download } from './download.js';
import { engine } from './engine.js';
import { baseModel } from './model.js';
import { scaleFolder } from './scale/folder.js';
import { readInquiry } from './inquiry.js';
import { addNotice, effectiveSettings, generation, startPrompt, testRows, usableExamples } from './state.js';
import { sentenceOf } from './ui.js';

const FOLDER = 'prompt-tuning-at-scale';
const SCRIPTS = ['train.py', 'requirements.txt', 'README.md'];

/** Gives the person the folder as a zip. */
export async function saveRunForScale() {
  try {
    const examples = usableExamples.value;
    const settings = effectiveSettings.value;
    const base = baseModel();
    const plan = await engine.request('planRun', {
      examples, settings, startFrom: startPrompt.value,
      about: {
        prefixToken: settings.prefix_token, baseModel: base.name, baseModelNote: base.note, settings, step: 0, heldOutLoss: null,
        examples: examples.length, heldOutExamples: 0, generation: generation.value,
      },
    });
    const scripts = await Promise.all(SCRIPTS.map(async (name) => /** @type {[string, string]} */ ([name, await script(name)])));
    const test = testRows.value.map(({ question, reference }) => ({ input: readInquiry(question, settings.prefix_token).text, output: reference })).filter(({ input }) => input !== '');
    const files = scaleFolder(plan, examples, test, base, generation.value, Object.fromEntries(scripts));
    const { zipSync } = await import('./vendor/fflate/fflate.js');
    const zip = zipSync(Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${FOLDER}/${name}`, bytes])));
    download(`${FOLDER}.zip`, new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (zip)], { type: 'application/zip' }));
  } catch (error) {
    addNotice('error', `The run could not be exported: ${sentenceOf(error)}`);
  }
}

/** @param {string} name */
async function script(name) {
  const response = await fetch(new URL(`./scale/${name}`, document.baseURI)).catch(() => null);
  if (!response?.ok) throw new Error(`${name} could not be loaded. Check the connection and try again.`);
  return response.text();
}
