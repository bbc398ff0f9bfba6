// @ts-check
/** What the experiments have found so far, as plain data for a report. */
import { comparisonOfWays } from '../experiments/comparison.js';
import { crossValidation, foldSummary } from '../experiments/cross_validation.js';
import { curveReading, learningCurve } from '../experiments/learning_curve.js';

/** @typedef {NonNullable<ReturnType<typeof crossValidationData>>} ReportFolds */
/** @typedef {NonNullable<ReturnType<typeof learningCurveData>>} ReportCurve */
/** @typedef {NonNullable<ReturnType<typeof comparisonData>>} ReportComparison */
/** @typedef {ReportComparison['trials'][number]} ReportTrial */

/** A soft prompt without its numbers. @param {import('../protocol.js').SoftPrompt} prompt */
export const sizeOf = ({ vectors, virtualTokens, width, kind }) => ({ virtualTokens, width, kind, numbers: vectors.length });

/** @param {{plan: {jobs: unknown[]}|null, results: unknown[]}} state */
const progressOf = ({ plan, results }) => ({ planned: plan?.jobs.length ?? 0, done: results.length });

export function crossValidationData() {
  const { plan, results } = crossValidation.state.value;
  const summary = foldSummary.value;
  if (!plan || !summary || results.length === 0) return null;
  const inputs = plan.context.examples.map(({ input }) => input);
  return {
    ...progressOf(crossValidation.state.value), settings: plan.context.settings, modelHash: plan.modelHash,
    summary: { ...summary, rows: summary.rows.map((row) => ({ ...row, input: inputs[row.row] ?? '' })) }, folds: results,
  };
}

export function learningCurveData() {
  const { plan, results } = learningCurve.state.value;
  const reading = curveReading.value;
  if (!plan || !reading || results.length === 0) return null;
  const inputs = plan.context.examples.map(({ input }) => input);
  return {
    ...progressOf(learningCurve.state.value), settings: plan.context.settings, modelHash: plan.modelHash, ownTestRows: plan.context.test.length,
    reading: { ...reading, rows: reading.rows.map((row) => ({ ...row, input: inputs[row.row] ?? '' })) }, draws: results,
  };
}

export function comparisonData() {
  const { plan, results } = comparisonOfWays.state.value;
  if (!plan || results.length === 0) return null;
  const { context } = plan;
  return {
    ...progressOf(comparisonOfWays.state.value), modelHash: plan.modelHash, trainedOn: context.split.train.length, heldOut: context.split.heldOut.length, test: context.test.length,
    trials: results.map(({ name, way, changes, curve, trainedNumbers, milliseconds, heldOutLoss, bestStep, through, averaged, prompt, chrf, rougeL, checks, answers, problem }) => ({
      name, label: way.label, kind: way.kind, settings: way.settings, shots: way.shots, changes, curve, trainedNumbers, milliseconds, heldOutLoss, bestStep, through, averaged,
      prompt: prompt && sizeOf(prompt), chrf, rougeL, checks, answers, problem,
    })),
  };
}
