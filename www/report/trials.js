// @ts-check
/** The sections of a report on the experiments: cross-validation, learning curve, comparison of techniques. */
import { measuredHeldOut } from '../limits.js';
import { stepsOf } from '../run/record.js';
import { comparisonFigure, learningFigure } from './figures.js';
import { Markup, markup, table, words } from './markup.js';
import { NONE, duration, isNumber, loss, number, percent, plural } from './numbers.js';
import { section } from './setup.js';
import { differingSettings } from './words.js';

/** @typedef {import('./collect.js').Report} Report */

const MOST_IN_CELL = 200;

/** @param {{done: number, planned: number}} progress */
const unfinished = ({ done, planned }) => done < planned && markup`<p class="note">Not finished: ${number(done)} of ${number(planned)} were done when this report was made.</p>`;

/** Where an experiment was made with other settings or another model than the rest of the report.
 * @param {Report} report @param {string} modelHash @param {import('../protocol.js').Settings|null} [used] */
function otherwise({ settings, model, run }, modelHash, used = null) {
  const changed = used ? differingSettings(used, settings) : [];
  const hash = run?.hashBefore || model?.weightsHash;
  const parts = [
    changed.length > 0 && markup`Made with other settings than those above: ${changed.map(([label, value], index) => markup`${index > 0 && '; '}${label} ${words(value, MOST_IN_CELL)}`)}.`,
    hash !== undefined && hash !== modelHash && ' Made with another language model than the one described above.',
  ].filter((part) => part);
  return parts.length > 0 && markup`<p class="note">${parts}</p>`;
}

/** @param {import('../protocol.js').Spread|null} spread */
const spreadText = (spread) => (spread ? `${loss(spread.mean)}${isNumber(spread.standardDeviation) ? ` ± ${loss(spread.standardDeviation)}` : ''}` : NONE);

/** @param {Report} report */
export function crossValidationSection(report) {
  const { crossValidation } = report;
  if (!crossValidation) return new Markup('');
  const { summary } = crossValidation;
  return section('Cross-validation',
    markup`<p>Every row was held out once and asked about by a prompt trained on the others. ${summary.sentence} ${summary.advice}</p>`,
    unfinished(crossValidation), otherwise(report, crossValidation.modelHash, crossValidation.settings),
    markup`<dl class="pairs"><dt>Base, mean ± spread</dt><dd>${spreadText(summary.base)}</dd><dt>Tuned, mean ± spread</dt><dd>${spreadText(summary.tuned)}</dd></dl>`,
    table({
      caption: 'Loss of each row when it was held out, the highest first', stacked: true, columns: [{ name: 'Row' }, { name: 'Base', number: true }, { name: 'Tuned', number: true }, { name: 'Remark' }],
      rows: summary.rows, cells: ({ row, input, baseLoss, tunedLoss, outlier }) => [
        markup`${String(row + 1)}. ${words(input, MOST_IN_CELL)}`, loss(baseLoss), loss(tunedLoss), [outlier && 'stands out', isNumber(tunedLoss) && tunedLoss > baseLoss && 'worse than the base'].filter(Boolean).join(', '),
      ],
    }));
}

/** What is said of a row's effect. */
export const CALLS = /** @type {Record<string, string>} */ ({ helpful: 'helps', harmful: 'hurts', cannot_tell: 'can’t be told' });

/** @param {Report} report */
export function learningCurveSection(report) {
  const { learningCurve } = report;
  if (!learningCurve) return new Markup('');
  const { reading, draws } = learningCurve;
  const known = reading.rows.filter(({ difference }) => isNumber(difference));
  return section('Learning curve: is more data needed?', learningFigure(reading, draws), markup`<p>${reading.sentence} ${reading.advice}</p>`, unfinished(learningCurve),
    otherwise(report, learningCurve.modelHash, learningCurve.settings),
    known.length > 0 && markup`<h3>Which rows help, which hurt?</h3><p>${reading.rowsSentence}</p>`,
    known.length > 0 && table({
      caption: 'Loss of the trainings with a row, less that of those without: below 0 the row helps', stacked: true, columns: [{ name: 'Row' }, { name: 'Difference', number: true }, { name: '± error', number: true }, { name: 'Reading' }],
      rows: known, cells: ({ row, input, difference, standardError, call }) => [markup`${String(row + 1)}. ${words(input, MOST_IN_CELL)}`, loss(difference), loss(standardError), CALLS[call] ?? call],
    }));
}

const OF_ANSWERS = /** @type {const} */ ([
  { key: 'chrf', name: 'chrF', format: (/** @type {number|null} */ value) => number(value, 1) },
  { key: 'rougeL', name: 'ROUGE\u2011L', format: (/** @type {number|null} */ value) => number(value, 2) },
  { key: 'checks', name: 'Checks met', format: percent },
]);

/** @param {Report} report */
export function comparisonSection(report) {
  const { comparison } = report;
  if (!comparison) return new Markup('');
  const { trials, trainedOn, heldOut, test } = comparison;
  const best = trials.filter(({ heldOutLoss }) => isNumber(heldOutLoss)).sort((a, b) => Number(a.heldOutLoss) - Number(b.heldOutLoss))[0];
  const shown = OF_ANSWERS.filter(({ key }) => trials.some((trial) => isNumber(trial[key])));
  const changed = trials.filter(({ changes }) => changes.length > 0);
  return section('Techniques compared',
    markup`<p>${plural(trials.length, 'way')} on the same rows: ${number(trainedOn)} to train on, ${number(heldOut)} held out${measuredHeldOut(heldOut) < heldOut && ` (${number(measuredHeldOut(heldOut))} of them measured)`}${test > 0 && `, ${plural(test, 'test inquiry', 'test inquiries')} answered greedily`}.${best && ` The lowest held-out loss, ${loss(best.heldOutLoss)}, came from “${best.label}”${heldOut < 10 ? `; ${plural(heldOut, 'row')} ${heldOut === 1 ? 'does' : 'do'} not rank the techniques` : ''}.`}</p>`,
    unfinished(comparison), otherwise(report, comparison.modelHash), comparisonFigure(trials),
    table({
      caption: 'What was compared', captionIsHidden: true, stacked: true,
      columns: [{ name: 'Way' }, { name: 'Trained numbers', number: true }, { name: 'Time', number: true }, { name: 'Held-out loss', number: true }, { name: 'Kept', number: true },
        ...shown.map(({ name }) => ({ name, number: true }))],
      rows: trials, cells: ({ name, label, kind, trainedNumbers, milliseconds, heldOutLoss, bestStep, through, problem, ...trial }) => [
        markup`<b>${label}</b> <small>${name}${problem !== '' && `. Not done: ${problem}`}</small>`,
        kind === 'training' && problem === '' ? number(trainedNumbers) : NONE, kind === 'training' && problem === '' ? duration(milliseconds) : NONE, loss(heldOutLoss), isNumber(bestStep) ? stepsOf({ step: bestStep, through }) : NONE,
        ...shown.map(({ key, format }) => format(trial[key])),
      ],
    }),
    changed.length > 0 && markup`<ul class="note">${changed.map(({ name, label, changes }) => markup`<li>${label} (${name}), against the training before it: ${changes.join('; ')}</li>`)}</ul>`);
}
