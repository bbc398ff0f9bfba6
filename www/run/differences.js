// @ts-check
/** What differs between a run and the page as it is now, in the words of the page. */

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
  const rows = changedRows(before.examples, now.examples);
  if (rows > 0) changes.push(rows === 1 ? '1 row of the dataset' : `${rows.toLocaleString('en')} rows of the dataset`);
  return changes;
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

/** How many rows are new, gone, moved or different. @param {readonly Example[]} before @param {readonly Example[]} after */
function changedRows(before, after) {
  let changed = Math.abs(before.length - after.length);
  const shared = Math.min(before.length, after.length);
  for (let index = 0; index < shared; index++) {
    if (before[index].input !== after[index].input || before[index].output !== after[index].output) changed++;
  }
  return changed;
}
