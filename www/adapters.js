// @ts-check
/** Trained prompts as files of Hugging Face PEFT: saved as a zip, opened from a zip or from the two files of a folder. */
import { CONFIG, LARGEST_WEIGHTS, PICKLE, WEIGHTS } from './adapter_files.js';
import { download } from './download.js';
import { engine } from './engine.js';
import { hubAddress, parseRepository } from './hub.js';
import { baseModel as usersBaseModel } from './model.js';
import { defaultsOf } from './protocol.js';
import { addNotice, closeNoticesAbout, generation, model, saveTrainedPrompt, softPromptOf, trainedPrompts } from './state.js';
import { sentenceOf } from './ui.js';

/** @typedef {import('./state.js').TrainedPrompt} TrainedPrompt */
/** @typedef {{name: string, config: Uint8Array, weights: Uint8Array}} AdapterFiles */

const LARGEST_CONFIG = 1e6;

/** Saves a prompt as the zip of a PEFT adapter's folder. @param {string} prefix @param {TrainedPrompt} prompt */
export async function saveAdapter(prefix, prompt) {
  const [name, base] = [fileName(prefix), usersBaseModel()];
  try {
    const files = await engine.request('exportAdapter', {
      softPrompt: softPromptOf(prompt),
      about: {
        prefixToken: prefix,
        baseModel: base.name,
        baseModelNote: base.note,
        settings: prompt.origin ? null : prompt.settings,
        step: prompt.step,
        averaged: prompt.averaged ?? 0,
        heldOutLoss: prompt.heldOutLoss,
        examples: prompt.examples ?? 0,
        heldOutExamples: prompt.heldOutExamples ?? 0,
        generation: generation.value,
      },
    });
    const { zipSync } = await import('./vendor/fflate/fflate.js');
    const zip = zipSync(Object.fromEntries(files.map((file) => [`${name}/${file.name}`, file.bytes])));
    download(`${name}.zip`, new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (zip)], { type: 'application/zip' }));
  } catch (error) {
    addNotice('error', `${prefix} could not be saved: ${sentenceOf(error)}`);
  }
}

/** Opens an adapter of the hub. @param {string} text "owner/name" or an address @returns {Promise<boolean>} whether it worked */
export async function openHubAdapter(text) {
  const found = parseRepository(text);
  if (!found || found.file !== '') {
    addNotice('error', `“${text.trim()}” is not the name of a repository. Write it as owner/name.`, null, 'adapter');
    return false;
  }
  const { repository, revision } = found;
  return keepAdapter(async () => ({
    name: repository.split('/')[1],
    ...await engine.request('fetchAdapter', { base: hubAddress.value, repository, revision }),
  }));
}

/** Opens an adapter from disk. @param {File[]} files */
export const openAdapter = (files) => keepAdapter(() => readFiles(files));

/** Keeps an adapter under a prefix token of its own. @param {() => Promise<AdapterFiles>} read @returns {Promise<boolean>} */
async function keepAdapter(read) {
  closeNoticesAbout('adapter');
  try {
    const adapter = await read();
    const { softPrompt, baseModel, initText } = await engine.request('importAdapter', { config: adapter.config, weights: adapter.weights });
    const prefix = freePrefix(adapter.name);
    const technique = softPrompt.kind === 'keys_values' ? 'PREFIX_TUNING' : 'PROMPT_TUNING'; // an encoder is not in an adapter
    const settings = { ...defaultsOf(technique), prefix_token: prefix, num_virtual_tokens: softPrompt.virtualTokens, prompt_tuning_init_text: initText };
    saveTrainedPrompt(prefix, {
      ...softPrompt, settings, step: 0, heldOutLoss: null, trainedAt: Date.now(),
      modelHash: model.value.info?.weightsHash ?? '', origin: adapter.name, examples: 0, heldOutExamples: 0,
    });
    const here = model.value.info?.name ?? 'the model that is loaded';
    const other = baseModel && baseModel !== usersBaseModel().name
      ? ` Its files say that it was trained on ${baseModel}; here it stands in front of ${here}. If that is another model, its answers make no sense.` : '';
    addNotice(other ? 'info' : 'success', `${adapter.name} was opened: ${softPrompt.virtualTokens} virtual tokens, now under ${prefix}.${other}`, null, 'adapter');
    return true;
  } catch (error) {
    addNotice('error', sentenceOf(error), null, 'adapter');
    return false;
  }
}

/** "[TECH_SUPPORT]" -> "tech-support" @param {string} prefix */
const fileName = (prefix) => prefix.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'soft-prompt';

/** A prefix token after a name, which no other prompt has. @param {string} name of a file, or a prefix token */
export function freePrefix(name) {
  const word = name.replace(/\.[a-z]+$/i, '').toUpperCase().replace(/[^A-Z0-9]+/g, '_').replace(/^_+|_+$/g, '').slice(0, 30) || 'ADAPTER';
  for (let number = 1; ; number++) {
    const prefix = number === 1 ? `[${word}]` : `[${word}_${number}]`;
    if (!trainedPrompts.value[prefix]) return prefix;
  }
}

// ---------------------------------------------------------------- reading files

/** Files that are whole, but not an adapter that can be opened. */
class Refused extends Error {}

/** @param {File[]} files @returns {Promise<AdapterFiles>} */
async function readFiles(files) {
  const zip = files.find((file) => /\.zip$/i.test(file.name));
  if (zip) return readZip(zip);
  const named = (/** @type {string} */ name) => files.find((file) => file.name === name);
  if (named(PICKLE) && !named(WEIGHTS)) throw new Error(PICKLE_REFUSED);
  const [config, weights] = [named(CONFIG), named(WEIGHTS)];
  if (!config || !weights) throw new Error(`An adapter is a zip, or the two files ${CONFIG} and ${WEIGHTS}: choose both of them at once.`);
  checkSize(CONFIG, config.size);
  checkSize(WEIGHTS, weights.size);
  return { name: 'adapter', config: await bytesOf(config), weights: await bytesOf(weights) };
}

const PICKLE_REFUSED =
  `${PICKLE} is a PyTorch pickle. Opening a pickle can run any code, so it is refused: save the adapter again with save_pretrained, which writes ${WEIGHTS}.`;

/** @param {string} name @param {number} bytes */
function checkSize(name, bytes) {
  if (name === CONFIG && bytes > LARGEST_CONFIG) throw new Refused(`${CONFIG} has ${Math.round(bytes / 1e6)} MB, far more than the config of an adapter. Choose the folder that PEFT's save_pretrained wrote.`);
  if (name === WEIGHTS && bytes > LARGEST_WEIGHTS) throw new Refused(`${WEIGHTS} has ${Math.round(bytes / 1e6)} MB; a soft prompt has at most ${LARGEST_WEIGHTS / 1e6} MB. It may be an adapter of another kind, such as LoRA.`);
}

/** @param {File} file */
async function bytesOf(file) {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} could not be read. Check that it still exists.`);
  }
}

/**
 * The two files of a zip, in whatever folder they lie. Nothing else is unpacked, and nothing that is too large or there
 * twice.
 * @param {File} file
 * @returns {Promise<AdapterFiles>}
 */
async function readZip(file) {
  if (file.size > LARGEST_WEIGHTS) throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; the zip of a soft prompt has at most ${LARGEST_WEIGHTS / 1e6} MB.`);
  const zip = await bytesOf(file);
  const { unzipSync } = await import('./vendor/fflate/fflate.js');
  const seen = /** @type {Set<string>} */ (new Set());
  const baseOf = (/** @type {string} */ path) => path.split('/').at(-1) ?? '';
  /** @type {Record<string, Uint8Array>} */
  let unpacked;
  try {
    unzipSync(zip, {
      filter: ({ name: path, originalSize }) => {
        const name = baseOf(path);
        if (seen.has(name) && [CONFIG, WEIGHTS].includes(name)) {
          throw new Refused(`${file.name} has more than one ${name}, so it is not clear which adapter is meant. Make a zip of one adapter’s folder alone.`);
        }
        checkSize(name, originalSize);
        seen.add(name);
        return false;
      },
    });
    if (seen.has(PICKLE) && !seen.has(WEIGHTS)) throw new Refused(PICKLE_REFUSED);
    for (const name of [CONFIG, WEIGHTS]) {
      if (!seen.has(name)) throw new Refused(`${file.name} has no ${name}, so it is not the zip of a PEFT adapter.`);
    }
    unpacked = unzipSync(zip, { filter: ({ name }) => [CONFIG, WEIGHTS].includes(baseOf(name)) });
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Error(`${file.name} cannot be unpacked: it is not a zip file, or a part of it is missing. Copy or download it again.`);
  }
  const found = (/** @type {string} */ name) => Object.entries(unpacked).find(([path]) => baseOf(path) === name)?.[1] ?? new Uint8Array();
  return { name: file.name.replace(/\.zip$/i, ''), config: found(CONFIG), weights: found(WEIGHTS) };
}
