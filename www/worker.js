// @ts-check
/**
 * The worker: owns the wasm instance and the model, and answers the requests of protocol.js.
 *
 * Short requests are answered at once. Long ones (loadModel, train, generate, evaluate) work in short units and
 * let waiting messages in between (worker/task.js). A trap of the wasm instance leaves it in an unknown state, so
 * it is reported as `crashed` and engine.js replaces this worker.
 */
import init, * as library from './pkg/prompt_playground.js';
import { exportAdapter, importAdapter } from './worker/adapters.js';
import { fetchAdapter } from './worker/hub_adapter.js';
import { crashMessage, isCrash, release, rememberPanics } from './worker/crash.js';
import { evaluate, generate } from './worker/inference.js';
import { compileLibrary } from './worker/library.js';
import { inspectModel } from './worker/inspect.js';
import { filesOf, readModel } from './worker/loading.js';
import { deleteStored, storedModels } from './worker/model_store.js';
import { planRun } from './worker/scale.js';
import { ShareScripts } from './worker/share_scripts.js';
import { NO_SIMD, detectSimd } from './worker/simd.js';
import { putIn } from './worker/soft_prompt.js';
import { Cancelled, Task } from './worker/task.js';
import { Team } from './worker/team.js';
import { train } from './worker/train.js';
import { trial } from './worker/trial.js';
import { memoryOfTab, roomForWorkers } from './workers.js';

/** @typedef {import('./protocol.js').Requests} Requests */
/** @typedef {import('./protocol.js').RequestType} RequestType */
/** @typedef {import('./protocol.js').Request} Request */
/** @typedef {import('./protocol.js').Control} Control */
/** @typedef {import('./protocol.js').Reply} Reply */
/** @typedef {import('./protocol.js').ModelSource} ModelSource */
/** @typedef {import('./protocol.js').ModelInfo} ModelInfo */
/** @typedef {import('./protocol.js').PlannedBatch} PlannedBatch */
/** @typedef {import('./pkg/prompt_playground.js').Model} Model */

/** @type {Model|null} */
let model = null;
/** Those who share the training steps of the model. @type {Team|null} */
let team = null;
let modelNumbers = 0;
/** SHA-256 of the weights of the model in use, when it was read. */
let modelHash = '';
/** @type {import('./pkg/prompt_playground.js').InitOutput|null} */
let wasm = null;
/** @type {Map<number, Task>} */
const tasks = new Map();
/** Requests under way that work with the model in short units. */
let usesOfModel = 0;
const simd = detectSimd();
const scripts = new ShareScripts();

rememberPanics();
self.onmessage = (/** @type {MessageEvent<Request|Control>} */ message) => {
  const request = message.data;
  if (request.type === 'control') tasks.get(request.target)?.control(request.action);
  else void answer(request);
};
const ready = start();
ready.then(
  () => post({ reply: 'ready', simd }),
  () => post({ reply: 'ready', simd }),
);

/** @type {{[T in RequestType]: (payload: Requests[T]['payload'], task: Task) => Requests[T]['result'] | Promise<Requests[T]['result']>}} */
const handlers = {
  loadModel: ({ source }, task) => loadModel(source, task),
  inspectModel: ({ source, batch }, task) => inspectModel(source, batch, library, task),
  storedModels: () => storedModels(),
  deleteStoredModel: ({ key }) => deleteStored(key).then(() => null),
  planTraining: ({ batch }) => planTraining(batch),
  memory: () => wasm?.memory.buffer.byteLength ?? 0,
  weightsHash: () => theModel().weightsHash(),
  parseDataset: ({ text, name }) => library.parseDataset(text, name),
  exportDataset: ({ examples, format }) => library.exportDataset(examples, format),
  checkDataset: ({ examples, virtualTokens }) => theModel().checkDataset(examples, virtualTokens),
  checkSettings: ({ settings, startIsGiven }) => library.checkSettings(settings, startIsGiven),
  promptShape: ({ settings }) => theModel().promptShape(settings),
  prepare: ({ examples, settings }) => theModel().prepare(examples, settings),
  split: ({ count, share, seed }) => library.splitDataset(count, share, seed),
  train: (payload, task) => usingModel((current) => {
    refuseOtherModel(payload.weightsHash);
    return train(library, current, theTeam(), modelNumbers, payload, task);
  }),
  trial: (payload, task) => usingModel((current) => trial(library, current, theTeam(), payload, task)),
  generate: (payload, task) => usingModel((current) => generate(library, current, payload, task)),
  evaluate: (payload, task) => usingModel((current) => evaluate(library, current, payload, task)),
  distinct: ({ texts, n }) => library.distinctNgrams(texts, n),
  score: ({ pairs }) => library.scoreAnswers(pairs),
  paraphrases: ({ question }) => library.paraphrases(question),
  agreement: ({ answers }) => library.agreement(answers) ?? null,
  copying: ({ answers, responses }) => library.copying(answers, responses),
  matchPatterns: ({ texts, patterns }) => library.matchPatterns(texts, patterns),
  nearDuplicates: ({ questions, inputs }) => library.nearDuplicates(questions, inputs),
  nearestTokens: ({ softPrompt, k }) => lending(softPrompt, (rows) => rows.nearestTokens(theModel(), k)),
  tokenLosses: ({ example, softPrompt }) =>
    (softPrompt ? lending(softPrompt, (rows) => theModel().tokenLosses(example, rows)) : theModel().tokenLosses(example)),
  attention: ({ example, softPrompt }) => lending(softPrompt, (rows) => theModel().attention(example, rows)),
  promptPath: ({ snapshots, width, kind }) => theModel().promptPath(snapshots, width, kind),
  nearestPath: ({ snapshots, width, kind }) => theModel().nearestPath(snapshots, width, kind),
  readCurve: ({ curve }) => library.readCurve(curve),
  planFolds: ({ count, folds, seed }) => library.planFolds(count, folds, seed),
  summariseFolds: ({ folds }) => library.summariseFolds(folds),
  planDraws: ({ count, draws, ownTestRows, seed }) => library.planDraws(count, draws, ownTestRows, seed),
  readLearningCurve: ({ results, seed }) => library.readLearningCurve(results, seed),
  planRun: (payload) => planRun(library, theModel(), payload),
  fetchAdapter: (payload, task) => fetchAdapter(payload, task.signal),
  exportAdapter: ({ softPrompt, about }) => exportAdapter(library, theModel(), softPrompt, about),
  importAdapter: ({ config, weights }) => importAdapter(library, theModel(), config, weights),
};

/**
 * @template T
 * @param {import('./protocol.js').SoftPrompt} softPrompt
 * @param {(rows: import('./pkg/prompt_playground.js').SoftPrompt) => T} work
 * @returns {T}
 */
function lending(softPrompt, work) {
  const rows = putIn(library, theModel(), softPrompt);
  try {
    return work(rows);
  } finally {
    release(rows);
  }
}

/** Answers one request with exactly one result or error. @param {Request} request */
async function answer({ id, type, payload }) {
  const task = new Task((event) => post({ id, reply: 'event', event }));
  tasks.set(id, task);
  try {
    if (type !== 'loadModel') await ready; // its download need not wait for the library
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
 * Puts the model of `source` in the place of the one before it, whose share workers end. Refuses while that one is in
 * use, before the download and after it.
 * @param {ModelSource} source
 * @param {Task} task
 * @returns {Promise<ModelInfo>}
 */
async function loadModel(source, task) {
  refuseWhileInUse();
  const [module, files] = await Promise.all([ready, filesOf(source, () => ready.then(() => library), task)]);
  const { loaded, blobs, bytes, milliseconds } = await readModel(library, files, task);
  try {
    refuseWhileInUse();
  } catch (error) {
    release(loaded);
    throw error;
  }
  const { hardwareConcurrency: cores, deviceMemory } = /** @type {Navigator & {deviceMemory?: number}} */ (navigator);
  const known = loaded.info();
  const room = roomForWorkers({ cores, deviceMemory, nested: typeof Worker !== 'undefined' }, known.size);
  const info = { ...known, name: source.name, bytes, workers: room };
  model?.free();
  team?.end();
  model = loaded;
  team = new Team({ module, scripts, files: blobs, loadMilliseconds: milliseconds }, room);
  modelNumbers = info.parameters;
  modelHash = info.weightsHash;
  return info;
}

/** What a batch will need, and the largest that fits what a tab may use. @param {PlannedBatch} batch */
function planTraining(batch) {
  const limit = memoryOfTab(/** @type {{deviceMemory?: number}} */ (navigator));
  return { plan: theModel().planTraining(batch), largestBatch: theModel().largestBatch(batch, limit), limit };
}

/** Starts the wasm instance of this worker; others start theirs with the module. */
async function start() {
  if (simd === 'none') throw inputError(NO_SIMD);
  const module = await compileLibrary(simd);
  wasm = await init({ module_or_path: module });
  return module;
}

/**
 * Runs `work`, which lets messages in, on the model in use: no other takes its place meanwhile.
 * @template T
 * @param {(current: Model) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function usingModel(work) {
  const current = theModel();
  usesOfModel++;
  try {
    return await work(current);
  } finally {
    usesOfModel--;
  }
}

function refuseWhileInUse() {
  if (usesOfModel === 0) return;
  throw inputError(
    'The language model is in use: a training run, an answer or a measurement is under way. ' +
    'Stop it or wait for its end, then load the other model.',
  );
}

/** A run may be started in the moment in which another model takes its place. @param {string} wanted */
function refuseOtherModel(wanted) {
  if (wanted === modelHash) return;
  throw inputError('Another language model has come into use meanwhile. Start the run again to train with it.');
}

/** @returns {Model} */
function theModel() {
  if (!model) throw inputError('No language model is loaded yet. Wait until it has arrived, then try again.');
  return model;
}

/** @returns {Team} */
function theTeam() {
  theModel();
  return /** @type {Team} */ (team);
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
