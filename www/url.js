// @ts-check
/**
 * Settings, seed and prefix token in the address: a link reproduces a set-up.
 *
 * The hash is "#v=1&name=value&...": only what differs from the defaults of version 1, so that everything else is
 * known too. Values that can't be used are replaced with the defaults, and a notice says which.
 */
import { batch, debounce, effect } from './ui.js';
import { addNotice, settings, settingTexts } from './state.js';
import { DEFAULT_SETTINGS } from './protocol.js';
import { FIELDS, parseSetting } from './settings.js';

/** @typedef {import('./protocol.js').Settings} Settings */

const VERSION = '1';
const MIRROR_MS = 300;

/** Those that differ from the defaults. @param {Settings} values @returns {[string, string][]} name, value */
export const changedSettings = (values) => FIELDS
  .filter(({ name }) => !Object.is(values[name], DEFAULT_SETTINGS[name]))
  .map(({ name }) => [name, String(values[name])]);

/** @param {Settings} values @returns {string} with its "#" */
export const linkOf = (values) => `#${new URLSearchParams([['v', VERSION], ...changedSettings(values)])}`;

/** Settings from texts by name; those that can't be used are left at their defaults and told.
 * @param {(name: string) => string|null} textOf @returns {{settings: Settings, problems: {field: import('./settings.js').SettingField, problem: string}[]}} */
export const settingsFrom = (textOf) => {
  const settings = /** @type {any} */ ({ ...DEFAULT_SETTINGS });
  const problems = [];
  for (const field of FIELDS) {
    const text = textOf(field.name);
    if (text === null) continue;
    const { value, problem } = parseSetting(field, text);
    if (problem === null) settings[field.name] = value;
    else problems.push({ field, problem });
  }
  return { settings, problems };
};

/** The set-up that a hash describes; null where it describes none (no hash, or a place on the page).
 * @param {string} hash
 * @returns {{settings: Settings, problems: string[]}|null} */
export const readLink = (hash) => {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  if (!parameters.has('v') && !FIELDS.some(({ name }) => parameters.has(name))) return null;
  const { settings: found, problems } = settingsFrom((name) => parameters.get(name));
  return { settings: found, problems: problems.map(({ field, problem }) => `${field.label}: ${problem} The default ${DEFAULT_SETTINGS[field.name]} is used.`) };
};

/** Takes over the set-up of the address, if it has one. What was there before can be brought back.
 * @param {boolean} hadSettings settings of an earlier visit are in use */
const applyLink = (hadSettings) => {
  const link = readLink(location.hash);
  if (!link) return;
  const before = { settings: settings.peek(), texts: settingTexts.peek() };
  if (linkOf(link.settings) !== linkOf(before.settings)) {
    batch(() => { settings.value = link.settings; settingTexts.value = {}; });
    if (!hadSettings) {
      addNotice('info', 'The settings are those of the link. Rows do not come with a link; a scenario file brings them (“Scenarios” in step 1).');
    } else {
      addNotice('info', 'The link brought its own settings; they replace the ones you had.', {
        label: 'Use mine again',
        run: () => batch(() => { settings.value = before.settings; settingTexts.value = before.texts; }),
      });
    }
  }
  if (link.problems.length > 0) addNotice('warning', `Some values in the link can’t be used. ${link.problems.join(' ')}`);
};

const isMirrored = () => history.state?.mirrored === true;

/** Adds an entry to the history: the browser knows the scroll position of the one before, and Back returns to it. */
export const rememberPlace = () => history.pushState({ mirrored: true }, '');

/** Reads the address now and from now on mirrors the settings in it. An entry of the history that was mirrored says so:
 * going back to it is no link, it gets the settings of now. @param {boolean} hadSettings */
export const startLink = (hadSettings) => {
  applyLink(hadSettings);
  const mirror = debounce((/** @type {string} */ hash) => {
    if (location.hash !== hash || !isMirrored()) history.replaceState({ mirrored: true }, '', hash);
  }, MIRROR_MS);
  addEventListener('hashchange', () => {
    if (!isMirrored()) applyLink(true);
    mirror(linkOf(settings.peek())); // a link to a place on the page took the set-up out of the address
  });
  effect(() => mirror(linkOf(settings.value)));
};
