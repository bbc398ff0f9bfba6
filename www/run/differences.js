// @ts-check
/** What differs between a run and the page as it is now, in the words of the page. */

import { plural } from '../report/numbers.js';
import { fieldOf } from '../settings.js';

/** @typedef {import('../protocol.js').Settings} Settings */
/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('./record.js').Asked} Asked */

/** The name of a setting as step 3 shows it, for the middle of a sentence. @param {keyof Settings} name */
function nameOf(name) {
  const label = fieldOf(name)?.label ?? name;
  return label[0].toLowerCase() + label.slice(1);
}

/**
 * @param {Asked} before
 * @param {Asked} now
 * @returns {string[]} for example "learning rate 0.05 → 0.01", "3 rows of the dataset"
 */
export function differences(before, now) {
  const changes = [];
  for (const key of /** @type {(keyof Settings)[]} */ (Object.keys(before.settings))) {
    const [was, is] = [before.settings[key], now.settings[key]];
    if (key === 'prompt_tuning_init_text') continue;
    if (was !== is) changes.push(`${nameOf(key)} ${show(key, was)} → ${show(key, is)}`);
  }
  if (startText(before) !== startText(now)) {
    changes.push(now.settings.prompt_tuning_init_text.trim() ? nameOf('prompt_tuning_init_text') : 'objective');
  }
  if (before.startFrom !== now.startFrom) changes.push(now.startFrom ? `starts from ${now.startFrom}` : 'starts from an initialisation');
  else if (now.startFrom && before.startMadeAt !== undefined && before.startMadeAt !== now.startMadeAt) changes.push(`starts from ${now.startFrom} as it is now, another prompt than before`);
  return [...changes, ...changedRows(before.examples, now.examples)];
}

/** The text that the soft prompt starts from, where the initialisation uses one. @param {Asked} asked */
function startText({ settings, objective, startFrom }) {
  if (startFrom || settings.prompt_tuning_init !== 'TEXT') return '';
  return settings.prompt_tuning_init_text.trim() || objective.trim();
}

/** A value in the words of step 3. @param {keyof Settings} key @param {string|number|boolean} value */
function show(key, value) {
  if (typeof value === 'number') return String(Number(value.toPrecision(10)));
  return fieldOf(key)?.choices?.find(([choice]) => choice === String(value))?.[1].toLowerCase() ?? (value === '' ? 'none' : String(value));
}

/** @param {Example} one @param {Example} other */
const isSame = (one, other) => one.input === other.input && one.output === other.output;

/** What lies between the rows that both lists begin and end with: most often it is little.
 * @param {readonly Example[]} before @param {readonly Example[]} after @returns {[readonly Example[], readonly Example[]]} */
function withoutCommonEnds(before, after) {
  const shorter = Math.min(before.length, after.length);
  let first = 0;
  while (first < shorter && isSame(before[first], after[first])) first++;
  let last = 0;
  while (last < shorter - first && isSame(before[before.length - 1 - last], after[after.length - 1 - last])) last++;
  return [before.slice(first, before.length - last), after.slice(first, after.length - last)];
}

/** What became of the rows: changed, added, deleted, or in another order.
 * @param {readonly Example[]} before @param {readonly Example[]} after @returns {string[]} */
function changedRows(before, after) {
  [before, after] = withoutCommonEnds(before, after);
  const key = (/** @type {Example} */ { input, output }) => JSON.stringify([input, output]);
  const left = /** @type {Map<string, number>} */ (new Map());
  for (const row of before) left.set(key(row), (left.get(key(row)) ?? 0) + 1);
  let kept = 0;
  for (const row of after) {
    const count = left.get(key(row)) ?? 0;
    if (count > 0) { left.set(key(row), count - 1); kept++; }
  }
  const [gone, come] = [before.length - kept, after.length - kept];
  const changed = Math.min(gone, come);
  const isReordered = gone === 0 && come === 0 && after.length > 0;
  return [
    ...(changed > 0 ? [plural(changed, 'row of the dataset', 'rows of the dataset')] : []),
    ...(come > changed ? [`${plural(come - changed, 'row')} added`] : []),
    ...(gone > changed ? [`${plural(gone - changed, 'row')} deleted`] : []),
    ...(isReordered ? ['the order of the rows'] : []),
  ];
}
