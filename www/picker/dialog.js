// @ts-check
/** The model picker: the bundled model, those of the list, any repository of the hub, files from disk, what is stored. */
import { useSuccessor } from '../focus.js';
import { addressProblem, HUB, hubAddress, parseRepository } from '../hub.js';
import { BUNDLED, bundled, inUse } from '../model.js';
import { isActive } from '../run.js';
import { model } from '../state.js';
import { Notices } from '../notices.js';
import { Button, computed, Field, formatBytes, formatDuration, formatNumber, html, Notice, Progress, useLayoutEffect, useRef, useSignal } from '../ui.js';
import {
  closePicker, isOpen, loading, lookAt, lookKey, looks, offerChoice, offers, problem, remove, repositoryChoice, stored, storedChoice, storedOf, typed,
  use, useBundled, useFiles,
} from './actions.js';

/** @typedef {import('../protocol.js').ModelReport} ModelReport */
/** @typedef {import('../protocol.js').StoredModel} StoredModel */
/** @typedef {import('../model.js').Choice} Choice */
/** @typedef {import('../protocol.js').HubSource} HubSource */

/** A model is being loaded, or the one in use trains. */
const isBusy = computed(() => loading.value !== null || isActive.value);

export function ModelPicker() {
  const dialog = useRef(/** @type {HTMLDialogElement|null} */ (null));
  useLayoutEffect(() => {
    if (isOpen.value && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen.value && dialog.current?.open) dialog.current.close();
  }, [isOpen.value]);
  return html`
    <dialog class="dialog picker" ref=${dialog} aria-labelledby="picker-title" onClose=${closePicker}>
      <div class="picker-head">
        <h2 class="dialog-title" id="picker-title" tabindex="-1">Language model</h2>
        <${Button} kind="quiet" icon="close" iconOnly onClick=${closePicker}>Close<//>
      </div>
      ${isOpen.value && html`<${Content} />`}
      <${Notices} on=${isOpen.value} />
    </dialog>`;
}

function Content() {
  return html`
    <p class="picker-intro">Prompt tuning works in front of any Llama-style model. Whichever you choose, it stays frozen and stays in this browser.</p>
    ${isActive.value && html`<${Notice} kind="info">A training run is under way. Another model can be loaded when it has ended or was stopped.<//>`}
    <${LoadingModel} />
    ${problem.value && html`<${Notice} kind="error">${problem.value}<//>`}
    <ul class="picker-list">
      <${Bundled} />
      ${offers.value.map((offer) => html`<${HubModel} key=${offer.repository} choice=${offerChoice(offer)} about=${offer.about} licence=${offer.licence} />`)}
    </ul>
    <${AnyRepository} />
    <${FromDisk} />
    <${Stored} />`;
}

/** Its button takes the focus from the one that was pressed, as none of those can be pressed meanwhile. */
function LoadingModel() {
  const now = loading.value;
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  const held = place.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    if (now) place.current?.querySelector('button')?.focus();
    else if (held) document.getElementById('picker-title')?.focus();
  }, [now === null]);
  if (!now) return null;
  const { loaded, total, secondsLeft, checking } = now.progress;
  const { name } = now.choice.source;
  const left = secondsLeft !== undefined && loaded < total ? `, ${formatDuration(secondsLeft)} left` : '';
  const text = checking ? `Checking ${name} …` : total > 0 && loaded < total ? `${formatBytes(loaded)} of ${formatBytes(total)}${left}` : `Reading ${name} …`;
  return html`
    <div class="picker-loading well" ref=${place}>
      <span class="visually-hidden" role="status">${checking ? `Checking ${name}` : loaded < total ? `Downloading ${name}` : `Reading ${name}`}</span>
      <${Progress} label=${`Loading ${name}`} value=${loaded < total ? loaded : 0} max=${loaded < total ? total : 0} text=${text} />
      <${Button} icon="close" onClick=${now.cancel}>Cancel<//>
    </div>`;
}

/** @param {{name: string, facts: string[], about?: any, current: boolean, children?: any}} props */
const Row = ({ name, facts, about, current, children }) => {
  const row = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(row, '.picker-actions button:enabled');
  return html`
    <li class="picker-row" ref=${row} tabindex="-1">
      <div class="picker-text">
        <h3 class="picker-name">${name}${current && html` <span class="picker-mark">in use</span>`}</h3>
        ${facts.length > 0 && html`<p class="picker-facts">${facts.join(' · ')}</p>`}
        ${about && html`<p class="picker-about">${about}</p>`}
      </div>
      <div class="picker-actions">${children}</div>
    </li>`;
};

function Bundled() {
  const current = inUse.value.source.kind === 'bundled';
  const source = /** @type {import('../protocol.js').BundledSource} */ (bundled().source);
  const look = looks.value[lookKey(source)];
  const bytes = look?.report?.bytes ?? (current ? model.value.info?.bytes : 0);
  const card = html`<a href="./models/bundled/README.md" target="_blank" rel="noopener">its model card</a>`;
  return html`
    <${Row} name=${BUNDLED.name} facts=${['comes with the page', bytes ? formatBytes(bytes) : ''].filter(Boolean)} current=${current}
      about=${html`Knows customer service and little else, and was made to be prompt-tuned: it was trained on thousands of companies, each with a voice of its own. Trains in seconds, on any computer: the right one to begin with. Data and licences are in ${card}.
        <${Found} look=${look} />`}>
      <${LookCloser} source=${source} />
      ${!current && html`<${Button} disabled=${isBusy.value} onClick=${() => void useBundled()}>Use<//>`}
    <//>`;
}

/** What a closer look has shown. @param {{look: import('./actions.js').Look|undefined}} props */
const Found = ({ look }) => html`
  <span role="status">${look?.report && html`<span class="picker-need">${need(look.report)}</span>`}</span>
  ${look?.status === 'failed' && html`<span class="picker-error" role="alert">${look.error}</span>`}`;

/** @param {{source: HubSource|import('../protocol.js').BundledSource}} props */
function LookCloser({ source }) {
  const look = looks.value[lookKey(source)];
  if (look?.report) return null;
  const looking = look?.status === 'looking';
  return html`<${Button} disabled=${isBusy.value} inactive=${looking} onClick=${() => void lookAt(source)}>${looking ? 'Measuring …' : 'Look closer'}<//>`;
}

/** @param {{choice: Choice & {source: HubSource}, about?: string, licence?: string}} props */
function HubModel({ choice, about, licence }) {
  const { source } = choice;
  const look = looks.value[lookKey(source)];
  const here = storedOf(source);
  const used = inUse.value.source;
  const current = used.kind === 'stored' ? used.key === here?.key : used.kind === 'hub' && lookKey(used) === lookKey(source);
  const report = look?.report;
  const facts = [source.repository, report?.licence || licence || '', report ? formatBytes(report.bytes) : here?.complete ? formatBytes(here.total) : ''].filter(Boolean);
  const busy = isBusy.value;
  return html`
    <${Row} name=${source.name} facts=${facts} current=${current} about=${html`
      ${about}
      <${Found} look=${look} />`}>
      ${!current && here?.complete && html`<${Button} disabled=${busy} onClick=${() => void use({ ...storedChoice(here), settings: choice.settings })}>Use<//>`}
      ${!current && !here?.complete && report && html`
        <${Button} icon="import" disabled=${busy} onClick=${() => void use(choice)}>${report.arrived > 0 ? `Continue download (${formatBytes(report.arrived)} of ${formatBytes(report.bytes)})` : `Download ${formatBytes(report.bytes)}`}<//>`}
      <${LookCloser} source=${source} />
    <//>`;
}

/** What a model needs here, as sentences. @param {ModelReport} report */
function need({ plan, stepMilliseconds, limit }) {
  const seconds = stepMilliseconds / 1000;
  const step = seconds < 1 ? `${formatNumber(stepMilliseconds)} ms` : seconds < 10 ? `${formatNumber(seconds, 1)} s` : formatDuration(seconds);
  const fits = plan.peak <= limit ? '' : `, and this tab can have about ${formatBytes(limit)}: it will probably not fit`;
  return `Needs about ${formatBytes(plan.peak)} of memory${fits}. One worker takes about ${step} for a step with your examples, measured on this device just now.`;
}

function AnyRepository() {
  const { repository: text, address, asked } = typed;
  const error = useSignal('');
  const look = (/** @type {Event} */ event) => {
    event.preventDefault();
    const found = parseRepository(text.value);
    error.value = addressProblem(address.value) || (found ? '' : 'Write a repository as owner/name, for example HuggingFaceTB/SmolLM2-135M-Instruct; a GGUF file as owner/name/file.gguf.');
    if (!found || error.value !== '') return;
    hubAddress.value = address.value.replace(/\/+$/, '');
    const name = found.file ? found.file.replace(/\.gguf$/i, '') : found.repository.split('/')[1];
    asked.value = { kind: 'hub', base: hubAddress.value, ...found, name };
    void lookAt(asked.value);
  };
  return html`
    <details class="picker-more" open=${asked.value !== null}>
      <summary>Another model of the Hugging Face hub</summary>
      <form class="picker-form" onSubmit=${look}>
        <${Field} label="Repository" error=${error.value} help="Any Llama-style model with safetensors, or a GGUF file of one.">
          <input type="text" autocomplete="off" autocapitalize="off" spellcheck=${false} placeholder="owner/name" value=${text.value} onInput=${(/** @type {any} */ event) => { text.value = event.currentTarget.value; }} />
        <//>
        <${Field} label="Address of the hub" help=${`A mirror works too. The hub itself is ${HUB}.`}>
          <input type="text" inputmode="url" autocomplete="off" spellcheck=${false} value=${address.value} onInput=${(/** @type {any} */ event) => { address.value = event.currentTarget.value; }} />
        <//>
        <${Button} type="submit" disabled=${isBusy.value}>Look closer<//>
      </form>
      ${asked.value && html`<ul class="picker-list"><${HubModel} choice=${repositoryChoice(asked.value)} /></ul>`}
    </details>`;
}

function FromDisk() {
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  const over = useSignal(false);
  const take = (/** @type {FileList|null|undefined} */ files) => { if (files && files.length > 0) useFiles([...files]); };
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    over.value = false;
    take(event.dataTransfer?.files);
  };
  return html`
    <div class=${over.value ? 'picker-drop is-over' : 'picker-drop'} onDrop=${drop} onDragLeave=${() => { over.value = false; }}
      onDragOver=${(/** @type {DragEvent} */ event) => { event.preventDefault(); over.value = true; }}>
      <${Button} icon="import" disabled=${isBusy.value} onClick=${() => input.current?.click()}>Open from disk<//>
      <p class="field-help">Choose or drop a GGUF file, or config.json, tokenizer.json, tokenizer_config.json and the safetensors files of one folder.</p>
      <input ref=${input} type="file" multiple class="visually-hidden" tabindex="-1" aria-hidden="true" aria-label="Files of a model" accept=".gguf,.json,.safetensors,.jinja,.bin"
        onChange=${(/** @type {{currentTarget: HTMLInputElement}} */ event) => { take(event.currentTarget.files); event.currentTarget.value = ''; }} />
    </div>`;
}

function Stored() {
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(place, 'button:enabled');
  return html`
    <div class="picker-stored" ref=${place} tabindex="-1">
      ${stored.value.length > 0 && html`
        <h3 class="picker-heading">In this browser’s storage</h3>
        <ul class="picker-list">
          ${stored.value.map((kept) => html`<${StoredRow} key=${kept.key} model=${kept} />`)}
        </ul>`}
    </div>`;
}

/** @param {{model: StoredModel}} props */
function StoredRow({ model: kept }) {
  const { source } = inUse.value;
  const current = source.kind === 'stored' && source.key === kept.key;
  const facts = [
    kept.repository,
    kept.base === HUB ? '' : kept.base,
    kept.complete ? formatBytes(kept.bytes) : `${formatBytes(kept.bytes)} of ${formatBytes(kept.total)}`,
    kept.lasting ? '' : 'until the page is closed',
  ].filter(Boolean);
  const busy = isBusy.value;
  return html`
    <${Row} name=${kept.name} facts=${facts} current=${current}>
      ${kept.complete && !current && html`<${Button} disabled=${busy} onClick=${() => void use(storedChoice(kept))}>Use<//>`}
      <${Button} kind="quiet" icon="trash" disabled=${busy} onClick=${() => void remove(kept)}>Delete ${kept.name}<//>
    <//>`;
}
