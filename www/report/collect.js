// @ts-check
/**
 * Everything that a report says, as one plain object that can be written as JSON: numbers, texts and lists, no soft
 * prompts (their size is said). The experiments are in experiments.js.
 */
import { engine } from '../engine.js';
import { baseModel, inUse } from '../model.js';
import { earlierRuns, run } from '../run.js';
import { activePrefix, activePrompt, conclusions, effectiveSettings, examples, generation, model, objective, patterns, settings, testRows, usableExamples } from '../state.js';
import { consistency, meanAgreement } from '../steps/analysis/consistency.js';
import { copied, isUpToDate, shareOf, shareOfOne } from '../steps/analysis/copying.js';
import { hardest } from '../steps/analysis/hardest.js';
import { itsRun } from '../steps/analysis/inside/choices.js';
import { comparison, isOfNow } from '../steps/analysis/measure.js';
import { readingOf } from '../steps/analysis/reading.js';
import { nameOf } from '../steps/analysis/row_names.js';
import { VARIANTS, answerKey, answersOf, wholeText } from '../steps/test/answers.js';
import { readInquiry } from '../inquiry.js';
import { linkOf } from '../url.js';
import { comparisonData, crossValidationData, learningCurveData, sizeOf } from './experiments.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').Variant} Variant */
/** @typedef {import('../run/record.js').Run} Run */
/** @typedef {Awaited<ReturnType<typeof collect>>} Report */
/** @typedef {NonNullable<Report['run']>} ReportRun */
/** @typedef {NonNullable<Report['metrics']>} ReportMetrics */
/** @typedef {Report['answers'][number]} ReportAnswers */

/** Goes up when a reader of the JSON has to know. */
const VERSION = 1;
/** The worker may be busy or gone: what only it can say is then left out. */
const PATIENCE_MS = 5000;

/** The run that the report is about: the one that made the chosen prompt, else the latest. @returns {Run|null} */
export const reportedRun = () => itsRun.value ?? run.value;

/** @param {string} by the name of who hands it in */
export async function collect(by) {
  const about = reportedRun();
  const data = dataOf(about);
  const others = [run.value, ...earlierRuns.value].filter((other) => other !== null && other !== about);
  const [checks, reading] = await Promise.all([
    within(checkAnswers(), []),
    within(about && about.steps.length > 0 ? readingOf(about) : Promise.resolve(null), null),
  ]);
  return {
    report: VERSION,
    made: new Date().toISOString(),
    by: by.trim(),
    page: location.origin + location.pathname + linkOf(about?.asked.settings ?? settings.value),
    objective: about?.asked.objective || objective.value,
    model: modelData(),
    data,
    settings: about?.settings ?? effectiveSettings.value,
    run: about && { ...runData(about), reading },
    otherRuns: others.map((other) => runData(/** @type {Run} */ (other))),
    prompt: promptData(about),
    metrics: metricsData(),
    decoding: generation.value,
    answers: answersData(),
    copying: copyingData(data.rows),
    hardest: hardestData(data.rows),
    consistency: consistencyData(),
    checks,
    crossValidation: crossValidationData(),
    learningCurve: learningCurveData(),
    comparison: comparisonData(),
    conclusions: conclusions.value,
  };
}

/** What comes of `asked`, or `otherwise` where it fails or takes too long. @template T @param {Promise<T>} asked @param {T} otherwise @returns {Promise<T>} */
function within(asked, otherwise) {
  const late = new Promise((resolve) => { setTimeout(() => resolve(otherwise), PATIENCE_MS); });
  return Promise.race([asked.catch(() => otherwise), /** @type {Promise<T>} */ (late)]);
}

function modelData() {
  const { info } = model.value;
  if (!info) return null;
  const { source } = inUse.value;
  const { revision = '', file = '' } = 'revision' in source ? source : {};
  const { architecture, layers, hiddenSize, heads, kvHeads, vocabulary, contextLength, parameters, bytes, weightsHash } = info;
  return { name: source.name, baseModel: baseModel().name, from: source.kind, commit: revision, file, architecture, layers, hiddenSize, heads, kvHeads, vocabulary, contextLength, parameters, bytes, weightsHash };
}

/** The rows of the run and what each was for; without a run, those of step 1. @param {Run|null} about */
function dataOf(about) {
  const now = usableExamples.value;
  if (!about || about.examples.length === 0) {
    const filled = examples.value.filter(({ input, output }) => input.trim() !== '' || output.trim() !== '');
    return { ofRun: false, changedSince: false, rows: filled.map(({ input, output }) => ({ input, output, role: /** @type {'training'|'held out'|''} */ ('') })) };
  }
  const heldOut = new Set(about.split.heldOut);
  const rows = about.examples.map(({ input, output }, index) => ({ input, output, role: /** @type {'training'|'held out'|''} */ (heldOut.has(index) ? 'held out' : 'training') }));
  const changedSince = now.length !== rows.length || rows.some(({ input, output }, index) => input !== now[index].input || output !== now[index].output);
  return { ofRun: true, changedSince, rows };
}

/** @param {Run['best']} reached */
const reachedData = (reached) => reached && { step: reached.step, through: reached.through ?? reached.step, averaged: reached.averaged ?? 1, heldOutLoss: reached.heldOutLoss, ...sizeOf(reached.softPrompt) };

/** @param {Run} of */
function runData({ number, status, error, interrupted, settings: used, asked, changes, split, trainedNumbers, modelNumbers, hashBefore, hashAfter, steps, evaluations, samples, sampleQuestion, best, last, kept, stoppedEarly, msPerStep, workers }) {
  return {
    number, status, error, interrupted, settings: used, startFrom: asked.startFrom, changes, split, trainedNumbers, modelNumbers, hashBefore, hashAfter,
    steps, evaluations, sampleQuestion, samples, best: reachedData(best), last: reachedData(last), kept, stoppedEarly, msPerStep, workers,
  };
}

/** The prompt that was tested and measured. @param {Run|null} about */
function promptData(about) {
  const prompt = activePrompt.value;
  if (!prompt) return null;
  const { settings: used, step, averaged = 1, heldOutLoss, trainedAt, modelHash, origin = '' } = prompt;
  return { prefix: activePrefix.value, ofRun: about !== null && itsRun.value === about, origin, step, averaged, heldOutLoss, trainedAt: new Date(trainedAt).toISOString(), modelHash, ...sizeOf(prompt), settings: used };
}

function metricsData() {
  const measured = comparison.value;
  if (!measured) return null;
  const { prefix, itsRows, sets } = measured;
  return {
    prefix, ofPrompt: isOfNow(measured.promptKey), itsRows,
    sets: sets.map(({ name, rows, all, base, tuned, each }) => ({
      name, measured: rows.length, all, base, tuned,
      rows: rows.map(({ input, output }, index) => ({ input, reference: output, base: each.base[index], tuned: each.tuned[index] })),
    })),
  };
}

/** @param {Example[]} rows of the report's data */
function copyingData(rows) {
  if (!copied.value) return null;
  const { prefix, isTrained, responses, answers } = copied.value;
  return {
    prefix, isTrained, responses, base: shareOf(copied.value, 'base'), tuned: shareOf(copied.value, 'tuned'),
    answers: answers.map((one) => ({
      question: one.question, base: shareOfOne(one.base), tuned: shareOfOne(one.tuned), upToDate: isUpToDate(one),
      longest: one.tuned?.longest ?? null, from: one.from && nameOf(one.from, rows),
    })),
  };
}

/** @param {Example[]} data rows of the report */
function hardestData(data) {
  if (!hardest.value) return null;
  const { key, prefix, unseen, of, rows, tokens } = hardest.value;
  return {
    prefix, ofPrompt: isOfNow(key), unseen, of,
    rows: rows.map(({ example, loss }) => ({ where: nameOf(example, data), input: example.input, reference: example.output, loss })),
    tokens: tokens.map(({ example, ...token }) => ({ where: nameOf(example, data), ...token })),
  };
}

function consistencyData() {
  if (!consistency.value) return null;
  const { promptKey: key, prefix, isWhole, list } = consistency.value;
  return { prefix, ofPrompt: isOfNow(key), isWhole, base: meanAgreement(list, 'base'), tuned: meanAgreement(list, 'tuned'), questions: list };
}

function answersData() {
  return testRows.value.filter((row) => row.question.trim() !== '').map((row) => {
    const written = answersOf(row.id).value;
    const answer = (/** @type {Variant} */ variant) => {
      const one = written[variant];
      if (one?.status !== 'done') return null;
      const { tokens, finishReason, milliseconds } = one.answer ?? { tokens: null, finishReason: null, milliseconds: null };
      return { text: one.text, prefix: variant === 'tuned' ? one.prefix : '', upToDate: one.key === answerKey(row, variant), tokens, finishReason, milliseconds };
    };
    return { question: row.question.trim(), inquiry: readInquiry(row.question).text, reference: row.reference.trim(), base: answer('base'), discrete: answer('discrete'), tuned: answer('tuned') };
  });
}

/** How many of the answers to the test inquiries meet each check of the person. */
async function checkAnswers() {
  const usable = patterns.value.filter(({ kind, value }) => kind === 'valid_json' || value.trim() !== '');
  const texts = testRows.value.flatMap((row) => VARIANTS.flatMap((variant) => { const text = wholeText(answersOf(row.id).value[variant]); return text === null ? [] : [{ variant, text }]; }));
  if (usable.length === 0 || texts.length === 0) return [];
  const { matches, problems } = await engine.request('matchPatterns', { texts: texts.map(({ text }) => text), patterns: usable });
  const count = (/** @type {Variant} */ variant, /** @type {(index: number) => boolean} */ holds) => texts.filter((one, index) => one.variant === variant && holds(index)).length;
  const counts = (/** @type {(index: number) => boolean} */ holds) => ({ base: count('base', holds), discrete: count('discrete', holds), tuned: count('tuned', holds) });
  return usable.map(({ kind, value }, pattern) => ({
    kind, value, problem: problems.find((one) => one.pattern === pattern)?.message ?? '', asked: counts(() => true), met: counts((index) => matches[index][pattern]),
  }));
}
