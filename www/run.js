// @ts-check
/**
 * The current training run and those before it, and the actions on them. Events of the worker arrive many times
 * a second; the page sees them with an animation frame, and not more often than a reader can follow.
 */
import { engine } from './engine.js';
import { differences } from './run/differences.js';
import { experimentInTheWay } from './experiments/under_way.js';
import { acceptRun, applyEvent, emptyRun, heldOutAt, keptPrompt, rewound, samePrompt, takeBest } from './run/record.js';
import { trainableRows } from './run/trainable_rows.js';
import { addNotice, closeNoticesAbout, examples, generation, model, objective, saveTrainedPrompt, settings, startFrom, startPrompt, testRows, trainedPrompts } from './state.js';
import { keep } from './store.js';
import { readInquiry } from './inquiry.js';
import { computed, effect, formatNumber, sentenceOf, signal, untracked } from './ui.js';
import { MOST_CHOSEN } from './workers.js';

/** @typedef {import('./protocol.js').TrainEvent} TrainEvent */
/** @typedef {import('./protocol.js').TrainResult} TrainResult */
/** @typedef {import('./run/record.js').Run} Run */
/** @typedef {import('./run/record.js').Asked} Asked */

const KEPT_RUNS = 20;
const SHOWN_EVERY_MS = 80;

export const run = signal(/** @type {Run|null} */ (null));
/** The runs before the current one, newest first. */
export const earlierRuns = signal(/** @type {Run[]} */ ([]));
/** The question answered anew during training; "" means the first test question. */
export const sampleQuestion = signal('');
/** Steps between two sample answers; 0 = none. */
export const sampleEvery = signal(10);
/** Workers that share each step of the next run; 0 = automatic. */
export const workers = signal(0);
/** Why the last attempt to start a run failed, or "". */
export const startError = signal('');

/** The current run as it is saved: at every checkpoint and when its state changes. */
const savedRun = signal(/** @type {Run|null} */ (null));
/** Whether the run that was brought back was under way when the page was closed or reloaded. */
let wasUnderWay = false;
keep('run', savedRun, (saved) => {
  const accepted = acceptRun(saved);
  wasUnderWay = Boolean(accepted?.interrupted && !saved.interrupted);
  return accepted;
});
keep('sampleQuestion', sampleQuestion, (saved) => (typeof saved === 'string' ? saved : undefined));
keep('sampleEvery', sampleEvery, (saved) => (Number.isInteger(saved) && saved >= 0 ? saved : undefined));
keep('workers', workers, (saved) => (Number.isInteger(saved) && saved >= 0 && saved <= MOST_CHOSEN ? saved : undefined));
// A run that was saved on an earlier visit becomes the current one.
effect(() => {
  const saved = savedRun.value;
  if (saved && !untracked(() => run.value)) {
    current = saved;
    run.value = { ...saved };
  }
});

/** Says once that a run was under way when the page was closed, once the page is there to say it. In a second tab
 * the run may well go on in the first. @param {boolean} isAlone whether this tab saves */
export function sayInterrupted(isAlone) {
  if (!wasUnderWay || !current) return;
  wasUnderWay = false;
  current.interrupted = isAlone;
  publishNow();
  if (!isAlone) return;
  const { number, last, settings: { steps } } = current;
  addNotice('info', `The page was closed or reloaded while run ${number} was under way. It is kept up to step ${formatNumber(last?.step ?? 0)} of ${formatNumber(steps)} and can go on from there.`,
    { label: 'Go to step 5', run: () => { location.hash = 'step-training'; } }, 'run');
}

export const isActive = computed(() => ['starting', 'running', 'pausing', 'paused', 'stopping'].includes(run.value?.status ?? ''));

/** What the person has changed since the current run was started; [] when a new run would be the same. */
export const changesSinceRun = computed(() => (run.value ? differences(run.value.asked, pageNow()) : []));

/** @type {import('./engine.js').Running<'train'>|null} */
let running = null;
/** Whether the person has cancelled the run under way. */
let cancelled = false;
/** Events change this object; `publish` shows a copy of it. @type {Run|null} */
let current = null;
/** How things stood before the run, for cancelling it. @type {{current: Run|null, earlier: Run[], saved: Run|null}} */
let before = { current: null, earlier: [], saved: null };
let frame = 0;
let shownAt = 0;

/** Wall-clock time of the steps since the run was started or continued, without its pauses. */
let clock = { since: 0, milliseconds: 0, steps: 0 };

/** Only the current run can go on, so one that no longer is needs no state of its optimiser. @param {Run} gone */
function becomeEarlier(gone) {
  earlierRuns.value = [{ ...gone, state: null }, ...earlierRuns.value].slice(0, KEPT_RUNS);
}

/** A run and an experiment share the workers. */
function refusedByExperiment() {
  startError.value = experimentInTheWay();
  return startError.value !== '';
}

/** Starts a new run with the settings and the rows of now. */
export async function startRun() {
  if (isActive.value || refusedByExperiment()) return;
  before = { current, earlier: earlierRuns.value, saved: savedRun.value };
  startError.value = '';
  closeNoticesAbout('run');
  const asked = pageNow();
  const starting = emptyRun(asked, before.current, effectiveQuestion(), model.value.info?.weightsHash ?? '');
  current = starting;
  if (before.current) becomeEarlier(before.current);
  publishNow();
  try {
    starting.examples = await trainableRows(asked.examples, asked.settings);
  } catch (error) {
    if (current !== starting) return; // cancelled meanwhile
    startError.value = sentenceOf(error);
    takeBack();
    return;
  }
  if (current !== starting) return;
  const [used, all] = [starting.examples.length, asked.examples.length];
  if (used < all) addNotice('info', `Training on ${used} of ${all} rows; the others cannot be used as they are (see the notes in step 1).`, null, 'run');
  await drive(null);
}

/**
 * Goes on from where the run ended, was stopped or crashed.
 * @param {number} more steps beyond the planned ones; 0 finishes the plan
 */
export async function continueRun(more) {
  if (isActive.value || !current?.state || refusedByExperiment()) return;
  if (current.hashBefore !== model.value.info?.weightsHash) {
    startError.value = 'This run was made with another language model. Choose that model at the top to go on with it, or start a new run.';
    return;
  }
  startError.value = '';
  closeNoticesAbout('run');
  before = { current, earlier: earlierRuns.value, saved: savedRun.value };
  current = rewound(current, more);
  publishNow();
  await drive(current.state);
}

export function pauseRun() {
  control('pause', 'pausing');
}

export function resumeRun() {
  control('continue', 'running');
}

/** Ends the run and keeps its prompt. */
export function stopRun() {
  control('stop', 'stopping');
}

/** Ends the run and throws its prompt away; what stood under the prefix token before stays. */
export function cancelRun() {
  if (!running && current?.status === 'starting') { // its rows are still being looked at
    takeBack();
    addNotice('info', 'The run was cancelled before it began, and everything is as it was before.', null, 'run');
    return;
  }
  cancelled = true;
  control('cancel', 'stopping');
}

/** Chooses which prompt of the finished run stands under its prefix token. @param {'best'|'last'} which */
export function keepPrompt(which) {
  if (!current) return;
  current.kept = which;
  savePrompt(current);
  publishNow();
}

/** The run that made a prompt, while the page still has it. @param {Pick<import('./protocol.js').SoftPrompt, 'vectors'>} prompt @returns {Run|null} */
export function runOf(prompt) {
  const runs = run.value ? [run.value, ...earlierRuns.value] : earlierRuns.value;
  return runs.find(({ best, last }) => [best, last].some((reached) => reached && samePrompt(reached.softPrompt, prompt))) ?? null;
}

/** Brings the prompt of an earlier run back under its prefix token. @param {Run} earlier */
export function usePromptOf(earlier) {
  savePrompt(earlier);
  addNotice('success', `${earlier.settings.prefix_token} now stands for the prompt of run ${earlier.number}.`);
}

/** The question that the sample answers are for: the chosen one, else the first test question, else the first row. */
export function effectiveQuestion() {
  const questions = [sampleQuestion.value, ...testRows.value.map((row) => row.question), ...examples.value.slice(0, 1).map((row) => row.input)];
  return questions.map((question) => readInquiry(question, settings.value.prefix_token).text).find((question) => question !== '') ?? '';
}

/** @param {import('./protocol.js').Control['action']} action @param {Run['status']} status shown until the worker has acted */
function control(action, status) {
  if (!current || !running) return;
  running.control(action);
  current.status = status;
  publishNow();
}

/** @returns {Asked} */
function pageNow() {
  return { settings: settings.value, objective: objective.value, examples: examples.value, startFrom: startPrompt.value ? startFrom.value : '', startMadeAt: startPrompt.value?.trainedAt };
}

/** Runs the training request of `current` to its end. @param {Uint8Array|null} resumeState */
async function drive(resumeState) {
  if (!current) return;
  clock = { since: performance.now(), milliseconds: 0, steps: 0 };
  cancelled = false;
  running = engine.request('train', {
    startFrom: trainedPrompts.value[current.asked.startFrom] ?? null,
    examples: current.examples,
    settings: current.settings,
    sampleQuestion: current.sampleQuestion,
    sampleEvery: sampleEvery.value,
    sampleSettings: generation.value,
    resumeState,
    weightsHash: current.hashBefore,
    workers: current.workers || workers.value, // a run that goes on keeps its number
  }, receive);
  try {
    finish(await running);
  } catch (error) {
    fail(error);
  } finally {
    running = null;
  }
}

/** @param {TrainEvent} event */
function receive(event) {
  if (!current) return;
  applyEvent(current, event);
  if (event.kind === 'paused') clock.milliseconds += performance.now() - clock.since;
  if (event.kind === 'continued') clock.since = performance.now();
  if (event.kind === 'step') {
    // What came before the first step (the baseline, an answer) says nothing about the speed.
    if (clock.steps === 0) clock = { since: performance.now() - event.report.milliseconds, milliseconds: 0, steps: 0 };
    clock.steps++;
    current.msPerStep = (clock.milliseconds + performance.now() - clock.since) / clock.steps;
  }
  publish();
  if (event.kind === 'checkpoint') savedRun.value = { ...current };
}

/** @param {TrainResult} result */
function finish(result) {
  if (!current) return;
  if (cancelled || result.outcome === 'cancelled') { // it may come as the run ends
    throwAway(current);
    return;
  }
  if (result.step === 0) {
    takeBack();
    addNotice('info', 'The run was stopped before its first step, so nothing was trained and everything is as it was before.', null, 'run');
    return;
  }
  current.status = result.outcome;
  current.state = result.state;
  if (result.softPrompt) {
    current.last = { step: result.step, heldOutLoss: heldOutAt(current, result.step), softPrompt: result.softPrompt };
  }
  takeBest(current, result.best);
  current.kept = current.best ? 'best' : 'last';
  savePrompt(current);
  publishNow();
  proveFrozen(current);
}

/** Hashes the weights after the run. Not part of its end: over millions of weights it takes longer than a click may. @param {Run} of */
async function proveFrozen(of) {
  const hash = await engine.request('weightsHash', {}).catch(() => ''); // "" where the worker is gone: step 7 asks anew
  if (current !== of || !hash) return;
  of.hashAfter = hash;
  publishNow();
}

/** A run that ended in an error keeps its last checkpoint; another run's prompt stays under the prefix token. @param {unknown} error */
function fail(error) {
  if (!current) return;
  if (cancelled) {
    throwAway(current);
    return;
  }
  current.status = 'failed';
  current.error = sentenceOf(error);
  const standing = trainedPrompts.value[current.settings.prefix_token];
  const own = current.number === before.current?.number ? keptPrompt(before.current) : null; // where the run went on
  if (!standing || (own && samePrompt(own.softPrompt, standing))) savePrompt(current);
  publishNow();
}

/** Ends a run that was cancelled. @param {Run} gone */
function throwAway(gone) {
  const prompt = trainedPrompts.value[gone.settings.prefix_token];
  const { current: previous } = before;
  takeBack();
  offerBack(`The run was cancelled and its prompt thrown away (run ${gone.number}).`, { gone, previous, prompt });
}

/** As if the run had never been started. */
function takeBack() {
  current = before.current;
  earlierRuns.value = before.earlier;
  savedRun.value = before.saved;
  publishNow();
}

/** A cancelled run, and what stood in its place then: the current run, and the prompt under its prefix token.
 * @typedef {{gone: Run, previous: Run|null, prompt: import('./state.js').TrainedPrompt|undefined}} Cancelled */

/** @param {string} text @param {Cancelled} cancelled */
function offerBack(text, cancelled) {
  addNotice('info', text, cancelled.gone.last ? { label: 'Bring it back', run: () => bringBack(cancelled) } : null);
}

/** The cancelled run becomes the current one, as it was at its last checkpoint. What has come since then stays: a run
 * becomes an earlier one, and a prompt keeps its prefix token. @param {Cancelled} cancelled */
function bringBack(cancelled) {
  const { gone, previous, prompt } = cancelled;
  if (isActive.value) {
    offerBack('A run is under way; the cancelled one can be brought back when it has ended.', cancelled);
    return;
  }
  const back = /** @type {Run} */ ({ ...rewound(gone, 0), status: 'stopped' });
  const wentOnFromCurrent = current === previous && current?.asked === gone.asked;
  if (current && !wentOnFromCurrent) {
    becomeEarlier(current);
    back.number = current.number + 1; // its own may have been given to another run
    back.changes = differences(current.asked, gone.asked);
  }
  current = back;
  if (trainedPrompts.value[back.settings.prefix_token] === prompt) savePrompt(back);
  publishNow();
}

/** @param {Run} of */
function savePrompt(of) {
  const reached = keptPrompt(of);
  if (!reached) return;
  const { step, through = step, averaged = 1, heldOutLoss, softPrompt } = reached;
  saveTrainedPrompt(of.settings.prefix_token, {
    ...softPrompt, settings: of.settings, step: through, averaged, heldOutLoss, trainedAt: Date.now(), modelHash: of.hashBefore,
    examples: of.split.train.length, heldOutExamples: of.split.heldOut.length,
  });
}

/** Shows the current state at once, and saves it. */
function publishNow() {
  cancelAnimationFrame(frame);
  show();
  if (current?.last) savedRun.value = { ...current };
}

function show() {
  frame = 0;
  shownAt = performance.now();
  run.value = current ? { ...current } : null;
}

/** Shows it with the first animation frame that is `SHOWN_EVERY_MS` after the last one shown. */
function publish() {
  if (frame !== 0) return;
  const wait = () => {
    if (performance.now() - shownAt >= SHOWN_EVERY_MS) show();
    else frame = requestAnimationFrame(wait);
  };
  frame = requestAnimationFrame(wait);
}
