// @ts-check
/**
 * What Rust says about the dataset and the settings, asked anew whenever they change and things are quiet.
 * Only the latest question counts: an answer about rows that have changed since is dropped.
 */
import { computed, debounce, effect, signal } from './ui.js';
import { engine } from './engine.js';
import { datasetReport, effectiveSettings, examples, model, promptLength, promptShape, settings, settingsProblems, settingTexts, startPrompt, trainingRows, usableExamples } from './state.js';
import { fieldOf, isShown, parseSetting } from './settings.js';

const DATASET_WAIT_MS = 300;
const SETTINGS_WAIT_MS = 150;

/** What is wrong with the text of a field that is shown, before Rust is asked. */
const localProblems = computed(() => Object.entries(settingTexts.value).flatMap(([name, text]) => {
  const field = fieldOf(name);
  const problem = field && isShown(field, settings.value) ? parseSetting(field, text).problem : null;
  return problem ? [{ field: name, message: problem }] : [];
}));

const rustProblems = signal(/** @type {import('./protocol.js').CheckedSettings['problems']} */ ([]));

const checkDataset = debounce(async (/** @type {import('./state.js').ExampleRow[]} */ rows, /** @type {number} */ virtualTokens) => {
  try {
    const report = await engine.request('checkDataset', { examples: rows.map(({ input, output }) => ({ input, output })), virtualTokens });
    if (rows === examples.peek()) datasetReport.value = { rows, report };
  } catch { /* a crash says so itself, and the rows are checked again when the model is back */ }
}, DATASET_WAIT_MS);

const checkSettings = debounce(async (/** @type {import('./protocol.js').Settings} */ sent, /** @type {boolean} */ startIsGiven) => {
  try {
    const { problems } = await engine.request('checkSettings', { settings: sent, startIsGiven });
    if (sent === effectiveSettings.peek() && startIsGiven === (startPrompt.peek() !== null)) rustProblems.value = problems;
  } catch { /* as above: the bounds of settings.js have been checked already */ }
}, SETTINGS_WAIT_MS);

const askPromptShape = debounce(async (/** @type {import('./protocol.js').Settings} */ sent) => {
  try {
    const shape = await engine.request('promptShape', { settings: sent });
    if (sent === effectiveSettings.peek()) promptShape.value = shape;
  } catch { /* as above */ }
}, SETTINGS_WAIT_MS);

/** The latest question about the split. */
let lastSplit = 0;

const countTrainingRows = debounce(async (/** @type {number} */ count, /** @type {number} */ share, /** @type {number} */ seed) => {
  const asked = ++lastSplit;
  try {
    const split = await engine.request('split', { count, share, seed });
    if (asked === lastSplit) trainingRows.value = split.train.length;
  } catch { /* as above */ }
}, SETTINGS_WAIT_MS);

/** The batch of a run, as memory and time are planned for it: the rows that can be trained on.
 * @param {import('./protocol.js').DatasetReport} report @param {number} virtualTokens @param {number} batchSize
 * @returns {import('./protocol.js').PlannedBatch} */
export const plannedBatch = ({ rows }, virtualTokens, batchSize) => {
  const usable = rows.filter((row) => !row.warnings.some((warning) => warning.blocking));
  return {
    exampleTokens: usable.map((row) => row.totalTokens),
    responseTokens: usable.reduce((sum, row) => sum + row.outputTokens + 1, 0),
    virtualTokens,
    batchSize,
  };
};

/** Starts asking; once, when the page opens. */
export const startChecks = () => {
  const ready = computed(() => (model.value.status === 'ready' ? model.value.info : null)); // another model counts other tokens
  effect(() => { if (ready.value) checkDataset(examples.value, promptLength.value); });
  effect(() => { if (ready.value) askPromptShape(effectiveSettings.value); });
  effect(() => { if (ready.value) checkSettings(effectiveSettings.value, startPrompt.value !== null); });
  const usable = computed(() => usableExamples.value.length);
  const share = computed(() => settings.value.held_out_share);
  const seed = computed(() => settings.value.seed);
  effect(() => { if (ready.value) countTrainingRows(usable.value, share.value, seed.value); });
  effect(() => {
    const local = localProblems.value;
    settingsProblems.value = [...local, ...rustProblems.value.filter(({ field }) => !local.some((problem) => problem.field === field))];
  });
};
