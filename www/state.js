// @ts-check
/**
 * The whole state of the page, as signals, and every way to change it.
 *
 * Steps read signals and call the functions below; nothing else keeps state that matters.
 * What is saved and how is in store.js, what stands in the address in url.js; the run under way is in run.js.
 */
import { batch, computed, signal } from './ui.js';
import { DEFAULT_GENERATION, DEFAULT_SETTINGS } from './protocol.js';

/** @typedef {import('./protocol.js').Example} Example */
/** @typedef {import('./protocol.js').Settings} Settings */
/** @typedef {import('./protocol.js').GenerationSettings} GenerationSettings */
/** @typedef {import('./protocol.js').Pattern} Pattern */
/** @typedef {import('./protocol.js').ModelInfo} ModelInfo */
/** @typedef {import('./protocol.js').DatasetReport} DatasetReport */

/** A row of the dataset; `id` stays the same while it is edited and moved.
 * @typedef {{id: string, input: string, output: string}} ExampleRow */
/** A new inquiry of step 6; `reference` may be "". `wordings`: the same in other words, once the person has changed those proposed in step 7.
 * @typedef {{id: string, question: string, reference: string, wordings?: string[]}} TestRow */
/** A scenario as it lies in cases/: what "start over" brings back.
 * `settings`: the defaults where there are none.
 * @typedef {{name: string, objective: string, prefix: string, examples: Example[], test: TestCase[], patterns: Pattern[], settings?: Settings}} Case */
/** An inquiry of a scenario, with its ideal response where it has one. @typedef {string|{question: string, reference: string}} TestCase */
/** A soft prompt that was trained here or opened from an adapter, kept by its prefix token. `vectors`: virtualTokens x width.
 * @typedef {object} TrainedPrompt
 * @property {Float32Array} vectors
 * @property {number} virtualTokens
 * @property {number} width           numbers of one virtual token
 * @property {import('./protocol.js').PromptKind} kind
 * @property {Settings} settings
 * @property {number} step            that led to it; the last one of a mean
 * @property {number} [averaged]      how many steps' prompts it is the mean of, where it is one
 * @property {number|null} heldOutLoss
 * @property {number} trainedAt       milliseconds since 1970
 * @property {string} modelHash       weightsHash of the model it belongs to
 * @property {string} [origin]        name of the adapter that it was opened from; none where it was trained here
 * @property {number} [examples]      it was trained on
 * @property {number} [heldOutExamples] */
/** What the worker needs of it. @param {TrainedPrompt} prompt @returns {import('./protocol.js').SoftPrompt} */
export const softPromptOf = ({ vectors, virtualTokens, width, kind }) => ({ vectors, virtualTokens, width, kind });

/** @typedef {{status: 'loading'|'ready'|'error', info: ModelInfo|null, loaded: number, total: number, error: string|null}} ModelState */
/** @typedef {{id: number, kind: 'info'|'warning'|'error'|'success', text: string, action: {label: string, run: () => void}|null, about: ''|'run'|'adapter'|'import'}} NoticeItem */

const visit = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 7)}`;
let lastId = 0;
/** An id that no other row of this browser has. */
export const newId = () => `${visit}-${(lastId += 1).toString(36)}`;

// ---------------------------------------------------------------- step 1: dataset

/** @type {import('./vendor/signals/signals.js').Signal<ExampleRow[]>} the list is replaced, never changed in place */
export const examples = signal(/** @type {ExampleRow[]} */ ([]));

/** What Rust said of the rows, and which rows it was said of; null until the model is there.
 * @type {import('./vendor/signals/signals.js').Signal<{rows: ExampleRow[], report: DatasetReport}|null>} */
export const datasetReport = signal(/** @type {{rows: ExampleRow[], report: DatasetReport}|null} */ (null));

/** The rows that can be trained on. Before Rust has looked at them: those with text on both sides. */
export const usableExamples = computed(() => {
  const rows = examples.value;
  const seen = datasetReport.value;
  const checked = seen?.rows === rows ? seen.report.rows : null;
  return rows
    .filter((row, index) => (checked?.[index] ? !checked[index].warnings.some((warning) => warning.blocking) : row.input.trim() !== '' && row.output.trim() !== ''))
    .map(({ input, output }) => ({ input, output }));
});

/** How many of them a run trains on, the held-out ones left out; null until Rust has said so. */
export const trainingRows = signal(/** @type {number|null} */ (null));

const UNDO_LIMIT = 200;
const MERGE_MS = 1500;
const past = signal(/** @type {ExampleRow[][]} */ ([]));
const future = signal(/** @type {ExampleRow[][]} */ ([]));
let lastEdit = { key: '', time: 0 };

export const canUndo = computed(() => past.value.length > 0);
export const canRedo = computed(() => future.value.length > 0);

/** @param {ExampleRow[]} rows @param {string} [mergeKey] edits with the same key in quick succession are one step of undo */
const changeExamples = (rows, mergeKey = '') => batch(() => {
  const merges = mergeKey !== '' && mergeKey === lastEdit.key && Date.now() - lastEdit.time < MERGE_MS;
  if (!merges) past.value = [...past.value.slice(1 - UNDO_LIMIT), examples.value];
  lastEdit = { key: mergeKey, time: Date.now() };
  future.value = [];
  examples.value = rows;
});

export const undo = () => batch(() => {
  const rows = past.value.at(-1);
  if (!rows) return;
  future.value = [...future.value, examples.value];
  past.value = past.value.slice(0, -1);
  examples.value = rows;
  lastEdit = { key: '', time: 0 };
});

export const redo = () => batch(() => {
  const rows = future.value.at(-1);
  if (!rows) return;
  past.value = [...past.value, examples.value];
  future.value = future.value.slice(0, -1);
  examples.value = rows;
  lastEdit = { key: '', time: 0 };
});

/** Adds a row at the end and returns its id. @param {Example} [example] */
export const addExample = (example = { input: '', output: '' }) => {
  const row = { id: newId(), input: example.input, output: example.output };
  changeExamples([...examples.value, row]);
  return row.id;
};

/** @param {string} id @param {Partial<Example>} change */
export const updateExample = (id, change) =>
  changeExamples(examples.value.map((row) => (row.id === id ? { ...row, ...change } : row)), `${id} ${Object.keys(change)}`);

/** @param {string} id */
export const deleteExample = (id) => changeExamples(examples.value.filter((row) => row.id !== id));

/** Puts a copy right below and returns its id. @param {string} id */
export const duplicateExample = (id) => {
  const index = examples.value.findIndex((row) => row.id === id);
  if (index < 0) return id;
  const copy = { ...examples.value[index], id: newId() };
  changeExamples([...examples.value.slice(0, index + 1), copy, ...examples.value.slice(index + 1)]);
  return copy.id;
};

/** @param {string} id @param {number} by -1 is one up, 1 one down */
export const moveExample = (id, by) => {
  const rows = [...examples.value];
  const from = rows.findIndex((row) => row.id === id);
  const to = Math.min(rows.length - 1, Math.max(0, from + by));
  if (from < 0 || from === to) return;
  rows.splice(to, 0, ...rows.splice(from, 1));
  changeExamples(rows);
};

/** @param {Example[]} list */
export const withIds = (list) => list.map(({ input, output }) => ({ id: newId(), input, output }));
/** All rows at once, as one step of undo. @param {Example[]} list */
export const replaceExamples = (list) => changeExamples(withIds(list));
/** @param {Example[]} list */
export const appendExamples = (list) => changeExamples([...examples.value, ...withIds(list)]);

/** Makes the dataset as it is now the beginning of undo. */
export const forgetHistory = () => batch(() => { past.value = []; future.value = []; });

// ---------------------------------------------------------------- steps 2 and 3: objective, settings, prefix

export const objective = signal('');

/** The settings of the next run, always valid in form. What was typed and isn't valid is in `settingTexts`. */
export const settings = signal(/** @type {Settings} */ ({ ...DEFAULT_SETTINGS }));

/** Text of the fields whose value can't be used, by field: kept as typed until it is put right. While a number is typed
 * also what isn't its usual form yet, "0." on the way to "0.5". */
export const settingTexts = signal(/** @type {Partial<Record<keyof Settings, string>>} */ ({}));

/** Everything that is wrong with the settings, a sentence each; a run starts only when this is empty. */
export const settingsProblems = signal(/** @type {import('./protocol.js').CheckedSettings['problems']} */ ([]));

/** @template {keyof Settings} K @param {K} name @param {Settings[K]} value */
export const setSetting = (name, value) => batch(() => {
  const { [name]: _, ...others } = settingTexts.value;
  settingTexts.value = others;
  if (!Object.is(settings.value[name], value)) settings.value = { ...settings.value, [name]: value };
});

/** The settings as they are sent to Rust: the objective is the initial text where none was written. */
export const effectiveSettings = computed(() => ({
  ...settings.value,
  prompt_tuning_init_text: settings.value.prompt_tuning_init_text.trim() === '' ? objective.value : settings.value.prompt_tuning_init_text,
}));

// ---------------------------------------------------------------- steps 5 to 7

/** By prefix token. */
export const trainedPrompts = signal(/** @type {Record<string, TrainedPrompt>} */ ({}));
/** The prefix token whose prompt answers in step 6; "" where none is trained. */
export const activePrefix = signal('');
export const activePrompt = computed(() => trainedPrompts.value[activePrefix.value] ?? null);

/** Keeps a trained prompt under its prefix token and makes it the active one. @param {string} prefix @param {TrainedPrompt} prompt */
export const saveTrainedPrompt = (prefix, prompt) => batch(() => {
  trainedPrompts.value = { ...trainedPrompts.value, [prefix]: prompt };
  activePrefix.value = prefix;
});

/** @param {string} prefix */
export const deleteTrainedPrompt = (prefix) => batch(() => {
  const { [prefix]: _, ...others } = trainedPrompts.value;
  trainedPrompts.value = others;
  if (activePrefix.value === prefix) activePrefix.value = Object.keys(others)[0] ?? '';
});

/** What the settings would train, as Rust says; null until it has said so.
 * @type {import('./vendor/signals/signals.js').Signal<import('./protocol.js').PromptShape|null>} */
export const promptShape = signal(/** @type {import('./protocol.js').PromptShape|null} */ (null));
/** Positions in front of every input. */
export const promptLength = computed(() => promptShape.value?.virtualTokens ?? settings.value.num_virtual_tokens);
/** The prefix token of the trained prompt that the next run starts from; "" for an initialisation. */
export const startFrom = signal('');
export const startPrompt = computed(() => trainedPrompts.value[startFrom.value] ?? null);

export const testRows = signal(/** @type {TestRow[]} */ ([]));
/** @param {string} id @param {Partial<TestRow>} change */
export const updateTestRow = (id, change) => { testRows.value = testRows.value.map((row) => (row.id === id ? { ...row, ...change } : row)); };
export const generation = signal(/** @type {GenerationSettings} */ ({ ...DEFAULT_GENERATION }));
/** What was typed where it cannot be used, or isn't the usual form of its number yet: "0." on the way to "0.8". */
export const generationTexts = signal(/** @type {Partial<Record<keyof GenerationSettings, string>>} */ ({}));
export const patterns = signal(/** @type {Pattern[]} */ ([]));
export const conclusions = signal('');

// ---------------------------------------------------------------- the model and the page

export const model = signal(/** @type {ModelState} */ ({ status: 'loading', info: null, loaded: 0, total: 0, error: null }));

export const notices = signal(/** @type {NoticeItem[]} */ ([]));
let lastNotice = 0;
const SUCCESS_MS = 8000;

/** Shows a sentence in the corner of the page until it is closed; good news goes by itself. The same sentence is
 * shown once, but for those that offer something: each may bring back another thing.
 * @param {NoticeItem['kind']} kind @param {string} text @param {NoticeItem['action']} [action] @param {NoticeItem['about']} [about] */
export const addNotice = (kind, text, action = null, about = '') => {
  const id = (lastNotice += 1);
  notices.value = [...notices.value.filter((notice) => notice.text !== text || notice.action !== null), { id, kind, text, action, about }];
  if (kind === 'success') setTimeout(() => closeNotice(id), SUCCESS_MS);
};
/** @param {number} id */
export const closeNotice = (id) => { notices.value = notices.value.filter((notice) => notice.id !== id); };

/** Takes back what was said of the run, of the adapter or of an import before: something newer begins. @param {Exclude<NoticeItem['about'], ''>} about */
export const closeNoticesAbout = (about) => { notices.value = notices.value.filter((notice) => notice.about !== about); };

/** What screen readers are told beside the notices: that something long has ended. */
export const announced = signal('');
/** @type {ReturnType<typeof setTimeout>|undefined} */
let telling;
const TOLD_AFTER_MS = 100;
const TOLD_MS = 10_000;

/** Has a sentence read out, also where the last one was the same. @param {string} text */
export const announce = (text) => {
  clearTimeout(telling);
  announced.value = '';
  telling = setTimeout(() => {
    announced.value = text;
    telling = setTimeout(() => { announced.value = ''; }, TOLD_MS);
  }, TOLD_AFTER_MS);
};

/** What a scenario takes the place of. */
const ofAScenario = [examples, objective, settings, settingTexts, testRows, generation, generationTexts, patterns, conclusions];

/** Fills the page with a scenario: dataset, objective, prefix token, test inquiries. Trained prompts stay.
 * @param {Case} scenario @returns {() => void} brings back what stood there before */
export const startWith = (scenario) => {
  const before = ofAScenario.map((part) => part.peek());
  fill(scenario);
  return () => batch(() => {
    replaceExamples(/** @type {any} */ (before[0]));
    ofAScenario.slice(1).forEach((part, index) => { /** @type {any} */ (part).value = before[index + 1]; });
  });
};

/** @param {Case} scenario */
const fill = (scenario) => batch(() => {
  replaceExamples(scenario.examples);
  objective.value = scenario.objective;
  settings.value = { ...(scenario.settings ?? DEFAULT_SETTINGS), prefix_token: scenario.prefix };
  settingTexts.value = {};
  testRows.value = scenario.test.map((row) => ({ id: newId(), ...(typeof row === 'string' ? { question: row, reference: '' } : { question: row.question, reference: row.reference }) }));
  generation.value = { ...DEFAULT_GENERATION };
  generationTexts.value = {};
  patterns.value = scenario.patterns;
  conclusions.value = '';
});
