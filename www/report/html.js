// @ts-check
/** A report as one HTML document that needs nothing else: no script, no file, no network. */
import { stepsOf } from '../run/record.js';
import { answersSection, checksSection, curvesSection, metricsSection, rowsSection } from './evidence.js';
import { consistencySection, copyingSection, hardestSection } from './looks.js';
import { Markup, markup, words } from './markup.js';
import { date, isNumber, loss, number, percent, plural, share } from './numbers.js';
import { dataSection, frozenSection, methodSection, objectiveSection, otherRunsSection, section, settingsSection } from './setup.js';
import { STYLE } from './style.js';
import { comparisonSection, crossValidationSection, learningCurveSection } from './trials.js';
import { differingSettings, techniqueOf } from './words.js';

/** @typedef {import('./collect.js').Report} Report */

/** @param {Report} report @returns {string} */
export function reportHtml(report) {
  const title = `${techniqueOf(report.settings)}: ${report.settings.prefix_token}`;
  const sections = [
    objectiveSection, methodSection, dataSection, settingsSection, curvesSection, frozenSection, metricsSection, rowsSection, answersSection, checksSection, copyingSection,
    crossValidationSection, learningCurveSection, hardestSection, consistencySection, comparisonSection, otherRunsSection, conclusionsSection,
  ];
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}${report.by && ` (${report.by})`}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="byline">${report.by !== '' && markup`<b>${words(report.by)}</b>, `}${date(report.made)}</p>
${facts(report)}
</header>
<main>
${sections.map((one) => one(report))}
</main>
<footer>
<p>Made in the browser with the prompt-tuning playground, from numbers that were computed there. The settings of this report: <span class="text">${report.page}</span></p>
</footer>
</body>
</html>
`.text;
}

/** The few numbers that matter most. @param {Report} report */
function facts(report) {
  const entries = [heldOutFact(report), trainedFact(report), accuracyFact(report), checksFact(report), foldsFact(report)].filter((entry) => entry !== null);
  if (entries.length === 0) return '';
  return markup`<dl class="facts">${entries.map(([name, value, detail]) => markup`<div><dt>${name}</dt><dd>${value.replaceAll(' ', '\u00a0')}<small>${detail}</small></dd></div>`)}</dl>`;
}

/** @typedef {[name: string, value: string, detail: string]|null} Fact */

/** @param {Report} report @returns {Fact} */
function heldOutFact({ run }) {
  const before = run?.evaluations.find(({ step }) => step === 0);
  const kept = run?.kept === 'best' ? run.best ?? run.last : run?.last;
  if (!kept || !isNumber(before?.heldOutLoss) || !isNumber(kept.heldOutLoss)) return null;
  return ['Held-out loss', `${loss(before.heldOutLoss)} → ${loss(kept.heldOutLoss)}`, `at ${stepsOf(kept)}`];
}

/** @param {Report} report @returns {Fact} */
function trainedFact({ run }) {
  if (!run || run.trainedNumbers === 0) return null;
  return ['Trained numbers', number(run.trainedNumbers), run.modelNumbers > 0 ? `${share(run.trainedNumbers / run.modelNumbers)} of the model’s size` : ''];
}

/** @param {Report} report @returns {Fact} */
function accuracyFact({ metrics }) {
  const set = metrics?.sets.find(({ name }) => name === 'heldOut');
  if (!metrics?.ofPrompt || !set || !isNumber(set.base.tokenAccuracy) || !isNumber(set.tuned.tokenAccuracy)) return null;
  return ['Token accuracy', `${percent(set.base.tokenAccuracy)} → ${percent(set.tuned.tokenAccuracy)}`, 'held-out rows, base → tuned'];
}

/** @param {Report} report @returns {Fact} */
function checksFact({ checks }) {
  const sum = (/** @type {'base'|'tuned'} */ variant, /** @type {'asked'|'met'} */ what) => checks.filter(({ problem }) => problem === '').reduce((total, check) => total + check[what][variant], 0);
  const [base, tuned] = [sum('base', 'asked'), sum('tuned', 'asked')];
  if (base === 0 || tuned === 0) return null;
  return ['Checks met', `${sum('base', 'met')} of ${base} → ${sum('tuned', 'met')} of ${tuned}`, `${plural(Math.max(...checks.map(({ asked }) => asked.tuned)), 'answer')}, base → tuned`];
}

/** @param {Report} report @returns {Fact} */
function foldsFact({ crossValidation, settings }) {
  const summary = crossValidation?.summary;
  if (!isNumber(summary?.base?.mean) || !isNumber(summary.tuned?.mean)) return null;
  return ['Cross-validated loss', `${loss(summary.base.mean)} → ${loss(summary.tuned.mean)}`, `${number(summary.folds)} trainings${crossValidation && differingSettings(crossValidation.settings, settings).length > 0 ? ' with other settings' : ''}, base → tuned`];
}

/** @param {Report} report */
function conclusionsSection({ conclusions }) {
  return conclusions.trim() === '' ? new Markup('') : section('Conclusions', markup`<div class="conclusions">${words(conclusions.trim())}</div>`);
}
