// @ts-check
/** The sections of a report on what was wanted and done: objective, method, data, settings, the frozen model. */
import { Markup, markup, table, words } from './markup.js';
import { NONE, loss, number, plural } from './numbers.js';
import { settingRows, whatWasDone } from './words.js';

/** @typedef {import('./collect.js').Report} Report */
/** @typedef {import('./collect.js').ReportRun} ReportRun */

/** Characters of a cell. */
const MOST_IN_CELL = 600;

/** A section with a heading; nothing where it has no content. @param {string} title @param {...(Markup|string|false|null|undefined)} content */
export function section(title, ...content) {
  const filled = content.filter((part) => part instanceof Markup ? part.text.trim() !== '' : part);
  return filled.length === 0 ? new Markup('') : markup`
<section>
<h2>${title}</h2>
${filled}
</section>`;
}

/** @param {Report} report */
export function objectiveSection({ objective, settings }) {
  if (objective.trim() === '') return new Markup('');
  return section('Objective', markup`<blockquote>${words(objective.trim())}</blockquote>`,
    markup`<p>The trained prompt is named <span class="tag">${settings.prefix_token}</span>: an inquiry that begins with this prefix token is answered with this prompt in front. The model never reads the token.</p>`);
}

/** @param {Report} report */
export const methodSection = (report) => section('What was done', ...whatWasDone(report).map((paragraph) => markup`<p>${paragraph}</p>`));

/** @param {Report} report */
export function dataSection({ data: { rows, ofRun, changedSince } }) {
  if (rows.length === 0) return new Markup('');
  const heldOut = rows.filter(({ role }) => role === 'held out').length;
  const intro = ofRun ? `The ${plural(rows.length, 'example')} of the run: ${number(rows.length - heldOut)} to train on${heldOut > 0 ? `, ${number(heldOut)} held out` : ''}.` : `${plural(rows.length, 'example')}, not trained on yet.`;
  const columns = [{ name: 'No.' }, { name: 'Input' }, { name: 'Ideal response' }, ...(heldOut > 0 ? [{ name: 'Used for' }] : [])];
  return section('Data', markup`<p>${intro}${changedSince && ' On the page they have been changed since.'}</p>`, table({
    caption: 'Examples', captionIsHidden: true, stacked: true, columns,
    rows, cells: ({ input, output, role }, index) => [String(index + 1), words(input, MOST_IN_CELL), words(output, MOST_IN_CELL), ...(heldOut > 0 ? [role.replace(' ', '\u00a0')] : [])],
  }));
}

/** @param {Report} report */
export const settingsSection = ({ settings, run }) => section('Settings',
  markup`<p>${run ? 'As the run used them' : 'As they stand on the page'}; the names are those of PEFT where PEFT has one.</p>`,
  table({
    caption: 'Settings', captionIsHidden: true, columns: [{ name: 'Setting' }, { name: 'Value' }],
    rows: settingRows(settings), cells: ([label, name, value]) => [markup`${label} <small><code>${name}</code></small>`, words(value, MOST_IN_CELL)],
  }));

/** @param {Report} report */
export function frozenSection({ model, run }) {
  const before = run?.hashBefore || (model?.weightsHash ?? '');
  if (before === '') return new Markup('');
  const hashes = [[run ? `Before run ${run.number}` : 'When loaded', before], ...(run?.hashAfter ? [[`After run ${run.number}`, run.hashAfter]] : [])];
  const same = run?.hashAfter === before;
  return section('The frozen model',
    markup`<p>The fingerprint (SHA-256) of every weight in memory: if one bit had changed, it would be another.</p>`,
    markup`<dl class="pairs">${hashes.map(([name, hash]) => markup`<dt>${name}</dt><dd><code>${hash}</code></dd>`)}</dl>`,
    run?.hashAfter ? markup`<p class="${same ? 'good' : 'bad'}">${same ? 'The same, bit for bit: only the prompt has changed.' : 'They differ: the model is not the one that the run began with.'}</p>` : '');
}

/** Runs besides the one of the report. @param {Report} report */
export function otherRunsSection({ otherRuns }) {
  if (otherRuns.length === 0) return new Markup('');
  return section('Other runs', table({
    caption: 'Other runs', captionIsHidden: true, stacked: true,
    columns: [{ name: 'Run' }, { name: 'Changed against the one before' }, { name: 'Steps', number: true }, { name: 'Lowest held-out loss', number: true }],
    rows: otherRuns, cells: ({ number: count, settings, changes, steps, best }) => [
      `${count}, ${settings.prefix_token}`, changes.join('; ') || (count === 1 ? 'the first run' : 'nothing'), number(steps.at(-1)?.step ?? 0),
      best ? `${loss(best.heldOutLoss)} (step ${best.step})` : NONE,
    ],
  }));
}
