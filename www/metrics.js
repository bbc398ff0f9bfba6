// @ts-check
/** The metrics of answers and losses: how each is written, what it means, and when it misleads. */
import { isNumber, loss, number, percent } from './report/numbers.js';

/** @typedef {import('./steps/analysis/measure.js').Measures} Measures */
/** `means` and `misleads` go on in a sentence: "Loss: how surprised ...", "It misleads on training rows ...".
 * @typedef {{key: keyof Measures, name: string, better: 'lower'|'higher'|'neither', format: (value: number|null|undefined) => string, means: string, misleads: string}} Metric */

/** @param {number|null|undefined} value */
const one = (value) => number(value, 1);
/** @param {number|null|undefined} value */
const two = (value) => number(value, 2);

/** @type {Metric[]} */
export const METRICS = [
  { key: 'loss', name: 'Loss', better: 'lower', format: loss,
    means: 'how surprised the model is by each token of the ideal response, on average (nats).',
    misleads: 'on training rows, which it may know by heart.' },
  { key: 'perplexity', name: 'Perplexity', better: 'lower', format: (value) => number(value, isNumber(value) && value < 10 ? 2 : 1),
    means: 'the same as a count: it hesitates between so many equally likely tokens.',
    misleads: 'between models with different vocabularies.' },
  { key: 'tokenAccuracy', name: 'Token accuracy', better: 'higher', format: percent,
    means: 'how often the likeliest next token is the right one, when all before it is given.',
    misleads: 'because in a real answer the model has to live with its own mistakes.' },
  { key: 'exactMatch', name: 'Exact match', better: 'higher', format: percent,
    means: 'how many greedy answers equal the reference, word for word.',
    misleads: 'for free text: a good answer in other words counts as wrong, a memorised one as perfect.' },
  { key: 'rouge1', name: 'ROUGE-1', better: 'higher', format: two,
    means: 'how many words answer and reference share, wherever they stand, from 0 to 1.',
    misleads: 'where common words (“the”, “your”) make up most of both.' },
  { key: 'rouge2', name: 'ROUGE-2', better: 'higher', format: two,
    means: 'the same for pairs of neighbouring words.',
    misleads: 'for short answers, which have few pairs.' },
  { key: 'rougeL', name: 'ROUGE-L', better: 'higher', format: two,
    means: 'how much of the wording appears in the same order in answer and reference, from 0 to 1.',
    misleads: 'where a shared form (“please follow these steps”) hides a wrong fact.' },
  { key: 'bleu', name: 'BLEU', better: 'higher', format: one,
    means: 'how much of the answer’s wording, in runs of up to four words, is in the reference, from 0 to 100; answers that are too short lose.',
    misleads: 'on single sentences: it was made for whole test sets, and one other word order costs much.' },
  { key: 'chrf', name: 'chrF', better: 'higher', format: one,
    means: 'how many runs of up to six letters answer and reference share, from 0 to 100.',
    misleads: 'less than the others by endings and typing errors, but as much by a wrong fact in the right form.' },
  { key: 'distinct', name: 'Distinct-2', better: 'neither', format: percent,
    means: 'how many of the pairs of neighbouring words in all answers are different ones: little means that the answers repeat each other or themselves.',
    misleads: 'where a fixed opening and closing are wanted: they are repeated on purpose.' },
  { key: 'words', name: 'Words', better: 'neither', format: one,
    means: 'how long an answer is on average.',
    misleads: 'by itself: it only says whether the tuned answers are as long as yours.' },
];

/** @param {Metric} metric @param {number|null|undefined} base @param {number|null|undefined} tuned */
export function isBetter({ better }, base, tuned) {
  if (!isNumber(base) || !isNumber(tuned) || better === 'neither') return false;
  return better === 'lower' ? tuned < base : tuned > base;
}

/** Over the answers; null without any. @param {number[]} values */
export const mean = (values) => (values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null);
