// Reports as www/report/collect.js makes them, by hand: the chapter's data with everything measured, and nothing at all.
import { readFileSync } from 'node:fs';
import { DEFAULT_GENERATION, DEFAULT_SETTINGS, defaultsOf } from '../../www/protocol.js';

const chapter = JSON.parse(readFileSync(new URL('../../www/cases/smarthome.json', import.meta.url), 'utf8'));
const HASH = 'ab12'.repeat(16);

const steps = Array.from({ length: 60 }, (_, index) => ({ step: index + 1, loss: 0.35 + 1.7 * Math.exp(-index / 14) + 0.12 * Math.sin(index * 2.3), gradNorm: 1.5, learningRate: 0.05, tokens: 490, milliseconds: 110, flop: 1e9 }));
const evaluations = Array.from({ length: 13 }, (_, index) => ({ step: index * 5, heldOutLoss: 0.62 + 1.45 * Math.exp(-index / 2.5) + 0.0008 * Math.max(0, index - 8) ** 3 }));
const settings = { ...DEFAULT_SETTINGS, steps: 60, prompt_tuning_init_text: chapter.objective };
const size = { virtualTokens: 20, width: 256, kind: 'embeddings', numbers: 5120 };

const measures = (loss, more = {}) => ({
  loss, perplexity: Math.exp(loss), tokenAccuracy: 0.9 - loss / 4, exactMatch: 0, rouge1: 0.61, rouge2: 0.4, rougeL: 0.52, bleu: 21.4, chrf: 48.3, words: 47.5, distinct: 0.7, ...more,
});
const rowMeasures = (loss, answer) => ({ answer, loss, exactMatch: 0, rougeL: 0.5, bleu: 20.1, chrf: 47.7 });
const answerText = 'To reset your SmartLock, please follow these steps: 1) Open the cover. 2) Press the button for 5 seconds. If you need further assistance, our support team is here to help!';
const set = (name, rows, base, tuned) => ({
  name, measured: rows.length, all: rows.length, base: measures(base, { rougeL: 0.21, chrf: 22 }), tuned: measures(tuned),
  rows: rows.map(({ input, output }, index) => ({ input, reference: output, base: rowMeasures(base + index / 10, 'I am not sure.'), tuned: rowMeasures(tuned + index / 10, answerText) })),
});
const answer = (text, prefix = '', more = {}) => ({ text, prefix, upToDate: true, tokens: 42, finishReason: 'stop', milliseconds: 800, ...more });

const run = {
  number: 2, status: 'finished', error: '', settings, startFrom: '', changes: ['steps 100 → 60'], split: { train: [0, 1, 2, 3, 4, 5, 6, 7], heldOut: [8, 9] },
  trainedNumbers: 5120, modelNumbers: 5_205_248, hashBefore: HASH, hashAfter: HASH, steps, evaluations, sampleQuestion: chapter.test[0],
  samples: [0, 20, 40, 60].map((step) => ({ step, text: step === 0 ? 'The hub.' : answerText })),
  best: { step: 50, through: 55, averaged: 2, heldOutLoss: 0.66, ...size }, last: { step: 60, heldOutLoss: 0.69, ...size }, kept: 'best', stoppedEarly: 0, msPerStep: 120, workers: 2,
  reading: { verdict: 'overfitting', sentence: 'The held-out loss was lowest at step 45 and has risen by 0.03 since.', advice: 'More examples would help more than more steps.', bestStep: 45 },
};

const crossValidation = {
  planned: 10, done: 10, settings, modelHash: HASH, folds: [],
  summary: {
    verdict: 'tuning_helps', sentence: 'Trained on 9 rows and asked about the 10th, the loss falls from 2.10 to 0.81 on average.', advice: 'The held-out loss was lowest around step 50.', folds: 10, skipped: 0,
    base: { mean: 2.1, standardDeviation: 0.3 }, tuned: { mean: 0.81, standardDeviation: 0.22 }, improvement: { mean: 1.29, standardError: 0.1, low: 1.1, high: 1.5 }, improvedRows: 10,
    rows: chapter.examples.map(({ input }, row) => ({ row, fold: row, tokens: 60, baseLoss: 2.1 + row / 40, tunedLoss: 1.4 - row / 10, robustZ: 0.1, outlier: row === 0, input })), outliers: [0],
    bestStep: { median: 50, lowest: 35, highest: 60 },
  },
};

const sizes = [2, 4, 6, 8];
const learningCurve = {
  planned: 12, done: 12, settings, modelHash: HASH, ownTestRows: 0,
  draws: sizes.flatMap((rows) => [0, 1, 2].map((draw) => ({ draw, size: rows, train: [0, 1], loss: 0.5 + 1.4 / rows + (draw - 1) * 0.08 }))),
  reading: {
    verdict: 'more_data_helps', sentence: 'Twice the examples would lower the loss by about 0.09.', advice: 'Write more examples.', draws: 3, skipped: 0, fit: { a: 0.5, b: 1.4, c: 1 },
    points: sizes.map((rows) => ({ size: rows, mean: 0.5 + 1.4 / rows, standardDeviation: 0.08, runs: 3 })),
    band: Array.from({ length: 15 }, (_, index) => ({ size: index + 2, low: 0.45 + 1.2 / (index + 2), middle: 0.5 + 1.4 / (index + 2), high: 0.58 + 1.7 / (index + 2) })),
    doubled: { from: 8, size: 16, loss: 0.59, low: 0.52, high: 0.69, fall: 0.09, fallLow: 0.04, fallHigh: 0.15 },
    rows: [{ row: 3, difference: -0.12, standardError: 0.05, runsWith: 6, runsWithout: 6, call: 'helpful', input: chapter.examples[3].input }, { row: 0, difference: null, standardError: null, runsWith: 0, runsWithout: 12, call: 'cannot_tell', input: chapter.examples[0].input }],
    rowsSentence: 'Row 4 helps most.',
  },
};

const trial = (name, label, kind, heldOutLoss, more = {}) => ({
  name, label, kind, settings: null, shots: 0, changes: [], curve: [], trainedNumbers: 0, milliseconds: 0, heldOutLoss, bestStep: null, prompt: null, chrf: 40.1, rougeL: 0.42, checks: 0.5,
  answers: [{ question: chapter.test[0], answer: answerText }], problem: '', ...more,
});
const curve = (end) => Array.from({ length: 61 }, (_, step) => ({ step, loss: step === 0 ? null : 1, heldOutLoss: step % 5 === 0 ? end + 1.4 * Math.exp(-step / 15) : null }));
const comparison = {
  planned: 6, done: 5, modelHash: HASH, trainedOn: 8, heldOut: 2, test: 5,
  trials: [
    trial('calm-otter', 'Base model', 'base', 2.07, { checks: 0 }), trial('brave-heron', 'Objective as text', 'instruction', 1.9),
    trial('quick-maple', 'Prompt tuning', 'training', 0.66, { curve: curve(0.64), trainedNumbers: 5120, milliseconds: 7300, bestStep: 55, settings, prompt: size }),
    trial('quiet-falcon', 'Prefix tuning', 'training', 0.72, { curve: curve(0.71), trainedNumbers: 61_440, milliseconds: 7900, bestStep: 60, settings: defaultsOf('PREFIX_TUNING'), changes: ['technique PROMPT_TUNING → PREFIX_TUNING'] }),
    trial('bright-willow', 'Few-shot', 'shots', null, { problem: 'The examples do not fit the context.' }),
  ],
};

/** Everything is there. */
export const chapterReport = () => structuredClone({
  report: 1, made: '2025-03-01T12:00:00.000Z', by: 'Ada Lovelace', page: 'http://127.0.0.1:8080/#v=1&steps=60', objective: chapter.objective,
  model: { name: 'Support LM 5M', baseModel: 'support-lm-5m', from: 'bundled', commit: '', file: '', architecture: 'llama', layers: 6, hiddenSize: 256, heads: 4, kvHeads: 1, vocabulary: 4096, contextLength: 1024, parameters: 5_205_248, bytes: 10.4e6, weightsHash: HASH },
  data: { ofRun: true, changedSince: true, rows: chapter.examples.map((row, index) => ({ ...row, role: index < 8 ? 'training' : 'held out' })) },
  settings, run, otherRuns: [{ ...run, number: 1, changes: [] }], prompt: { prefix: chapter.prefix, ofRun: true, origin: '', step: 45, heldOutLoss: 0.66, trainedAt: '2025-03-01T11:00:00.000Z', modelHash: HASH, ...size, settings },
  metrics: { prefix: chapter.prefix, ofPrompt: true, itsRows: true, sets: [set('training', chapter.examples.slice(0, 8), 2.0, 0.4), set('heldOut', chapter.examples.slice(8), 2.07, 0.66)] },
  decoding: DEFAULT_GENERATION,
  answers: chapter.test.map((question, index) => ({
    question, inquiry: question, reference: index === 0 ? answerText : '', base: answer('I do not know that.'), discrete: answer('', '', { upToDate: false }), tuned: answer(answerText, chapter.prefix, { finishReason: 'length' }),
  })),
  copying: {
    prefix: '[TECH_SUPPORT]', isTrained: false, responses: 8, base: 0.01, tuned: 0.125,
    answers: chapter.test.map((question, index) => ({ question, base: null, tuned: index / 10, upToDate: index > 0, longest: index > 0 ? { response: 2, words: 6, text: 'Hold the button for ten seconds' } : null, from: index > 0 ? 'row 3' : null })),
  },
  hardest: {
    prefix: '[TECH_SUPPORT]', ofPrompt: false, unseen: true, of: 2, rows: [{ where: 'row 5', input: chapter.examples[4].input, reference: chapter.examples[4].output, loss: 1.36 }],
    tokens: [{ where: 'row 5', before: '4) Print the', text: ' pre', loss: 11.5, likeliest: ' return' }],
  },
  consistency: { prefix: '[TECH_SUPPORT]', ofPrompt: true, isWhole: false, base: 31.2, tuned: 64.5, questions: [{ question: chapter.test[0], texts: [chapter.test[0], 'the same?'], base: { answers: ['a', 'b'], agreement: 31.2 }, tuned: { answers: ['a', 'a'], agreement: 64.5 } }] },
  checks: chapter.patterns.map((pattern) => ({ ...pattern, problem: '', asked: { base: 5, discrete: 5, tuned: 5 }, met: { base: 0, discrete: 1, tuned: 5 } })),
  crossValidation, learningCurve, comparison, conclusions: 'The voice is learned after 40 steps.\n\nNew facts are not.',
});

/** A page that was just opened, whose model is still on its way. */
export const emptyReport = () => structuredClone({
  report: 1, made: '2025-03-01T12:00:00.000Z', by: '', page: 'http://127.0.0.1:8080/#v=1', objective: '', model: null, data: { ofRun: false, changedSince: false, rows: [] }, settings: DEFAULT_SETTINGS,
  run: null, otherRuns: [], prompt: null, metrics: null, decoding: DEFAULT_GENERATION, answers: [], copying: null, hardest: null, consistency: null, checks: [], crossValidation: null, learningCurve: null, comparison: null, conclusions: '',
});
