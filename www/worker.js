// @ts-check
/**
 * The worker: owns the wasm instance and the model, and answers the requests of protocol.js.
 *
 * Short requests are answered at once. Long ones (loadModel, train, generate, evaluate) work in short units and
 * let waiting messages in between (worker/task.js). A trap of the wasm instance leaves it in an unknown state, so
 * it is reported as `crashed` and engine.js replaces this worker.
 */
import init, * as library from './pkg/prompt_playground.js';
import { crashMessage, isCrash, release, rememberPanics } from './worker/crash.js';
import { evaluate, generate } from './worker/inference.js';
import { fetchFolder } from './worker/model_files.js';
import { NO_SIMD, detectSimd } from './worker/simd.js';
import { Cancelled, Task, nextTurn } from './worker/task.js';
import { train } from './worker/train.js';

/** @typedef {import('./protocol.js').Requests} Requests */
/** @typedef {import('./protocol.js').RequestType} RequestType */
/** @typedef {import('./protocol.js').Request} Request */
/** @typedef {import('./protocol.js').Control} Control */
/** @typedef {import('./protocol.js').Reply} Reply */
/** @typedef {import('./protocol.js').ModelSource} ModelSource */
/** @typedef {import('./protocol.js').ModelInfo} ModelInfo */
/** @typedef {import('./pkg/prompt_playground.js').Model} Model */

/** @type {Model|null} */
let model = null;
let modelNumbers = 0;
/** @type {Map<number, Task>} */
const tasks = new Map();
const simd = detectSimd();

rememberPanics();
self.onmessage = (/** @type {MessageEvent<Request|Control>} */ message) => {
  const request = message.data;
  if (request.type === 'control') tasks.get(request.target)?.control(request.action);
  else void answer(request);
};
const file = simd === 'relaxed-simd' ? 'prompt_playground_relaxed_bg.wasm' : 'prompt_playground_bg.wasm';
const ready = simd === 'none'
  ? Promise.reject(inputError(NO_SIMD))
  : init({ module_or_path: new URL(`./pkg/${file}`, import.meta.url) });
ready.then(
  () => post({ reply: 'ready', simd }),
  () => post({ reply: 'ready', simd }),
);

/** @type {{[T in RequestType]: (payload: Requests[T]['payload'], task: Task) => Requests[T]['result'] | Promise<Requests[T]['result']>}} */
const handlers = {
  loadModel: ({ source }, task) => loadModel(source, task),
  weightsHash: () => theModel().weightsHash(),
  parseDataset: ({ text, name }) => library.parseDataset(text, name),
  exportDataset: ({ examples, format }) => library.exportDataset(examples, format),
  checkDataset: ({ examples, virtualTokens }) => theModel().checkDataset(examples, virtualTokens),
  checkSettings: ({ settings }) => library.checkSettings(settings),
  prepare: ({ examples, settings }) => theModel().prepare(examples, settings),
  split: ({ count, share, seed }) => library.splitDataset(count, share, seed),
  train: (payload, task) => train(library, theModel(), modelNumbers, payload, task),
  generate: (payload, task) => generate(library, theModel(), payload, task),
  evaluate: (payload, task) => evaluate(library, theModel(), payload, task),
  score: ({ pairs }) => library.scoreAnswers(pairs),
  matchPatterns: ({ texts, patterns }) => library.matchPatterns(texts, patterns),
  nearDuplicates: ({ questions, inputs }) => library.nearDuplicates(questions, inputs),
  nearestTokens: ({ softPrompt, k }) => {
    const rows = library.SoftPrompt.fromVectors(theModel(), softPrompt.vectors);
    try {
      return rows.nearestTokens(theModel(), k);
    } finally {
      release(rows);
    }
  },
  readCurve: ({ curve }) => library.readCurve(curve),
};

/** Answers one request with exactly one result or error. @param {Request} request */
async function answer({ id, type, payload }) {
  const task = new Task((event) => post({ id, reply: 'event', event }));
  tasks.set(id, task);
  try {
    await ready;
    const handler = /** @type {(payload: any, task: Task) => any} */ (handlers[type]);
    post({ id, reply: 'result', result: await handler(payload, task) });
  } catch (error) {
    if (isCrash(error)) post({ reply: 'crashed', message: crashMessage(error) });
    else post({ id, reply: 'error', error: describe(error, task) });
  } finally {
    tasks.delete(id);
  }
}

/**
 * @param {ModelSource} source
 * @param {Task} task
 * @returns {Promise<ModelInfo>}
 */
async function loadModel(source, task) {
  const { loaded, name, bytes } = await readModel(source, task);
  const info = { ...loaded.info(), name, bytes };
  model?.free();
  model = loaded;
  modelNumbers = info.parameters;
  return info;
}

/**
 * @param {ModelSource} source
 * @param {Task} task
 * @returns {Promise<{loaded: Model, name: string, bytes: number}>}
 */
async function readModel(source, task) {
  if (source.kind === 'gguf') {
    const bytes = new Uint8Array(source.bytes);
    return { loaded: library.Model.fromGguf(bytes), name: source.name, bytes: bytes.length };
  }
  const files = source.kind === 'folder' ? filesOf(source) : await fetchFolder(
    new URL(source.url, self.location.href).href.replace(/\/?$/, '/'),
    (progress) => task.emit(progress),
    task.signal,
  );
  await nextTurn();
  if (task.cancelled) throw new Cancelled();
  const { config, tokenizer, weights, tokenizerConfig } = files;
  const loaded = library.Model.fromHf(config, tokenizer, weights, tokenizerConfig);
  const bytes = config.length + tokenizer.length + weights.length + (tokenizerConfig?.length ?? 0);
  return { loaded, name: source.name, bytes };
}

/** @param {Extract<ModelSource, {kind: 'folder'}>} source */
function filesOf(source) {
  return {
    config: new Uint8Array(source.config),
    tokenizer: new Uint8Array(source.tokenizer),
    weights: new Uint8Array(source.weights),
    tokenizerConfig: source.tokenizerConfig ? new Uint8Array(source.tokenizerConfig) : undefined,
  };
}

/** @returns {Model} */
function theModel() {
  if (!model) throw inputError('No language model is loaded yet. Wait until it has arrived, then try again.');
  return model;
}

/** @param {string} message */
function inputError(message) {
  return Object.assign(new Error(message), { kind: 'model' });
}

/**
 * @param {unknown} error
 * @param {Task} task
 * @returns {{message: string, kind: 'input'|'model'|'internal'|'cancelled'}}
 */
function describe(error, task) {
  if (error instanceof Cancelled || task.cancelled) return { message: 'Cancelled.', kind: 'cancelled' };
  const { message, kind } = /** @type {{message?: string, kind?: string}} */ (Object(error));
  if (kind === 'input' || kind === 'model') return { message: message ?? String(error), kind };
  return { message: message ?? String(error), kind: 'internal' };
}

/** @param {Reply} reply */
function post(reply) {
  self.postMessage(reply);
}
