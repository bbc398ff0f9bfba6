// @ts-check
/**
 * Ways to give the model a voice, one after another on the same rows: techniques with their settings, the base model, the
 * objective as plain text, examples in the context. Every training is kept with its curve and its prompt.
 */
import { EngineError, engine } from '../engine.js';
import { spread, MOST_HELD_OUT_ROWS, MOST_WRITTEN_ANSWERS } from '../limits.js';
import { mean } from '../metrics.js';
import { PROJECTED_LEARNING_RATE, defaultsOf } from '../protocol.js';
import { workers } from '../run.js';
import { trainableRows } from '../run/trainable_rows.js';
import { differences } from '../run/differences.js';
import { nameOfRun } from '../run/names.js';
import { addNotice, effectiveSettings, examples as pageRows, generation, objective, patterns, saveTrainedPrompt, settings, testRows } from '../state.js';
import { readInquiry } from '../inquiry.js';
import { keep } from '../store.js';
import { computed, signal } from '../ui.js';
import { Experiment } from './experiment.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').Settings} Settings */
/** @typedef {import('../protocol.js').SoftPrompt} SoftPrompt */
/** @typedef {import('./experiment.js').Hooks} Hooks */

/** What is compared. `settings` of a training; `shots`: examples in the context.
 * @typedef {{id: string, kind: 'training'|'base'|'instruction'|'shots', label: string, settings: Settings|null, shots: number}} Way */
/** @typedef {{examples: Example[], split: import('../protocol.js').Split, test: Example[], patterns: import('../protocol.js').Pattern[],
 *             objective: string, generation: import('../protocol.js').GenerationSettings, workers: number, first: number,
 *             splitBy?: Pick<Settings, 'seed'|'held_out_share'>}} Context  `first`: number of the first run; `splitBy`: not in one of an earlier version of the page */
/** One way, done. Means over the answers to the test inquiries; `checks`: share of the person's checks that hold; `problem`: why it could not be done.
 * @typedef {object} Trial
 * @property {string} name            memorable
 * @property {Way} way
 * @property {string[]} changes       against the training before it
 * @property {import('../protocol.js').CurvePoint[]} curve
 * @property {number} trainedNumbers
 * @property {number} milliseconds    of the steps
 * @property {number|null} heldOutLoss  of `prompt`, or of what was not trained
 * @property {number|null} bestStep   with the lowest held-out loss
 * @property {number} [through]       to this step and of so many prompts is the mean that is kept (protocol.js, BestPrompt)
 * @property {number} [averaged]
 * @property {SoftPrompt|null} prompt  the one that is kept: the best, or the last without held-out rows
 * @property {number|null} chrf
 * @property {number|null} rougeL
 * @property {number|null} checks
 * @property {{question: string, answer: string}[]} answers
 * @property {string} problem */

/** The ways to choose from. @returns {Way[]} */
function usualWays() {
  const training = (/** @type {string} */ id, /** @type {string} */ label, /** @type {import('../protocol.js').PeftType} */ type, /** @type {Partial<Settings>} */ more = {}) =>
    /** @type {Way} */ ({ id, kind: 'training', label, settings: { ...defaultsOf(type), ...more }, shots: 0 });
  return [
    { id: 'base', kind: 'base', label: 'Base model', settings: null, shots: 0 },
    { id: 'instruction', kind: 'instruction', label: 'Objective as text', settings: null, shots: 0 },
    { id: 'shots', kind: 'shots', label: 'Few-shot', settings: null, shots: shots.value },
    training('prompt', 'Prompt tuning', 'PROMPT_TUNING'),
    training('prefix', 'Prefix tuning', 'PREFIX_TUNING'),
    training('prefix-mlp', 'Prefix tuning, perceptron', 'PREFIX_TUNING', { prefix_projection: true, learning_rate: PROJECTED_LEARNING_RATE }),
    training('p-mlp', 'P-tuning, perceptron', 'P_TUNING'),
    training('p-lstm', 'P-tuning, LSTM', 'P_TUNING', { encoder_reparameterization_type: 'LSTM' }),
  ];
}

/** Examples in the context of few-shot. */
export const shots = signal(3);
keep('shots', shots, (saved) => (Number.isInteger(saved) && saved >= 1 && saved <= 20 ? saved : undefined));
/** Those that the person has added. */
const ownWays = signal(/** @type {Way[]} */ ([]));
export const ways = computed(() => [...usualWays(), ...ownWays.value]);
export const chosenWays = signal(['base', 'instruction', 'prompt', 'prefix', 'p-mlp']);
keep('ownWays', ownWays, (saved) => (Array.isArray(saved) && saved.every((way) => typeof way?.id === 'string' && typeof way.kind === 'string') ? saved : undefined));
keep('chosenWays', chosenWays, (saved) => (Array.isArray(saved) && saved.every((id) => typeof id === 'string') ? saved : undefined));

/** Adds the settings of step 3 as they are now. */
export function addSettingsOfPage() {
  const now = settings.value;
  const changed = differencesOf(defaultsOf(now.peft_type), now);
  const name = ways.value.find((way) => way.settings?.peft_type === now.peft_type)?.label ?? now.peft_type;
  const way = /** @type {Way} */ ({ id: `own-${Date.now().toString(36)}`, kind: 'training', label: changed.length > 0 ? `${name}: ${changed.join(', ')}` : name, settings: { ...now }, shots: 0 });
  ownWays.value = [...ownWays.value, way];
  chosenWays.value = [...chosenWays.value, way.id];
}

/** @param {string} id */
export function removeWay(id) {
  ownWays.value = ownWays.value.filter((way) => way.id !== id);
}

/** @param {Settings} of @returns {import('../run/record.js').Asked} */
const asked = (of) => ({ settings: of, objective: '', examples: [], startFrom: '' });

/** What differs between two trainings, their names left out. @param {Settings} before @param {Settings} now */
const differencesOf = (before, now) => differences(asked(before), asked({ ...now, prefix_token: before.prefix_token }));

/** What a training has in common with step 3: how long, on what, and where it starts. Settings that the person has added stay
 * as they were, but for the text. @param {Way} way @param {Settings} of */
function withThePage({ id }, of) {
  if (id.startsWith('own-')) return { ...of, prompt_tuning_init_text: effectiveSettings.value.prompt_tuning_init_text };
  const { steps, batch_size, seed, held_out_share, eval_every, prompt_tuning_init_text, early_stopping_patience } = effectiveSettings.value;
  return { ...of, steps, batch_size, seed, held_out_share, eval_every, prompt_tuning_init_text, early_stopping_patience };
}

/** What is not trained takes little beside what is. */
const UNTRAINED_WEIGHT = 0.05;

/** @type {Experiment<Way, Context, Trial>} */
export const comparisonOfWays = new Experiment('comparison of techniques', async (way, { jobs, context }, hooks) => {
  const name = nameOfRun(context.first + jobs.indexOf(way));
  const before = jobs.slice(0, jobs.indexOf(way)).findLast((other) => other.settings !== null);
  const changes = way.settings && before?.settings ? differencesOf(before.settings, way.settings) : [];
  /** @type {Trial} */
  const nothing = { name, way, changes, curve: [], trainedNumbers: 0, milliseconds: 0, heldOutLoss: null, bestStep: null, prompt: null, chrf: null, rougeL: null, checks: null, answers: [], problem: '' };
  try {
    const reached = way.settings ? await trained(way.settings, context, hooks) : await untrained(way, context, hooks);
    return { ...nothing, ...reached, ...(await answered(way, reached.prompt ?? null, context, hooks)) };
  } catch (error) {
    if (error instanceof Error && 'kind' in error && error.kind === 'input') return { ...nothing, problem: error.message };
    throw error;
  }
}, (way) => (way.settings ? 1 : UNTRAINED_WEIGHT));

/** @param {number[]} indices @param {Context} context */
const rowsOf = (indices, { examples }) => indices.map((index) => examples[index]);

/** Share of a training's work that its steps are; the rest is answering. */
const STEPS_SHARE = 0.9;

/** @param {Settings} of @param {Context} context @param {Hooks} hooks @returns {Promise<Partial<Trial>>} */
async function trained(of, context, { own, onProgress }) {
  const heldOut = spread(rowsOf(context.split.heldOut, context), MOST_HELD_OUT_ROWS);
  const { curve, best, last, trainedNumbers, milliseconds, diverged } = await own(engine.request('trial', {
    train: rowsOf(context.split.train, context), heldOut, settings: of, workers: context.workers, averages: true,
  }, ({ step, steps }) => onProgress((STEPS_SHARE * step) / steps)));
  if (diverged) throw new EngineError('The training diverged: its loss is no longer a number. Try a lower learning rate.', 'input');
  return { curve, trainedNumbers, milliseconds, heldOutLoss: best?.heldOutLoss ?? null, bestStep: best?.step ?? null, through: best?.through, averaged: best?.averaged, prompt: best?.softPrompt ?? last };
}

/** Words in front of the input. @param {Way} way @param {Context} context @returns {import('../protocol.js').DiscretePrompt} */
function frontOf(way, context) {
  return {
    instruction: way.kind === 'instruction' ? context.objective : null,
    shots: way.kind === 'shots' ? rowsOf(context.split.train, context).slice(0, way.shots) : [],
  };
}

/** @param {Way} way @param {Context} context @param {Hooks} hooks @returns {Promise<Partial<Trial>>} */
async function untrained(way, context, { own }) {
  const heldOut = spread(rowsOf(context.split.heldOut, context), MOST_HELD_OUT_ROWS);
  if (heldOut.length === 0) return {};
  const report = await own(engine.request('evaluate', { examples: heldOut, softPrompt: null, front: frontOf(way, context) }));
  return { heldOutLoss: report.loss };
}

/** Greedy answers to the test inquiries, and what they are worth. @param {Way} way @param {SoftPrompt|null} prompt @param {Context} context @param {Hooks} hooks */
async function answered(way, prompt, context, { own, onProgress }) {
  /** @type {{question: string, answer: string}[]} */
  const answers = [];
  const front = frontOf(way, context);
  for (const [index, { input }] of context.test.entries()) {
    onProgress(STEPS_SHARE + ((1 - STEPS_SHARE) * index) / context.test.length);
    const answer = await own(engine.request('generate', {
      text: input, variant: prompt ? 'tuned' : way.kind === 'base' ? 'base' : 'discrete', instruction: front.instruction ?? '', shots: front.shots,
      softPrompt: prompt, settings: { ...context.generation, temperature: 0 },
    }));
    if (answer.finishReason === 'cancelled') throw new Error('Cancelled.');
    answers.push({ question: input, answer: answer.text });
  }
  const pairs = context.test.flatMap(({ output }, index) => (output === '' ? [] : [{ answer: answers[index].answer, reference: output }]));
  const scores = pairs.length > 0 ? await engine.request('score', { pairs }) : [];
  const usable = context.patterns.filter(({ kind, value }) => kind === 'valid_json' || value.trim() !== '');
  const { matches, problems } = await engine.request('matchPatterns', { texts: answers.map(({ answer }) => answer), patterns: usable });
  const unusable = new Set(problems.map(({ pattern }) => pattern));
  const held = matches.flatMap((of) => of.filter((_, pattern) => !unusable.has(pattern)));
  return { answers, chrf: mean(scores.map(({ chrf }) => chrf)), rougeL: mean(scores.map(({ rougeL }) => rougeL)), checks: mean(held.map(Number)) };
}

/** Trials are counted for their names, from where the runs of step 5 hardly come. */
const lastNumber = signal(155);
keep('lastRunName', lastNumber, (saved) => (Number.isInteger(saved) && saved >= 0 ? saved : undefined));

/** Begins a comparison of the chosen ways on the rows and test inquiries of the page. */
export const compareWays = () => comparisonOfWays.begin(async () => {
  const examples = await trainableRows(pageRows.value, effectiveSettings.value);
  const { held_out_share, seed } = settings.value;
  const split = await engine.request('split', { count: examples.length, share: held_out_share, seed });
  const test = spread(testRows.value, MOST_WRITTEN_ANSWERS)
    .map(({ question, reference }) => ({ input: readInquiry(question).text, output: reference.trim() }))
    .filter(({ input }) => input !== '');
  const jobs = ways.value.filter(({ id }) => chosenWays.value.includes(id)).map((way) => (way.settings ? { ...way, settings: withThePage(way, way.settings) } : { ...way, shots: Math.min(way.shots, split.train.length) }));
  for (const { settings: of } of jobs) if (of) await trainableRows(examples, of);
  const first = lastNumber.value + 1;
  lastNumber.value += jobs.length;
  return { jobs, context: { examples, split, test, patterns: patterns.value, objective: objective.value, generation: generation.value, workers: workers.value, first, splitBy: { seed, held_out_share } } };
});

/** The prefix token that a trial's prompt gets. @param {Trial} trial */
export const prefixOf = ({ name }) => `[${name.toUpperCase().replace('-', '_')}]`;

/** Makes the prompt of a trial one with a prefix token of its own. Its settings name what the rows were split by, also where
 * the way had a seed and a share of its own: step 7 finds the held-out rows by them. @param {Trial} trial */
export function promote(trial) {
  const { name, way, prompt, bestStep, through, averaged, heldOutLoss } = trial;
  const plan = comparisonOfWays.state.value.plan;
  if (!prompt || !way.settings || !plan) return;
  const prefix = prefixOf(trial);
  const { split, splitBy } = plan.context;
  saveTrainedPrompt(prefix, {
    ...prompt, settings: { ...way.settings, ...splitBy, prefix_token: prefix }, step: through ?? bestStep ?? way.settings.steps, averaged, heldOutLoss, trainedAt: Date.now(),
    modelHash: plan.modelHash, examples: split.train.length, heldOutExamples: split.heldOut.length,
  });
  addNotice('success', `The prompt of ${name} now stands under ${prefix}, and answers in step 6.`);
}
