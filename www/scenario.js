// @ts-check
/** Scenarios: those of cases/, and the file in which a person keeps one or hands it out. */

import { PATTERN_KINDS } from './pattern_kinds.js';
import { prefixProblem } from './settings.js';
import { changedSettings, settingsFrom } from './url.js';

/** @typedef {import('./state.js').Case} Case */

/** What step 1 offers. The three companies with a voice of their own are development companies of `pretrain/`: the model was
 * chosen by them, but never trained on them. */
export const SCENARIOS = [
  { id: 'smarthome', name: 'SmartHome support', about: 'what the page begins with: numbered steps and a closing sentence' },
  { id: 'ravenmoot', name: 'Ravenmoot, a game studio', about: 'medieval English between two fixed sentences' },
  { id: 'museum', name: 'Saltmere Museum', about: 'a JSON object with an answer and a room' },
  { id: 'pharmacy', name: 'Greenmortar pharmacy', about: 'a headline, bullet points and a caution' },
  { id: 'empty', name: 'Nothing', about: 'no rows, no objective: to begin with your own' },
];

/** @type {Case} */
const EMPTY = { name: 'Nothing', objective: '', prefix: '[MY_SUPPORT]', examples: [{ input: '', output: '' }], test: [], patterns: [] };

/** @param {string} id of {@link SCENARIOS} @returns {Promise<Case>} rejects where the file can't be read */
export async function scenarioOf(id) {
  if (id === 'empty') return EMPTY;
  const response = await fetch(new URL(`./cases/${id}.json`, import.meta.url));
  if (!response.ok) throw new Error(`cases/${id}.json: ${response.status}`);
  return response.json();
}

/** @param {Case & {settings: import('./protocol.js').Settings}} scenario @returns {string} the text of a file that `readScenario` reads */
export const scenarioText = ({ settings, ...scenario }) => {
  const changed = Object.fromEntries(changedSettings(settings).filter(([name]) => name !== 'prefix_token'));
  return `${JSON.stringify({ ...scenario, settings: changed }, null, 2)}\n`;
};

/** @param {unknown} value @returns {value is string} */
const isText = (value) => typeof value === 'string';
/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {any} row */
const isExample = (row) => isObject(row) && isText(row.input) && isText(row.output);
/** @param {any} row */
const isTest = (row) => isText(row) || (isObject(row) && isText(row.question) && isText(row.reference));
/** @param {any} check */
const isPattern = (check) => isObject(check) && isText(check.value) && PATTERN_KINDS.some(([kind]) => kind === check.kind);

/** What each part of a scenario has to be, and how a sentence calls it.
 * @type {[keyof Case, (value: any) => boolean, string][]} */
const PARTS = [
  ['name', isText, 'a text'],
  ['objective', isText, 'a text'],
  ['prefix', isText, 'a text such as "[TECH_SUPPORT]"'],
  ['examples', (rows) => Array.isArray(rows) && rows.every(isExample), 'a list of {"input", "output"}'],
  ['test', (rows) => Array.isArray(rows) && rows.every(isTest), 'a list of inquiries: texts, or {"question", "reference"}'],
  ['patterns', (checks) => Array.isArray(checks) && checks.every(isPattern), `a list of {"kind", "value"}, each kind one of ${PATTERN_KINDS.map(([kind]) => kind).join(', ')}`],
];

/** A file of an earlier version of the page has no settings. @param {string} text @returns {Case} @throws {Error} a sentence that says what is wrong and where */
export function readScenario(text) {
  let read;
  try {
    read = JSON.parse(text);
  } catch {
    throw new Error('This file is no scenario: it is not JSON. Choose one that was saved here with “Save as a scenario file”; a dataset is read by Import.');
  }
  for (const [part, fits, form] of PARTS) {
    if (!isObject(read) || !fits(read[part])) throw new Error(`This file is no scenario: its "${part}" must be ${form}. Choose one that was saved here with “Save as a scenario file”; a dataset is read by Import.`);
  }
  const { name, objective, prefix, examples, test, patterns } = /** @type {Case} */ (/** @type {unknown} */ (read));
  const wrong = prefixProblem(prefix);
  if (wrong) throw new Error(`The "prefix" of this scenario cannot be used. ${wrong}`);
  return { name, objective, prefix, examples, test, patterns, ...settingsOf(read) };
}

/** @param {any} read @returns {Pick<Case, 'settings'>} */
function settingsOf(read) {
  if (read.settings === undefined) return {};
  if (!isObject(read.settings)) throw new Error('The "settings" of this scenario must be an object of {"name": value}.');
  const { settings, problems: [wrong] } = settingsFrom((name) => (Object.hasOwn(read.settings, name) ? String(read.settings[name]) : null));
  if (wrong) throw new Error(`The "settings" of this scenario cannot be used. ${wrong.field.label}: ${wrong.problem}`);
  return { settings };
}
