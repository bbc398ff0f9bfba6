// @ts-check
/** The language model of the page: which one is in use, how another takes its place, and how it comes back after a crash. */
import { engine } from './engine.js';
import { DEFAULT_SETTINGS } from './protocol.js';
import { addNotice, model, setSetting, settings } from './state.js';
import { keep } from './store.js';
import { batch, sentenceOf, signal } from './ui.js';

/** @typedef {import('./protocol.js').ModelSource} ModelSource */
/** @typedef {import('./protocol.js').LoadingProgress} LoadingProgress */
/** `baseModel`: how PEFT names it (a hub id or a folder); `settings`: those that were found to work, where they differ
 * from the page's defaults.
 * @typedef {{source: ModelSource, baseModel: string, settings: Partial<import('./protocol.js').Settings>}} Choice */

/** The bundled model: its name, the folder that PEFT users put it in, and where it lies. */
export const BUNDLED = {
  name: 'Support LM 5M',
  folder: 'support-lm-5m',
  url: () => new URL('./models/bundled/', document.baseURI).href,
};

/** @returns {Choice} */
export const bundled = () => ({ source: { kind: 'bundled', url: BUNDLED.url(), name: BUNDLED.name }, baseModel: BUNDLED.folder, settings: {} });

/** The model in use, or the one that is loaded when the page opens. */
export const inUse = signal(bundled());

/** How PEFT users find the model in use: its name in `adapter_config.json`, a sentence on where it lies, and what
 * `from_pretrained` needs besides (`revision`, `gguf_file`). */
export const baseModel = () => {
  const { source, baseModel: name } = inUse.value;
  if (source.kind === 'files') return { name, place: {}, note: 'The model was opened from a disk: put its folder where the code runs, under this name.' };
  if (source.kind === 'bundled') {
    const files = 'config.json, tokenizer.json, tokenizer_config.json and model.safetensors';
    return { name, place: {}, note: `The files of the model are at ${BUNDLED.url()}, and in the playground’s own repository in www/models/bundled: ${files}. Put them into a folder named ${BUNDLED.folder}.` };
  }
  const { revision, file } = source;
  const place = { ...(revision && { revision }), ...(file && { gguf_file: file }) };
  const note = Object.entries(place).map(([key, value]) => `${key}="${value}"`).join(', ');
  return { name, place, note: note && `Load the model with from_pretrained("${name}", ${note}).` };
};

/** A downloaded model that was in use when the page was closed; null for the bundled one. */
const lastUsed = signal(/** @type {Choice|null} */ (null));
keep('model', lastUsed, (saved) => {
  const { kind, key, revision, file } = saved?.source ?? {};
  return kind === 'stored' && [key, revision, file, saved.baseModel].every((text) => typeof text === 'string') ? saved : undefined;
});

/** Loads the model that was in use last, or the bundled one. */
export const openModel = async () => {
  const last = lastUsed.peek();
  if (!last) return loadFirst(bundled());
  await loadFirst(last);
  if (model.value.status !== 'error') return;
  addNotice('warning', `${last.source.name} could not be loaded again, so ${BUNDLED.name} takes its place. ${model.value.error}`);
  await loadFirst(bundled());
};

/** Loads a model where none is in use: the page waits for it. @param {Choice} choice */
export const loadFirst = async (choice) => {
  inUse.value = choice;
  model.value = { status: 'loading', info: null, loaded: 0, total: 0, error: null };
  try {
    const info = await engine.loadModel(choice.source, ({ loaded, total }) => {
      if (model.value.status === 'loading') model.value = { ...model.value, loaded, total };
    });
    nowInUse(choice, info);
  } catch (error) {
    isMissing(sentenceOf(error));
  }
};

/**
 * Puts another model in the place of the one in use, which the page goes on working with until it has arrived.
 * @param {Choice} choice
 * @param {(progress: LoadingProgress) => void} onProgress
 */
export const changeModel = (choice, onProgress) => {
  const loading = engine.loadModel(choice.source, onProgress);
  const done = loading.then((info) => {
    nowInUse(choice, info);
    suggestSettings(choice);
  });
  return { done, cancel: () => loading.control('cancel') };
};

/** Where the model in use comes from, and what the next visit loads. @param {Choice} choice */
export const comesFrom = (choice) => batch(() => {
  inUse.value = choice;
  lastUsed.value = choice.source.kind === 'stored' ? choice : null;
});

/** @param {Choice} choice @param {import('./protocol.js').ModelInfo} info */
const nowInUse = (choice, info) => batch(() => {
  comesFrom(choice);
  isReady(info);
});

/** @param {import('./protocol.js').ModelInfo} info */
const isReady = (info) => { model.value = { status: 'ready', info, loaded: info.bytes, total: info.bytes, error: null }; };

/** Models want different learning rates: offers the one that was found to work, and changes nothing by itself. @param {Choice} choice */
const suggestSettings = (choice) => {
  const wanted = choice.settings.learning_rate ?? (choice.source.kind === 'bundled' ? DEFAULT_SETTINGS.learning_rate : null);
  const now = settings.value.learning_rate;
  if (wanted === null || wanted === now) return;
  addNotice('info', `${choice.source.name} learns well with a learning rate of ${wanted}; step 3 has ${now}.`, {
    label: `Use ${wanted}`,
    run: () => setSetting('learning_rate', wanted),
  });
};

/** @param {string} message */
const isMissing = (message) => { model.value = { ...model.value, status: 'error', error: message }; };

engine.onCrash(({ message, restored }) => {
  addNotice('error', message);
  model.value = { ...model.value, status: 'loading', loaded: 0, total: 0, error: null };
  restored.then(
    (info) => (info ? isReady(info) : isMissing(message)), // null: there was none to read again
    (error) => isMissing(sentenceOf(error)),
  );
});
