// @ts-check
/**
 * The answers of step 6: three to each inquiry, asked one after another with the same decoding.
 *
 * Tokens arrive faster than a screen is drawn, so a row's answers are shown at most once per animation frame.
 */
import { EngineError, engine } from '../../engine.js';
import { generation, model, objective, softPromptOf, testRows } from '../../state.js';
import { readInquiry } from '../../inquiry.js';
import { keep } from '../../store.js';
import { recordBaseAnswer } from '../analysis/greedy.js';
import { computed, signal } from '../../ui.js';

/** @typedef {import('../../protocol.js').Variant} Variant */
/** @typedef {import('../../protocol.js').Answer} Answer */
/** @typedef {import('../../state.js').TestRow} TestRow */

/** One answer. `key` says what it was an answer to: when that has changed, the answer is out of date.
 * @typedef {{status: 'waiting'|'writing'|'done'|'failed', text: string, key: string, prefix: string, answer: Answer|null, error: string, before?: Written}} Written
 * `prefix`: of the prompt that wrote it, in the tuned column; `before`: the answer that stood where one waits */
/** @typedef {Partial<Record<Variant, Written>>} RowAnswers */

/** @type {readonly Variant[]} */
export const VARIANTS = ['base', 'discrete', 'tuned'];

/** @type {Map<string, import('../../vendor/signals/signals.js').Signal<RowAnswers>>} */
const byRow = new Map();
/** Goes up when an answer is finished, so that step 7 looks again. */
export const finishedAnswers = signal(0);

/** Finished answers by row: what is brought back on the next visit. */
const finished = signal(/** @type {Record<string, RowAnswers>} */ ({}));

/** Whether a trained prompt has answered an inquiry. */
export const isTested = computed(() => testRows.value.some(({ id }) => finished.value[id]?.tuned));

/** The text of an answer that was written to its end; null where there is none, also where it was stopped.
 * @param {Written|undefined} written */
export const wholeText = (written) => (written?.status === 'done' && written.answer?.finishReason !== 'cancelled' ? written.text : null);

/** @param {any} written */
const isFinished = (written) => written?.status === 'done' && ['text', 'key', 'prefix'].every((field) => typeof written[field] === 'string') && typeof written.answer?.tokens === 'number';

keep('answers', finished, (saved) => {
  if (!saved || typeof saved !== 'object') return undefined;
  const there = new Set(testRows.value.map(({ id }) => id));
  return Object.fromEntries(Object.entries(saved).filter(([rowId]) => there.has(rowId))
    .map(([rowId, answers]) => [rowId, Object.fromEntries(VARIANTS.filter((variant) => isFinished(answers?.[variant])).map((variant) => [variant, answers[variant]]))]));
});

/** @param {string} rowId */
export function answersOf(rowId) {
  let answers = byRow.get(rowId);
  if (!answers) byRow.set(rowId, answers = signal(/** @type {RowAnswers} */ (finished.peek()[rowId] ?? {})));
  return answers;
}

/** Why a variant cannot be asked now, or "". @param {TestRow} row @param {Variant} variant */
export function obstacleTo(row, variant) {
  const { text, prompt } = readInquiry(row.question);
  if (text === '') return 'Write an inquiry first.';
  if (variant === 'discrete' && objective.value.trim() === '') return 'Write the objective in step 2 first: it is the text in front.';
  if (variant === 'tuned' && !prompt) return 'Train a prompt in step 5 first.';
  return '';
}

/** What an answer depends on. @param {TestRow} row @param {Variant} variant @returns {string} */
export function answerKey(row, variant) {
  const { text, prefix, prompt } = readInquiry(row.question);
  const front = variant === 'discrete' ? objective.value : variant === 'tuned' ? [prefix, prompt?.trainedAt, prompt?.step] : null;
  return JSON.stringify([text, front, Object.entries(generation.value).sort(), model.value.info?.weightsHash]);
}

/** Whether something that an answer depends on has changed since. Before the model is there nobody knows.
 * @param {Written|undefined} written @param {TestRow} row @param {Variant} variant */
export const isStale = (written, row, variant) => written?.status === 'done' && model.value.info !== null && written.key !== answerKey(row, variant);

/** @typedef {{rowId: string, variant: Variant}} Job */

const queue = signal(/** @type {Job[]} */ ([]));
const active = signal(/** @type {Job|null} */ (null));
/** @type {import('../../engine.js').Running<'generate'>|null} */
let running = null;

export const isAsking = computed(() => active.value !== null || queue.value.length > 0);
/** How the last round of asking has ended; "" while one is under way. */
export const askingEnded = signal(/** @type {''|'done'|'stopped'} */ (''));
export const answersLeft = computed(() => queue.value.length + (active.value ? 1 : 0));

/** @param {string} rowId */
export function isAskingRow(rowId) {
  return active.value?.rowId === rowId || queue.value.some((job) => job.rowId === rowId);
}

/** Asks some inquiries in all three ways. @param {readonly TestRow[]} rows */
export function ask(rows) {
  const jobs = rows
    .filter((row) => !isAskingRow(row.id))
    .flatMap((row) => VARIANTS.filter((variant) => obstacleTo(row, variant) === '').map((variant) => ({ rowId: row.id, variant })));
  for (const { rowId, variant } of jobs) write(rowId, variant, { status: 'waiting', text: '', key: '', prefix: '', answer: null, error: '', before: answersOf(rowId).value[variant] });
  if (jobs.length === 0) return;
  queue.value = [...queue.value, ...jobs];
  askingEnded.value = '';
  if (!active.value) void work();
}

/** Ends the answer being written, keeps its text, and forgets those that wait: the answers before them stand again. */
export function stopAsking() {
  for (const { rowId, variant } of queue.value) forget(rowId, variant);
  queue.value = [];
  askingEnded.value = 'stopped';
  running?.control('stop');
}

async function work() {
  while (queue.value.length > 0) {
    const [job, ...rest] = queue.value;
    active.value = job;
    queue.value = rest;
    const row = testRows.value.find((candidate) => candidate.id === job.rowId);
    if (row) await answer(row, job.variant);
    else forget(job.rowId, job.variant);
  }
  active.value = null;
  askingEnded.value ||= 'done';
}

/** @param {TestRow} row @param {Variant} variant */
async function answer(row, variant) {
  const { text, prefix, prompt } = readInquiry(row.question);
  /** @type {Written} */
  const written = { status: 'writing', text: '', key: answerKey(row, variant), prefix, answer: null, error: '' };
  let frame = 0;
  const show = () => {
    frame = 0;
    write(row.id, variant, { ...written });
  };
  show();
  const settings = generation.value;
  try {
    running = engine.request('generate', {
      text,
      variant,
      instruction: variant === 'discrete' ? objective.value : '',
      softPrompt: variant === 'tuned' && prompt ? softPromptOf(prompt) : null,
      settings,
    }, (event) => {
      written.text += event.text;
      if (frame === 0) frame = requestAnimationFrame(show);
    });
    written.answer = await running;
    if (variant === 'base') recordBaseAnswer(text, settings, written.answer);
    written.text = written.answer.text;
    written.status = 'done';
  } catch (error) {
    written.status = 'failed';
    written.error = error instanceof Error ? error.message : String(error);
    if (error instanceof EngineError && error.kind === 'crashed') stopAsking();
  }
  running = null;
  cancelAnimationFrame(frame);
  show();
  if (written.status === 'done') finished.value = { ...finished.value, [row.id]: { ...finished.value[row.id], [variant]: { ...written } } };
  finishedAnswers.value++;
}

/** @param {string} rowId @param {Variant} variant @param {Written} written */
function write(rowId, variant, written) {
  const answers = answersOf(rowId);
  answers.value = { ...answers.value, [variant]: written };
}

/** @param {string} rowId @param {Variant} variant */
function forget(rowId, variant) {
  const answers = answersOf(rowId);
  const { [variant]: waiting, ...others } = answers.value;
  answers.value = waiting?.before ? { ...others, [variant]: waiting.before } : others;
}
