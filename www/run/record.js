// @ts-check
/** What is known of one training run, and how each event of the worker changes it. */
import { DEFAULT_SETTINGS } from '../protocol.js';
import { differences } from './differences.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').Settings} Settings */
/** @typedef {import('../protocol.js').SoftPrompt} SoftPrompt */
/** @typedef {import('../protocol.js').StepReport} StepReport */
/** @typedef {import('../protocol.js').TrainEvent} TrainEvent */
/** @typedef {import('../protocol.js').BestPrompt} BestPrompt */

/** @typedef {'idle'|'starting'|'running'|'pausing'|'paused'|'stopping'|'finished'|'stopped'|'failed'} RunStatus */

/** A soft prompt that the run has reached. `heldOutLoss` is null where it was not measured. `through`, `averaged`: where it
 * is the mean of several steps' prompts, from `step` to this one (protocol.js, BestPrompt).
 * @typedef {{step: number, through?: number, averaged?: number, heldOutLoss: number|null, softPrompt: SoftPrompt}} ReachedPrompt */

/** What a run is started with, as it stood on the page. `startFrom`: the prefix token of the prompt it goes on from, or "";
 * `startMadeAt`: when that prompt was made.
 * @typedef {{settings: Settings, objective: string, examples: readonly Example[], startFrom: string, startMadeAt?: number}} Asked */

/**
 * @typedef {object} Run
 * @property {number} number            counts from 1
 * @property {RunStatus} status
 * @property {Settings} settings        the effective ones once it has started
 * @property {Asked} asked              the page at the start
 * @property {string[]} changes         what differed from the run before it
 * @property {Example[]} examples       the usable rows, in the order of the table
 * @property {import('../protocol.js').Split} split   indices into `examples`
 * @property {StepReport[]} steps
 * @property {{step: number, heldOutLoss: number}[]} evaluations   step 0 is the baseline before training
 * @property {{step: number, text: string}[]} samples
 * @property {import('../protocol.js').Snapshot[]} path   the soft prompt at some of the evaluations, thinned out as they become many
 * @property {string} sampleQuestion
 * @property {number} trainedNumbers
 * @property {number} modelNumbers
 * @property {string} hashBefore        SHA-256 of the frozen weights when the model was loaded
 * @property {string} hashAfter         and when the run ended; "" until then
 * @property {ReachedPrompt|null} last  at the latest checkpoint or the end
 * @property {ReachedPrompt|null} best  about the lowest held-out loss, as it was then; null without held-out rows, or before one was measured that the run has trained
 * @property {'best'|'last'} kept       which of the two stands under the prefix token
 * @property {Uint8Array|null} state    to go on from `last`
 * @property {number} stoppedEarly      the step at which patience ended it; 0: it did not
 * @property {string} error             why it failed, or ""
 * @property {boolean} interrupted      the page was closed or reloaded while it was under way
 * @property {number} msPerStep         wall clock, evaluations and sample answers included; 0 while unknown
 * @property {number} workers           that share each step; 0 before the first one. A run that goes on keeps them
 * @property {number} waitingFor        workers that the first step still waits for
 * @property {string[]} lostWorkers     why they were lost since the run was started or continued, a sentence each
 */

/**
 * @param {Asked} asked
 * @param {Run|null} previous
 * @param {string} sampleQuestion
 * @param {string} weightsHash
 * @returns {Run}
 */
export function emptyRun(asked, previous, sampleQuestion, weightsHash) {
  const text = asked.settings.prompt_tuning_init_text.trim() || asked.objective;
  return {
    number: (previous?.number ?? 0) + 1,
    status: 'starting',
    settings: { ...asked.settings, prompt_tuning_init_text: text },
    asked,
    changes: previous ? differences(previous.asked, asked) : [],
    examples: [],
    split: { train: [], heldOut: [] },
    steps: [],
    evaluations: [],
    samples: [],
    path: [],
    sampleQuestion,
    trainedNumbers: 0,
    modelNumbers: 0,
    hashBefore: weightsHash,
    hashAfter: '',
    last: null,
    best: null,
    kept: 'best',
    state: null,
    stoppedEarly: 0,
    error: '',
    interrupted: false,
    msPerStep: 0,
    workers: 0,
    waitingFor: 0,
    lostWorkers: [],
  };
}

/** The same run, back at its last checkpoint and about to go on. @param {Run} run @param {number} more steps @returns {Run} */
export function rewound(run, more) {
  const from = run.last?.step ?? 0;
  return {
    ...run,
    status: 'starting',
    stoppedEarly: 0,
    error: '',
    interrupted: false,
    hashAfter: '',
    waitingFor: 0,
    lostWorkers: [],
    settings: { ...run.settings, steps: run.settings.steps + more },
    steps: run.steps.filter((report) => report.step <= from),
    evaluations: run.evaluations.filter((point) => point.step <= from),
    samples: run.samples.filter((sample) => sample.step <= from),
    path: run.path.filter((snapshot) => snapshot.step <= from),
  };
}

/**
 * A run that was saved on an earlier visit. One that was under way has stopped at its last checkpoint.
 * @param {any} saved
 * @returns {Run|undefined} undefined when it does not look like a run
 */
export function acceptRun(saved) {
  const looksRight = saved && typeof saved.number === 'number' && saved.settings && saved.asked && saved.last
    && ['steps', 'evaluations', 'samples', 'examples', 'changes'].every((list) => Array.isArray(saved[list]));
  if (!looksRight) return undefined;
  const asked = { startFrom: '', ...saved.asked, settings: { ...DEFAULT_SETTINGS, ...saved.asked.settings } };
  const reached = (/** @type {any} */ of) => (of ? { ...of, softPrompt: accepted(of.softPrompt) } : of);
  const run = { ...saved, asked, settings: { ...DEFAULT_SETTINGS, ...saved.settings }, last: reached(saved.last), best: reached(saved.best), path: saved.path ?? [], stoppedEarly: saved.stoppedEarly ?? 0, interrupted: saved.interrupted ?? false, workers: saved.workers ?? 0, waitingFor: 0, lostWorkers: saved.lostWorkers ?? [] };
  return ['finished', 'stopped', 'failed'].includes(run.status) ? run : { ...rewound(run, 0), status: 'stopped', interrupted: true };
}

/** Snapshots of a run, and the bytes that they may take together: they are saved with it. */
const MOST_SNAPSHOTS = 24;
const MOST_BYTES = 2 ** 21;

/** As many as there is room for, the first and the last among them. @param {import('../protocol.js').Snapshot[]} path */
function thinned(path) {
  const most = Math.max(2, Math.min(MOST_SNAPSHOTS, Math.floor(MOST_BYTES / (path[0]?.vectors.byteLength || 1))));
  return path.length <= most ? path : path.filter((_, index) => index % 2 === 0 || index === path.length - 1);
}

/** A soft prompt as it was saved; those of the first versions knew prompt tuning only. @param {any} prompt */
export function accepted(prompt) {
  return prompt && prompt.width === undefined ? { ...prompt, width: prompt.hiddenSize, kind: 'embeddings' } : prompt;
}

/** Takes one event of the worker into `run`. @param {Run} run @param {TrainEvent} event */
export function applyEvent(run, event) {
  switch (event.kind) {
    case 'started':
      if (run.status === 'starting') run.status = 'running';
      run.settings = event.settings;
      run.split = event.split;
      run.trainedNumbers = event.trainedNumbers;
      run.modelNumbers = event.modelNumbers;
      break;
    case 'waiting':
      run.waitingFor = event.workers;
      break;
    case 'workers':
      run.workers = event.workers;
      run.waitingFor = 0;
      break;
    case 'workerLost':
      run.workers = event.workers;
      run.lostWorkers = [...run.lostWorkers, event.reason];
      break;
    case 'step':
      run.steps.push(event.report);
      break;
    case 'evaluation':
      if (event.heldOutLoss !== null && heldOutAt(run, event.step) === null) {
        run.evaluations.push({ step: event.step, heldOutLoss: event.heldOutLoss });
      }
      if (!run.path.some((snapshot) => snapshot.step === event.step)) {
        run.path = thinned([...run.path, { step: event.step, vectors: event.vectors }]);
      }
      break;
    case 'sample':
      if (!run.samples.some((sample) => sample.step === event.step)) run.samples.push({ step: event.step, text: event.text });
      break;
    case 'checkpoint':
      run.state = event.state;
      run.last = { step: event.step, heldOutLoss: heldOutAt(run, event.step), softPrompt: event.softPrompt };
      takeBest(run, event.best);
      break;
    case 'earlyStop':
      run.stoppedEarly = event.step;
      break;
    case 'paused':
      run.status = 'paused';
      break;
    case 'continued':
      run.status = 'running';
  }
}

/** @param {Run} run @param {number} step @returns {number|null} */
export function heldOutAt(run, step) {
  return run.evaluations.find((point) => point.step === step)?.heldOutLoss ?? null;
}

/** Keeps the best prompt since the run was started or went on, unless an earlier one is better. The one that it
 * started with is the best only where a later one was measured too. @param {Run} run @param {BestPrompt|null} best */
export function takeBest(run, best) {
  if (best?.step === 0 && !run.evaluations.some(({ step }) => step > 0)) return;
  if (best && lowestOf(run, best) <= lowestOf(run, run.best)) run.best = best;
}

/** The held-out loss of the step that a best prompt begins with: the mean's own may lie a little above it.
 * @param {Run} of @param {ReachedPrompt|null} best */
function lowestOf(of, best) {
  return best ? heldOutAt(of, best.step) ?? best.heldOutLoss ?? Infinity : Infinity;
}

/** The evaluation with the lowest held-out loss. @param {Run} run */
export function bestEvaluation(run) {
  return run.evaluations.reduce(
    (best, point) => (!best || point.heldOutLoss < best.heldOutLoss ? point : best),
    /** @type {{step: number, heldOutLoss: number}|null} */ (null),
  );
}

/** What the words for a reached prompt need. @typedef {Pick<ReachedPrompt, 'step'|'through'>} Reached */

/** Whether it is the mean of several steps' prompts. @param {Reached} reached */
export const isMean = ({ step, through = step }) => through > step;

/** "step 25", or "steps 25 to 40" of a mean. @param {Reached} reached */
export const stepsOf = (reached) => (isMean(reached) ? `steps ${reached.step} to ${reached.through}` : `step ${reached.step}`);

/** "prompt of step 25", or "mean prompt of steps 25 to 40". @param {Reached} reached */
export const promptName = (reached) => `${isMean(reached) ? 'mean prompt' : 'prompt'} of ${stepsOf(reached)}`;

/** Whether two soft prompts are the same numbers. @param {Pick<SoftPrompt, 'vectors'>} one @param {Pick<SoftPrompt, 'vectors'>} other */
export function samePrompt(one, other) {
  return one.vectors.length === other.vectors.length && one.vectors.every((number, index) => number === other.vectors[index]);
}

/** The prompt of the run that is to stand under its prefix token. @param {Run} run @returns {ReachedPrompt|null} */
export function keptPrompt(run) {
  return run.kept === 'best' ? run.best ?? run.last : run.last;
}
