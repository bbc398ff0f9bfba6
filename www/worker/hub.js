// @ts-check
/** A model repository of the Hugging Face hub, or of a mirror that answers as it does: what is in it, which of its files
 * make the model, and what went wrong, in a sentence. The hub's interface: https://huggingface.co/docs/hub/api */
import { collect, MissingFile, ModelFileError, ServerError } from './byte_stream.js';

/** @typedef {import('../protocol.js').HubSource} HubSource */
/** `sha256`: in hexadecimal, "" where the hub does not say it (small files). `url`: where it lies.
 * @typedef {{name: string, size: number, sha256: string, url: string}} HubFile */
/** `base`: the address of the hub, without a slash at its end. `revision` is the commit, so that a later change of the repository can't mix with what is stored.
 * @typedef {{base: string, repository: string, revision: string, licence: string, files: HubFile[]}} HubListing */

/** The largest model that is tried: wasm addresses 4 GiB, and while it is read it is there twice. */
export const LARGEST = 2e9;
/** Why a pickle is not opened. */
export const PICKLE =
  'Its weights are only there as a PyTorch pickle (.bin). Opening a pickle can run any code, so it is refused: choose a model with safetensors or GGUF files.';
const WANTED = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];
/** A listing beyond this is no model's. */
const LARGEST_LISTING = 16e6;
const SHARD = /^model-(\d{5})-of-(\d{5})\.safetensors$/;

/**
 * @param {HubSource} source
 * @param {AbortSignal} signal
 * @returns {Promise<HubListing>}
 */
export async function listRepository({ base, repository, revision, file }, signal) {
  const root = base.replace(/\/+$/, '');
  const answer = await fetchJson(`${root}/api/models/${repository}/revision/${encodeURIComponent(revision || 'main')}?blobs=true`, root, repository, signal);
  const siblings = Array.isArray(answer.siblings) ? answer.siblings : null;
  if (!siblings || typeof answer.sha !== 'string') throw new ModelFileError(notTheHub(root));
  const commit = answer.sha;
  const every = siblings.filter((/** @type {any} */ one) => typeof one?.rfilename === 'string').map((/** @type {any} */ one) => ({
    name: /** @type {string} */ (one.rfilename),
    size: Number(one.lfs?.size ?? one.size),
    sha256: /^[0-9a-f]{64}$/.test(one.lfs?.sha256) ? one.lfs.sha256 : '',
  }));
  const files = filesOfModel(every, repository, file).map((one) => {
    if (!Number.isSafeInteger(one.size) || one.size <= 0) throw new ModelFileError(`The hub does not say how large ${one.name} of ${repository} is. Try again, or download the files yourself and open them from disk.`);
    return { ...one, url: `${root}/${repository}/resolve/${commit}/${one.name.split('/').map(encodeURIComponent).join('/')}` };
  });
  const bytes = totalSize(files);
  if (bytes > LARGEST) {
    throw new ModelFileError(`${repository} has ${(bytes / 1e9).toFixed(1)} GB of weights, more than a browser tab can hold (${LARGEST / 1e9} GB). Choose a smaller model, or a GGUF file of fewer bits.`);
  }
  return { base: root, repository, revision: commit, licence: String(answer.cardData?.license ?? ''), files };
}

/** Bytes of some files. @param {{size: number}[]} files */
export const totalSize = (files) => files.reduce((sum, { size }) => sum + size, 0);

/** @typedef {Omit<HubFile, 'url'>} ListedFile */

/**
 * The files of the repository that make the model: those of a Hugging Face folder, else one GGUF file.
 * @param {ListedFile[]} every
 * @param {string} repository
 * @param {string} chosen a GGUF file that was named, or ""
 * @returns {ListedFile[]}
 */
export function filesOfModel(every, repository, chosen) {
  const named = (/** @type {string} */ name) => every.find((file) => file.name === name);
  const ggufs = every.filter((file) => /\.gguf$/i.test(file.name));
  if (chosen) {
    const file = named(chosen);
    if (!file) throw new ModelFileError(`${repository} has no file ${chosen}.${ggufs.length > 0 ? ` Its GGUF files: ${ggufs.map((one) => one.name).join(', ')}.` : ''}`);
    return [file];
  }
  const weights = weightsOf(every);
  if (weights.length > 0 && named('config.json')) {
    if (!named('tokenizer.json')) {
      throw new ModelFileError(`${repository} has no tokenizer.json, the format of tokenizers that works here. Choose a repository that has one, or a GGUF file, which brings its tokenizer.`);
    }
    return [...WANTED.flatMap((name) => named(name) ?? []), ...weights];
  }
  if (ggufs.length === 1) return ggufs;
  if (ggufs.length > 1) {
    throw new ModelFileError(`${repository} has ${ggufs.length} GGUF files. Add the name of one to the address: ${repository}/${ggufs[0].name}, or ${ggufs.slice(1).map((one) => one.name).join(', ')}.`);
  }
  if (every.some((file) => /\.(bin|pt|pth)$/.test(file.name))) throw new ModelFileError(`${repository} can’t be used. ${PICKLE}`);
  throw new ModelFileError(`${repository} has neither model.safetensors with a config.json nor a GGUF file, so it is not a model that works here. Choose a Llama-style model, such as HuggingFaceTB/SmolLM2-135M-Instruct.`);
}

/** `model.safetensors`, or all of its shards. @param {ListedFile[]} every */
function weightsOf(every) {
  const whole = every.find((file) => file.name === 'model.safetensors');
  if (whole) return [whole];
  const shards = every.filter((file) => SHARD.test(file.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const count = Number(shards[0]?.name.match(SHARD)?.[2] ?? 0);
  return shards.length === count ? shards : [];
}

/** The hub or the network does not answer: what is stored may serve. */
export class Unreachable extends ModelFileError {}

/** @param {string} url @param {string} root @param {string} repository @param {AbortSignal} signal @returns {Promise<any>} */
async function fetchJson(url, root, repository, signal) {
  const listing = await collect(url, {
    name: 'the list of files', most: LARGEST_LISTING, signal, check: (response) => checkHubAnswer(response, root, repository),
  }).catch((error) => {
    if (signal.aborted || !(error instanceof ModelFileError) || error instanceof ServerError) throw error;
    throw new Unreachable(`${root} could not be reached. Check the connection and the address of the hub, then try again.`);
  });
  try {
    return Object(JSON.parse(new TextDecoder().decode(listing)));
  } catch {
    throw new ModelFileError(notTheHub(root));
  }
}

/**
 * Throws a sentence where an answer of the hub is not what was asked for.
 * @param {Response} response
 * @param {string} root
 * @param {string} repository
 * @param {string} [name] of the file that was asked for
 */
export function checkHubAnswer(response, root, repository, name) {
  const what = name ? `the file ${name} of ${repository}` : repository;
  switch (response.status) {
    case 401:
    case 403:
      throw new ServerError(`The hub does not give out ${what} without an account (${response.status}): it is private, asks for an agreement first, or does not exist. Check the name; or download its files yourself and open them from disk.`);
    case 404:
      throw new MissingFile(`The hub has no ${name ? what : `repository ${repository} in this revision`} (404). Check the spelling: owner/name.`);
    case 416:
      throw new ServerError(`The hub has changed ${what} since its download began (416). Delete what is stored of it and load it again.`);
    case 429: {
      const seconds = Number(response.headers.get('retry-after'));
      throw new ServerError(`The hub has had too many requests from this network (429). Wait ${seconds > 0 ? `${seconds} seconds` : 'a few minutes'} and continue: what has arrived is kept.`);
    }
  }
  if (!response.ok || !response.body) throw new ServerError(`The hub could not give out ${what}: it answered ${response.status}. Try again in a moment; what has arrived is kept.`);
  if (/text\/html/i.test(response.headers.get('content-type') ?? '')) throw new ServerError(notTheHub(root));
}

/** @param {string} root */
function notTheHub(root) {
  return `${root} answered with a web page instead of the model. The network may want you to sign in first, or the address of the hub is wrong.`;
}
