// @ts-check
/**
 * Keeps what a person typed and trained in IndexedDB: every change, as it is typed.
 *
 * One object store, one record per signal. Where the browser forbids storage or it is full, the page says so once
 * and goes on in memory; so it does in a second tab. A record that doesn't look right (an older version, a broken disk) is left out, not fatal.
 */
import { effect, signal } from './ui.js';
import * as state from './state.js';
import { DEFAULT_SETTINGS } from './protocol.js';
import { FIELDS as DECODING_FIELDS, problem } from './decoding_fields.js';
import { holdTheStore } from './only_tab.js';
import { accepted } from './run/record.js';
import { fieldOf, parseSetting } from './settings.js';

const DATABASE = 'prompt-playground';
const STORE = 'state';
const WAIT_MS = 200;
const OPEN_TIMEOUT_MS = 4000;

/** @typedef {{key: string, signal: import('./vendor/signals/signals.js').Signal<any>, accept: (saved: any) => any}} Entry
 *   `accept` returns the value to use, or undefined to leave the record out */

/** @type {Entry[]} */
const entries = [];

/** Has a signal saved and brought back. To be called while modules load, before `restore`.
 * @param {string} key @param {Entry['signal']} signal @param {Entry['accept']} accept */
export const keep = (key, signal, accept) => { entries.push({ key, signal, accept }); };

/** As `keep`, for a result that comes piece by piece and is saved only when it is whole: what is shown then stays for the
 * next visit, whatever is begun and left after it.
 * @template T @param {string} key @param {import('./vendor/signals/signals.js').Signal<T|null>} shown @param {Entry['accept']} accept
 * @returns {() => void} saves what is shown */
export const keepWhole = (key, shown, accept) => {
  const whole = signal(/** @type {T|null} */ (null));
  keep(key, whole, accept);
  effect(() => { if (whole.value && !shown.peek()) shown.value = whole.value; });
  return () => { whole.value = shown.peek(); };
};

// ---------------------------------------------------------------- what is kept

/** @param {any} value */
const isText = (value) => (typeof value === 'string' ? value : undefined);
/** @param {any} value */
const isTexts = (value) => Array.isArray(value) && value.every((text) => typeof text === 'string');
/** @param {...string} fields */
const rowsWith = (...fields) => (/** @type {any} */ value) =>
  Array.isArray(value) && value.every((row) => typeof row?.id === 'string' && fields.every((field) => typeof row[field] === 'string')) ? value : undefined;

keep('examples', state.examples, rowsWith('input', 'output'));
keep('objective', state.objective, isText);
keep('testRows', state.testRows, (saved) =>
  rowsWith('question', 'reference')(saved)?.map((/** @type {any} */ row) => (isTexts(row.wordings) ? row : { ...row, wordings: undefined })));
keep('conclusions', state.conclusions, isText);
keep('activePrefix', state.activePrefix, isText);
keep('settings', state.settings, (saved) => {
  if (!saved || typeof saved !== 'object') return undefined;
  const accepted = /** @type {any} */ ({ ...state.settings.peek() });
  for (const [name, value] of Object.entries(saved)) {
    const field = fieldOf(name);
    const parsed = field && parseSetting(field, String(value));
    if (parsed && parsed.problem === null) accepted[name] = parsed.value;
  }
  return accepted;
});
keep('settingTexts', state.settingTexts, (saved) =>
  saved && typeof saved === 'object' ? Object.fromEntries(Object.entries(saved).filter(([name, text]) => fieldOf(name) && typeof text === 'string')) : undefined);
keep('generation', state.generation, (saved) => {
  if (!saved || typeof saved !== 'object') return undefined;
  const defaults = /** @type {any} */ (state.generation.peek());
  return Object.fromEntries(DECODING_FIELDS.map((field) => {
    const value = saved[field.name];
    return [field.name, typeof value === 'number' && problem(field, String(value)) === '' ? value : defaults[field.name]];
  }));
});
keep('startFrom', state.startFrom, isText);
keep('patterns', state.patterns, (saved) =>
  Array.isArray(saved) && saved.every((pattern) => typeof pattern?.kind === 'string' && typeof pattern?.value === 'string') ? saved : undefined);
keep('trainedPrompts', state.trainedPrompts, (saved) =>
  saved && typeof saved === 'object'
    ? Object.fromEntries(Object.entries(saved).map(([prefix, prompt]) => [prefix, withAllSettings(accepted(prompt))]).filter(([, prompt]) => prompt?.vectors instanceof Float32Array && prompt.vectors.length === prompt.virtualTokens * prompt.width))
    : undefined);

/** Settings that a prompt of an earlier version of the page does not have are the defaults. @param {any} prompt */
function withAllSettings(prompt) {
  return prompt && { ...prompt, settings: { ...DEFAULT_SETTINGS, ...prompt.settings } };
}

// ---------------------------------------------------------------- the database

/** @type {IDBDatabase|null} */
let database = null;
let complained = false;

/** @param {unknown} reason */
const complain = (reason) => {
  if (complained) return;
  complained = true;
  const full = reason instanceof DOMException && reason.name === 'QuotaExceededError';
  state.addNotice('warning', full
    ? 'The browser’s storage for this page is full, so changes are kept only until this tab is closed. Export the dataset to keep it, or free some space and reload.'
    : 'The browser does not let this page store anything (a private window, or storage is blocked), so changes are kept only until this tab is closed. Export the dataset to keep it.');
};

/** @returns {Promise<IDBDatabase>} */
const open = () => new Promise((resolve, reject) => {
  const request = indexedDB.open(DATABASE, 1);
  const timer = setTimeout(() => reject(new Error('timeout')), OPEN_TIMEOUT_MS);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  request.onsuccess = () => { clearTimeout(timer); resolve(request.result); };
  request.onerror = () => { clearTimeout(timer); reject(request.error); };
});

/** @param {IDBDatabase} from @returns {Promise<Map<string, any>>} */
const readAll = (from) => new Promise((resolve, reject) => {
  const found = new Map();
  const transaction = from.transaction(STORE);
  const request = transaction.objectStore(STORE).openCursor();
  request.onsuccess = () => {
    const cursor = request.result;
    if (!cursor) return;
    found.set(String(cursor.key), cursor.value);
    cursor.continue();
  };
  const timer = setTimeout(() => reject(new Error('timeout')), OPEN_TIMEOUT_MS);
  const end = (/** @type {() => void} */ how) => () => { clearTimeout(timer); how(); };
  transaction.oncomplete = end(() => resolve(found));
  transaction.onerror = transaction.onabort = end(() => reject(transaction.error));
});

/** Opens the database and reads it; tries once more where the browser has cut the first try off. */
const openAndRead = async () => {
  for (let tries = 2; ; tries--) {
    /** @type {IDBDatabase|null} */
    let opened = null;
    try {
      opened = await open();
      return { opened, saved: await readAll(opened) };
    } catch (reason) {
      opened?.close();
      if (tries === 1 || !opened) throw reason;
    }
  }
};

/** @param {IDBDatabase} opened */
const keepOpen = (opened) => {
  database = opened;
  database.onclose = () => { database = null; complain(null); };
  database.onversionchange = () => { database?.close(); database = null; };
};

/** @param {IDBDatabase} opened */
const leaveToTheOtherTab = (opened) => {
  opened.close();
  complained = true;
  state.addNotice('warning', 'This page is open in another tab, and only that one saves: what you do here is lost when this tab is closed or reloaded. To work here, close the other tab and reload this one before you change anything.');
};

/** Whether this tab saves what is done in it. */
export const saves = () => database !== null;

/** Puts what was saved back into the signals. Returns the keys that were found. @returns {Promise<Set<string>>} */
export const restore = async () => {
  const restored = /** @type {Set<string>} */ (new Set());
  try {
    const [alone, { opened, saved }] = await Promise.all([holdTheStore(), openAndRead()]);
    if (alone) keepOpen(opened);
    else leaveToTheOtherTab(opened);
    for (const { key, signal, accept } of entries) {
      const value = saved.has(key) ? accept(saved.get(key)) : undefined;
      if (value === undefined) continue;
      signal.value = value;
      restored.add(key);
    }
  } catch (reason) {
    database = null;
    complain(reason);
  }
  return restored;
};

/** @type {Map<string, any>} */
const waiting = new Map();
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;

const flush = () => {
  clearTimeout(timer);
  timer = undefined;
  if (!database || waiting.size === 0) return;
  try {
    const transaction = database.transaction(STORE, 'readwrite');
    for (const [key, value] of waiting) transaction.objectStore(STORE).put(value, key);
    waiting.clear();
    transaction.onabort = () => complain(transaction.error);
    transaction.commit();
  } catch (reason) {
    complain(reason);
  }
};

/** From now on every change of a kept signal is saved, `WAIT_MS` after it at the latest. */
export const startSaving = () => {
  for (const { key, signal } of entries) {
    let first = true;
    effect(() => {
      const value = signal.value;
      if (first) { first = false; return; }
      waiting.set(key, value);
      timer ??= setTimeout(flush, WAIT_MS);
    });
  }
  addEventListener('pagehide', flush);
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') flush(); });
};

/** Saves everything now, as after the first visit's scenario was filled in. */
export const saveAll = () => {
  for (const { key, signal } of entries) waiting.set(key, signal.peek());
  flush();
};
