// @ts-check
/** The figures of a report: each an SVG with its legend, a sentence, and its numbers as a small table. */
import { promptName } from '../run/record.js';
import { keepOver, smooth } from '../smoothing.js';
import { chart, legend } from './chart.js';
import { Markup, markup, table } from './markup.js';
import { isNumber, loss, number, plural } from './numbers.js';

/** @typedef {import('./chart.js').Point} Point */

const NOTHING = new Markup('');
const MOST_IN_TABLE = 12;
/** Colours of chart.js by what they stand for. */
const [TRAINING, HELD_OUT] = [0, 1];
const COLORS = 8;

/** @param {{svg: Markup, entries: Parameters<typeof legend>[0], caption: string, numbers: Markup}} figure */
function figure({ svg, entries, caption, numbers }) {
  if (svg.text === '') return NOTHING;
  return markup`
<figure>
${legend(entries)}
${svg}
<figcaption>${caption}</figcaption>
<details><summary>The numbers of this figure</summary>
${numbers}
</details>
</figure>`;
}

/** So many entries spread over a list, the first, the last and the marked ones among them. @template T @param {T[]} list @param {(entry: T) => boolean} marked @returns {T[]} */
function some(list, marked) {
  const every = Math.max(1, Math.ceil(list.length / MOST_IN_TABLE));
  return list.filter((entry, index) => index % every === 0 || index === list.length - 1 || marked(entry));
}

/** @param {Point[]} points @returns {Point[]} */
function smoothed(points) {
  const known = points.filter(({ y }) => isNumber(y));
  const values = smooth(known.map(({ y }) => y), keepOver(known.length));
  return known.map(({ x }, index) => ({ x, y: values[index] }));
}

/** @template {{heldOutLoss: number|null}} E @param {E[]} evaluations @returns {E|null} */
const lowest = (evaluations) => evaluations.filter(({ heldOutLoss }) => isNumber(heldOutLoss)).reduce((best, point) => (!best || Number(point.heldOutLoss) < Number(best.heldOutLoss) ? point : best), /** @type {E|null} */ (null));

/** The loss figure in words; "" before the first step. @param {Pick<import('./collect.js').ReportRun, 'steps'|'evaluations'>} run */
export function lossSentence({ steps, evaluations }) {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return '';
  const training = `The training loss went from ${loss(first.loss)} at step ${first.step} to ${loss(last.loss)} at step ${last.step}.`;
  const [start, best, end] = [evaluations[0], lowest(evaluations), evaluations.at(-1)];
  if (!start || !best || !end) return `${training} No rows were held out, so nothing shows how the prompt does on examples it has not seen.`;
  if (best === start) return `${training} The held-out loss was lowest at step ${start.step}, where it began, with ${loss(start.heldOutLoss)}${end === start ? '' : `, and ${loss(end.heldOutLoss)} at step ${end.step}`}.`;
  return `${training} The held-out loss was ${loss(start.heldOutLoss)} at step ${start.step}${end === best ? ' and' : ','} lowest at step ${best.step} with ${loss(best.heldOutLoss)}${end === best ? '' : `, and ${loss(end.heldOutLoss)} at step ${end.step}`}.`;
}

/** Training and held-out loss over the steps, the best step marked. @param {Pick<import('./collect.js').ReportRun, 'steps'|'evaluations'>} run @returns {Markup} */
export function lossFigure(run) {
  const { steps, evaluations } = run;
  const best = lowest(evaluations);
  const raw = steps.map((report) => ({ x: report.step, y: report.loss }));
  const heldOut = evaluations.map((point) => ({ x: point.step, y: point.heldOutLoss }));
  const losses = new Map(steps.map((report) => [report.step, report.loss]));
  const heldOutAt = new Map(evaluations.map((point) => [point.step, point.heldOutLoss]));
  const listed = some(evaluations.length > 0 ? evaluations.map(({ step }) => step) : steps.map(({ step }) => step), (step) => step === best?.step);
  const caption = lossSentence(run);
  return figure({
    svg: chart({
      id: 'figure-loss', title: 'Training and held-out loss over the steps', description: caption, xLabel: 'Step', yLabel: 'Loss (nats per token)', fromZero: true,
      lines: [{ points: raw, color: TRAINING, faint: true }, { points: smoothed(raw), color: TRAINING }, { points: heldOut, color: HELD_OUT, dots: heldOut.length <= 40 }],
      mark: best && { x: best.step, y: best.heldOutLoss, label: `best: step ${best.step}, ${loss(best.heldOutLoss)}`, color: HELD_OUT },
    }),
    entries: [
      { label: 'training, each step', color: TRAINING, faint: true }, { label: 'training, smoothed', color: TRAINING },
      ...(heldOut.length > 0 ? [{ label: 'held out', color: HELD_OUT }] : []),
    ],
    caption,
    numbers: table({
      caption: 'Loss at some of the steps', columns: [{ name: 'Step' }, { name: 'Training', number: true }, { name: 'Held out', number: true }],
      rows: listed, cells: (step) => [String(step), loss(losses.get(step)), loss(heldOutAt.get(step))],
    }),
  });
}

/** Loss by the number of training rows, continued with its band. @param {Pick<import('./experiments.js').ReportCurve['reading'], 'points'|'band'|'doubled'>} reading @param {{size: number, loss: number|null}[]} draws @returns {Markup} */
export function learningFigure({ points, band: whole, doubled }, draws) {
  const band = doubled ? whole.filter(({ size }) => size <= doubled.size) : whole;
  const measured = points.map(({ size, mean, runs }) => `${loss(mean)} with ${plural(size, 'row')} (${plural(runs, 'training')})`).join(', ');
  const caption = `Mean loss on rows that were not trained on: ${measured}.${doubled ? ` Continued to ${doubled.size} rows: ${loss(doubled.loss)}, between ${loss(doubled.low)} and ${loss(doubled.high)}.` : ''}`;
  return figure({
    svg: points.length === 0 ? NOTHING : chart({
      id: 'figure-learning', title: 'Held-out loss by the number of training rows', description: caption, xLabel: 'Training rows', yLabel: 'Held-out loss', fromZero: true,
      band: band.map(({ size, low, high }) => ({ x: size, low, high })),
      spreads: points.flatMap(({ size, mean, standardDeviation }) => (standardDeviation === null ? [] : [{ x: size, low: mean - standardDeviation, high: mean + standardDeviation }])),
      lines: [
        { points: draws.flatMap(({ size, loss: y }) => (isNumber(y) ? [{ x: size, y }] : [])), color: HELD_OUT, faint: true, dots: 'only' },
        { points: band.map(({ size, middle }) => ({ x: size, y: middle })), color: TRAINING, dashed: true },
        { points: points.map(({ size, mean }) => ({ x: size, y: mean })), color: HELD_OUT, dots: true },
      ],
    }),
    entries: [
      { label: 'measured: mean, spread, and each training as a dot', color: HELD_OUT },
      ...(band.length > 0 ? [{ label: 'fitted and continued', color: TRAINING, dashed: true }, { label: '90 % of the fits', color: TRAINING, band: true }] : []),
    ],
    caption,
    numbers: table({
      caption: 'Held-out loss by training rows', columns: [{ name: 'Rows' }, { name: 'Mean loss', number: true }, { name: 'Spread', number: true }, { name: 'Trainings', number: true }],
      rows: points, cells: ({ size, mean, standardDeviation, runs }) => [number(size), loss(mean), loss(standardDeviation), number(runs)],
    }),
  });
}

/** Held-out curves of the trainings that were compared; what was not trained is a level. @param {Pick<import('./experiments.js').ReportTrial, 'name'|'label'|'kind'|'curve'|'heldOutLoss'|'bestStep'|'through'>[]} trials @returns {Markup} */
export function comparisonFigure(trials) {
  const colored = trials.map((trial, index) => ({ ...trial, color: index % COLORS, points: trial.curve.flatMap(({ step, heldOutLoss }) => (isNumber(heldOutLoss) ? [{ x: step, y: heldOutLoss }] : [])) }));
  const trained = colored.filter(({ kind, points }) => kind === 'training' && points.length > 0);
  const levels = colored.filter(({ kind, heldOutLoss }) => kind !== 'training' && isNumber(heldOutLoss));
  if (trained.length === 0) return NOTHING;
  const caption = `Held-out loss over the steps. ${trained.map(({ label, heldOutLoss, bestStep, through }) => `${label}: ${isNumber(heldOutLoss) ? `${loss(heldOutLoss)} with the ${promptName({ step: bestStep ?? 0, through })}` : 'not measured'}`).join('; ')}.${levels.length > 0 ? ` Without training: ${levels.map(({ label, heldOutLoss }) => `${label} ${loss(heldOutLoss)}`).join(', ')}.` : ''}`;
  return figure({
    svg: chart({
      id: 'figure-comparison', title: 'Held-out loss of the compared trainings', description: caption, xLabel: 'Step', yLabel: 'Held-out loss', fromZero: true,
      lines: trained.map(({ points, color }) => ({ points, color, dots: points.length <= 40 })),
      levels: levels.map(({ heldOutLoss, label, color }) => ({ y: Number(heldOutLoss), label, color })),
    }),
    entries: [...trained, ...levels].map(({ label, color, kind }) => ({ label, color, dashed: kind !== 'training' })),
    caption,
    numbers: table({
      caption: 'Held-out loss of each', columns: [{ name: 'Way' }, { name: 'Before', number: true }, { name: 'Lowest', number: true }, { name: 'Last', number: true }],
      rows: [...trained, ...levels], cells: ({ label, points, heldOutLoss }) => [label, loss(points[0]?.y ?? heldOutLoss), loss(heldOutLoss), loss(points.at(-1)?.y ?? heldOutLoss)],
    }),
  });
}
