// @ts-check
/** Loads the bundled model and tells `state.model` how far it is; brings it back after a crash of the worker. */
import { engine } from './engine.js';
import { addNotice, model } from './state.js';
import { sentenceOf } from './ui.js';

/** The model of the page: its name, the folder that PEFT users put it in, and where it lies. */
export const BUNDLED = {
  name: 'Support LM 3M',
  folder: 'support-lm-3m',
  url: () => new URL('./models/bundled/', document.baseURI).href,
};

export const loadBundledModel = async () => {
  model.value = { status: 'loading', info: null, loaded: 0, total: 0, error: null };
  try {
    const info = await engine.loadModel({ kind: 'bundled', url: BUNDLED.url(), name: BUNDLED.name }, ({ loaded, total }) => {
      if (model.value.status === 'loading') model.value = { ...model.value, loaded, total };
    });
    model.value = { status: 'ready', info, loaded: info.bytes, total: info.bytes, error: null };
  } catch (error) {
    model.value = { ...model.value, status: 'error', error: sentenceOf(error) };
  }
};

engine.onCrash(({ message, restored }) => {
  addNotice('error', message);
  model.value = { ...model.value, status: 'loading', loaded: 0, total: 0, error: null };
  restored.then(
    (info) => { if (info) model.value = { status: 'ready', info, loaded: info.bytes, total: info.bytes, error: null }; },
    (error) => { model.value = { ...model.value, status: 'error', error: sentenceOf(error) }; },
  );
});
