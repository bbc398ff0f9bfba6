// @ts-check
/** What the model picker knows and does: the list of models, a closer look at one, downloads, what is stored. */
import { engine, EngineError } from '../engine.js';
import { plannedBatch } from '../checks.js';
import { hubAddress } from '../hub.js';
import { bundled, changeModel, comesFrom, inUse } from '../model.js';
import { isAskedFor } from '../stored_model.js';
import { addNotice, datasetReport, examples, promptLength, settings } from '../state.js';
import { sentenceOf, signal } from '../ui.js';

/** @typedef {import('../protocol.js').HubSource} HubSource */
/** @typedef {import('../protocol.js').BundledSource} BundledSource */
/** @typedef {import('../protocol.js').StoredModel} StoredModel */
/** @typedef {import('../protocol.js').ModelReport} ModelReport */
/** @typedef {import('../protocol.js').LoadingProgress} LoadingProgress */
/** @typedef {import('../model.js').Choice} Choice */
/** A model that the page offers (models/models.json).
 * @typedef {{repository: string, name: string, about: string, licence: string, settings: Choice['settings']}} Offer */

export const isOpen = signal(false);
/** The models of the list. */
export const offers = signal(/** @type {Offer[]} */ ([]));
/** The downloaded ones, whole or in part. */
export const stored = signal(/** @type {StoredModel[]} */ ([]));
/** @typedef {{status: 'looking'|'done'|'failed', report: ModelReport|null, error: string}} Look */
/** What a closer look at a model has shown, by `lookKey`. */
export const looks = signal(/** @type {Record<string, Look>} */ ({}));
/** What a person has typed to look for a model, and the repository that was looked at. */
export const typed = { repository: signal(''), address: signal(''), asked: signal(/** @type {HubSource|null} */ (null)) };
/** The model that is being loaded. */
export const loading = signal(/** @type {{choice: Choice, progress: LoadingProgress, cancel: () => void}|null} */ (null));
/** Why the last model could not be loaded, or "". */
export const problem = signal('');

export async function openPicker() {
  isOpen.value = true;
  problem.value = '';
  if (typed.address.value === '') typed.address.value = hubAddress.value;
  await Promise.all([readOffers(), readStored()]);
}

export function closePicker() {
  isOpen.value = false;
}

async function readOffers() {
  if (offers.value.length > 0) return;
  try {
    const response = await fetch(new URL('./models/models.json', document.baseURI));
    offers.value = (await response.json()).models;
  } catch {
    problem.value = 'The list of models could not be loaded. You can still open a model from disk or by its name.';
  }
}

async function readStored() {
  try {
    stored.value = await engine.request('storedModels', {});
  } catch (error) {
    problem.value = sentenceOf(error);
  }
}

/** Asks the hub about a repository and measures what it would need here. @param {HubSource|BundledSource} source */
export async function lookAt(source) {
  const key = lookKey(source);
  looks.value = { ...looks.value, [key]: { status: 'looking', report: null, error: '' } };
  try {
    const report = await engine.request('inspectModel', { source, batch: await batchOfNow() });
    looks.value = { ...looks.value, [key]: { status: 'done', report, error: '' } };
  } catch (error) {
    looks.value = { ...looks.value, [key]: { status: 'failed', report: null, error: sentenceOf(error) } };
  }
}

/** @param {HubSource|BundledSource} source */
export const lookKey = (source) => (source.kind === 'bundled' ? source.url : [source.base, source.repository, source.revision, source.file].join(' '));

/** The batch of a run with the page's examples and settings, in tokens of the model in use. */
export async function batchOfNow() {
  const [virtualTokens, batchSize] = [promptLength.value, settings.value.batch_size];
  const rows = examples.value;
  const known = datasetReport.value?.rows === rows ? datasetReport.value.report : null;
  const sent = rows.map(({ input, output }) => ({ input, output }));
  const report = known ?? await engine.request('checkDataset', { examples: sent, virtualTokens }).catch(() => null);
  if (report) return plannedBatch(report, virtualTokens, batchSize);
  return { // no model is there that could count
    exampleTokens: rows.map(({ input, output }) => Math.ceil((input.length + output.length) / LETTERS_PER_TOKEN) + 16),
    responseTokens: rows.reduce((sum, { output }) => sum + Math.ceil(output.length / LETTERS_PER_TOKEN) + 1, 0),
    virtualTokens,
    batchSize,
  };
}

const LETTERS_PER_TOKEN = 3;

/** Loads a model and puts it to use; the one in use stays where that fails. @param {Choice} choice */
export async function use(choice) {
  if (loading.value) return;
  problem.value = '';
  void navigator.storage?.persist?.();
  const change = changeModel(choice, (progress) => {
    if (loading.value) loading.value = { ...loading.value, progress };
  });
  loading.value = { choice, progress: { loaded: 0, total: 0 }, cancel: change.cancel };
  try {
    await change.done;
    await readStored();
    remember(choice);
    addNotice('success', `${choice.source.name} is in use. The prompts that were trained with another model stay, but they fit only that one.`);
    closePicker();
  } catch (error) {
    const said = error instanceof EngineError && ['cancelled', 'crashed'].includes(error.kind); // a crash has its own notice
    if (!said) {
      if (isOpen.value) problem.value = sentenceOf(error);
      else addNotice('error', `${choice.source.name} could not be loaded. ${sentenceOf(error)}`);
    }
    await readStored();
  } finally {
    loading.value = null;
  }
}

/** From the next visit on it is read from the storage. @param {Choice} choice */
function remember({ source, settings: wanted }) {
  if (source.kind !== 'hub') return;
  const kept = storedOf(source);
  if (!kept?.complete || !kept.lasting) return;
  const choice = { ...storedChoice(kept), settings: wanted };
  comesFrom(choice);
  engine.sourceIs(choice.source);
}

/** What is stored of a model of the hub, complete where it can be. @param {HubSource} source */
export function storedOf(source) {
  const fitting = stored.value.filter((model) => isAskedFor(model, source));
  return fitting.find((model) => model.complete) ?? fitting[0];
}

/** @param {StoredModel} model @returns {Choice} */
export function storedChoice({ key, name, repository, revision, file }) {
  return { source: { kind: 'stored', key, name, revision, file }, baseModel: repository, settings: settingsFor(repository) };
}

/** The settings that were found to work with a model of the list. @param {string} repository */
const settingsFor = (repository) => offers.value.find((one) => one.repository === repository)?.settings ?? {};

/** @param {HubSource} source @returns {Choice & {source: HubSource}} */
export const repositoryChoice = (source) => ({ source, baseModel: source.repository, settings: settingsFor(source.repository) });

/** @param {Offer} offer @returns {Choice & {source: HubSource}} */
export function offerChoice({ repository, name, settings: wanted }) {
  return { source: { kind: 'hub', base: hubAddress.value, repository, revision: '', file: '', name }, baseModel: repository, settings: wanted };
}

/** @param {File[]} files */
export function useFiles(files) {
  const name = (files.find((file) => /\.gguf$/i.test(file.name))?.name ?? files.find((file) => /\.safetensors$/i.test(file.name))?.name ?? 'Model').replace(/\.[a-z]+$/i, '');
  const folder = files.map((file) => file.webkitRelativePath.split('/').at(-2)).find(Boolean);
  const shown = /^model(-\d+-of-\d+)?$/.test(name) ? folder ?? 'Model from disk' : name;
  void use({ source: { kind: 'files', files, name: shown }, baseModel: shown, settings: {} });
}

/** @param {StoredModel} model */
export async function remove({ key, name }) {
  problem.value = '';
  try {
    const { source } = inUse.value;
    await engine.request('deleteStoredModel', { key });
    if (source.kind === 'stored' && source.key === key) addNotice('info', `${name} was deleted from the browser’s storage; it stays in use until another model takes its place or the page is closed.`);
  } catch (error) {
    problem.value = sentenceOf(error);
  }
  await readStored();
  looks.value = {};
}

export const useBundled = () => use(bundled());
