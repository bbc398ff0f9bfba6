// @ts-check
/**
 * Measures the base and the tuned model on the training, the held-out and the test rows: losses over the given
 * responses, and greedy answers against them. All numbers come from the worker; this only asks in the right order.
 */
import { engine } from '../../engine.js';
import { MOST_MEASURED_ROWS, MOST_WRITTEN_ANSWERS, spread } from '../../limits.js';
import { runOf } from '../../run.js';
import { mean } from '../../metrics.js';
import { activePrompt, activePrefix, announce, model, softPromptOf, testRows, usableExamples } from '../../state.js';
import { keepWhole } from '../../store.js';
import { signal } from '../../ui.js';
import { readInquiry } from '../../inquiry.js';
import { askGreedily } from './greedy.js';

/** @typedef {import('../../protocol.js').Example} Example */
/** @typedef {import('../../protocol.js').SoftPrompt} SoftPrompt */
/** @typedef {import('../../state.js').TrainedPrompt} TrainedPrompt */

/** Means over the rows; null where not measured. Shares are 0 to 1.
 * @typedef {Record<'loss'|'perplexity'|'tokenAccuracy'|'distinct'|AnswerMeasure, number|null>} Measures */
/** @typedef {typeof OF_ANSWERS[number]} AnswerMeasure */
/** @typedef {'training'|'heldOut'|'test'} SetName */
/** Of one row; null where not measured. `exactMatch`: 0 or 1. @typedef {{answer: string|null} & Record<'loss'|OfRow, number|null>} RowMeasures */
/** @typedef {typeof OF_ROWS[number]} OfRow */
/** @typedef {{name: SetName, rows: Example[], all: number, base: Measures, tuned: Measures, each: Record<'base'|'tuned', RowMeasures[]>}} MeasuredSet  `all`: rows there are; `rows`: those measured; `each`: of each of them */
/** @typedef {{sets: MeasuredSet[], itsRows: boolean, prefix: string, promptKey: string}} Comparison  `itsRows`: the rows are those of the run that made the prompt */

/** What `score` says of one answer, of which the mean is shown. */
const OF_ANSWERS = /** @type {const} */ (['exactMatch', 'rouge1', 'rouge2', 'rougeL', 'bleu', 'chrf', 'words']);
/** What is kept of each answer. */
const OF_ROWS = /** @type {const} */ (['exactMatch', 'rougeL', 'bleu', 'chrf']);
/** @type {RowMeasures} */
const NO_ROW = { answer: null, loss: null, exactMatch: null, rougeL: null, bleu: null, chrf: null };
/** @type {Measures} */
const NOTHING = {
  loss: null, perplexity: null, tokenAccuracy: null, exactMatch: null, rouge1: null, rouge2: null, rougeL: null, bleu: null, chrf: null, words: null,
  distinct: null,
};

export const comparison = signal(/** @type {Comparison|null} */ (null));
const saveWhole = keepWhole('metrics', comparison, (saved) => {
  const looksRight = saved && typeof saved.promptKey === 'string' && typeof saved.prefix === 'string' && Array.isArray(saved.sets) && saved.sets.every(isSet);
  return looksRight ? saved : undefined;
});

/** @param {any} saved */
const isSet = (saved) => ['training', 'heldOut', 'test'].includes(saved?.name) && Array.isArray(saved.rows) && saved.base && saved.tuned
  && [saved.each?.base, saved.each?.tuned].every((rows) => Array.isArray(rows) && rows.length === saved.rows.length);

export const progress = signal(/** @type {{text: string, done: number, total: number}|null} */ (null));
export const problem = signal('');

/** @type {{control: (action: 'cancel') => void}|null} */
let running = null;
let cancelled = false;

export function cancelMeasuring() {
  cancelled = true;
  running?.control('cancel');
}

/** The prompt that numbers are of. */
const ofPrompt = () => {
  const prompt = activePrompt.value;
  return JSON.stringify(prompt && [activePrefix.value, prompt.trainedAt, prompt.step]);
};

/** What the numbers depend on: the model's hash and the prompt. */
export const promptKey = () => `${model.value.info?.weightsHash ?? ''} ${ofPrompt()}`;

/** Whether what has this key was found with the prompt and the model of now. While no model is there only the prompt tells. @param {string} key */
export const isOfNow = (key) => (model.value.info === null ? key.slice(key.indexOf(' ') + 1) === ofPrompt() : key === promptKey());

class Stopped extends Error {}

const STOPPED = 'Measuring was cancelled.';

/** @param {boolean} withAnswers also writes greedy answers and scores them */
export async function measure(withAnswers) {
  const prompt = activePrompt.value;
  if (!prompt || progress.value) return;
  cancelled = false;
  problem.value = '';
  const softPrompt = softPromptOf(prompt);
  progress.value = { text: 'Choosing the rows', done: 0, total: 0 };
  try {
    const itsRun = runOf(prompt);
    const sets = (await chooseRows(prompt, itsRun)).filter((set) => set.rows.length > 0);
    const work = new Work(sets, withAnswers);
    const result = { sets, itsRows: itsRun !== null, prefix: activePrefix.value, promptKey: promptKey() };
    for (const set of sets) {
      await work.losses(set, 'base', null);
      await work.losses(set, 'tuned', softPrompt);
      comparison.value = published(result);
    }
    for (const set of withAnswers ? sets : []) {
      await work.answers(set, 'base', null);
      await work.answers(set, 'tuned', softPrompt);
      comparison.value = published(result);
    }
    if (!cancelled) saveWhole();
    announce(cancelled ? STOPPED : 'The base and the tuned model are measured.');
  } catch (error) {
    if (cancelled) announce(STOPPED);
    else problem.value = error instanceof Error ? error.message : String(error);
  } finally {
    progress.value = null;
    running = null;
  }
}

/**
 * The rows of the run that made the prompt; where that run is gone, the rows of step 1, split in the same way.
 * @param {TrainedPrompt} prompt
 * @param {import('../../run/record.js').Run|null} itsRun
 * @returns {Promise<MeasuredSet[]>}
 */
async function chooseRows(prompt, itsRun) {
  const { held_out_share: share, seed } = prompt.settings;
  const examples = itsRun ? itsRun.examples : usableExamples.value;
  const split = itsRun ? itsRun.split : await engine.request('split', { count: examples.length, share, seed });
  const test = testRows.value
    .filter((row) => row.reference.trim() !== '' && readInquiry(row.question).text !== '')
    .map((row) => ({ input: readInquiry(row.question).text, output: row.reference.trim() }));
  return [
    emptySet('training', split.train.map((index) => examples[index])),
    emptySet('heldOut', split.heldOut.map((index) => examples[index])),
    emptySet('test', test),
  ];
}

/** @param {SetName} name @param {Example[]} rows @returns {MeasuredSet} */
function emptySet(name, rows) {
  const measured = spread(rows, MOST_MEASURED_ROWS);
  const each = { base: measured.map(() => NO_ROW), tuned: measured.map(() => NO_ROW) };
  return { name, rows: measured, all: rows.length, base: { ...NOTHING }, tuned: { ...NOTHING }, each };
}

/** A copy, so that what is drawn of it is drawn anew: the sets are filled in place. @param {Comparison} result @returns {Comparison} */
function published(result) {
  return { ...result, sets: result.sets.map((set) => ({ ...set, each: { ...set.each } })) };
}

/** The requests one after another, with one progress over all of them. */
class Work {
  #done = 0;

  /** @param {MeasuredSet[]} sets @param {boolean} withAnswers */
  constructor(sets, withAnswers) {
    this.total = 2 * sets.reduce((sum, set) => sum + set.rows.length + (withAnswers ? Math.min(set.rows.length, MOST_WRITTEN_ANSWERS) : 0), 0);
  }

  /** @param {string} text @param {number} extra done within the current request */
  #show(text, extra = 0) {
    progress.value = { text, done: this.#done + extra, total: this.total };
  }

  /** @param {MeasuredSet} set @param {'base'|'tuned'} which @param {SoftPrompt|null} softPrompt */
  async losses(set, which, softPrompt) {
    const text = `Measuring the loss of the ${which} model`;
    this.#show(text);
    const request = engine.request('evaluate', { examples: set.rows, softPrompt }, ({ done }) => this.#show(text, done));
    running = request;
    const report = await request;
    set[which] = { ...set[which], loss: report.loss, perplexity: report.perplexity, tokenAccuracy: report.tokenAccuracy };
    set.each[which] = set.each[which].map((row, index) => ({ ...row, loss: report.examples[index]?.loss ?? null }));
    this.#done += set.rows.length;
  }

  /** @param {MeasuredSet} set @param {'base'|'tuned'} which @param {SoftPrompt|null} softPrompt */
  async answers(set, which, softPrompt) {
    /** @type {import('../../protocol.js').AnswerPair[]} */
    const pairs = [];
    const places = spread([...set.rows.keys()], MOST_WRITTEN_ANSWERS);
    for (const { input, output } of places.map((place) => set.rows[place])) {
      if (cancelled) throw new Stopped();
      this.#show(`Writing answers with the ${which} model`);
      const request = askGreedily(input, softPrompt);
      running = request;
      const answer = await request;
      if (answer.finishReason === 'cancelled') throw new Stopped();
      pairs.push({ answer: answer.text, reference: output });
      this.#done++;
    }
    const scores = await engine.request('score', { pairs });
    const each = [...set.each[which]];
    places.forEach((place, index) => {
      const values = /** @type {Record<OfRow, number>} */ (Object.fromEntries(OF_ROWS.map((key) => [key, Number(scores[index][key])])));
      each[place] = { ...each[place], answer: pairs[index].answer, ...values };
    });
    set.each[which] = each;
    set[which] = {
      ...set[which],
      .../** @type {Record<AnswerMeasure, number|null>} */ (Object.fromEntries(OF_ANSWERS.map((key) => [key, mean(scores.map((score) => Number(score[key])))]))),
      distinct: await engine.request('distinct', { texts: pairs.map(({ answer }) => answer), n: 2 }),
    };
  }
}
