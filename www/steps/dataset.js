// @ts-check
/** Step 1: the table of inquiries and ideal responses. */
import { Button, Card, classes, Field, formatNumber, html, Notice, plural, signal, useLayoutEffect } from '../ui.js';
import {
  addExample, announce, canRedo, closeNoticesAbout, canUndo, datasetReport, deleteExample, duplicateExample, examples, moveExample, redo, undo, usableExamples,
} from '../state.js';
import { DatasetRow } from './dataset_row.js';
import { closeImport, ExportTools, ImportPanel, importOpen, takeFiles } from './dataset_files.js';
import { openScenarios, Scenarios } from './scenarios.js';

/** @typedef {import('../state.js').ExampleRow} ExampleRow */

const PAGE_SIZE = 50;
const page = signal(0);
const dragging = signal(false);
/** What to focus after the next rendering: `part` of the row `id`. */
const wanted = signal(/** @type {{id: string, part: string}|null} */ (null));

const pageCount = () => Math.max(1, Math.ceil(examples.value.length / PAGE_SIZE));

/** @param {string} id */
const indexOf = (id) => examples.value.findIndex((row) => row.id === id);

/** Shows the page that a row is on and puts the focus there. @param {string} id @param {string} part */
const showRow = (id, part) => {
  const index = indexOf(id);
  if (index < 0) return;
  page.value = Math.floor(index / PAGE_SIZE);
  wanted.value = { id, part };
};

const actions = {
  add: () => { showRow(addExample(), 'input'); announce('An empty row was added at the end.'); },
  /** @param {string} id */
  duplicate: (id) => { showRow(duplicateExample(id), 'input'); announce('The row was duplicated.'); },
  /** @param {string} id */
  remove: (id) => {
    const index = indexOf(id);
    deleteExample(id);
    const next = examples.value[Math.min(index, examples.value.length - 1)];
    if (next) showRow(next.id, 'remove');
    else document.getElementById('dataset-add')?.focus();
    announce(`Row ${index + 1} was deleted. Undo brings it back.`);
  },
  /** @param {string} id @param {number} by @param {string} part */
  move: (id, by, part) => {
    const before = indexOf(id);
    moveExample(id, by);
    if (indexOf(id) === before) return;
    showRow(id, part);
    announce(`The row is now number ${indexOf(id) + 1}.`);
  },
  undo: () => { undo(); closeNoticesAbout('import'); announce('Undone.'); },
  redo: () => { redo(); announce('Done again.'); },
};

const started = () => { closeImport(); page.value = 0; announce('The scenario is there.'); };

const Toolbar = () => html`
  <div class="toolbar">
    <${Button} kind="primary" icon="plus" id="dataset-add" onClick=${actions.add}>Add a row<//>
    <${Button} icon="undo" iconOnly inactive=${!canUndo.value} onClick=${actions.undo}>Undo<//>
    <${Button} icon="redo" iconOnly inactive=${!canRedo.value} onClick=${actions.redo}>Redo<//>
    <span class="toolbar-gap"></span>
    <${Button} icon="import" id="dataset-import" aria-expanded=${importOpen.value} onClick=${() => { importOpen.value = !importOpen.value; }}>Import<//>
    <${ExportTools} />
    <${Button} kind="quiet" icon="restart" onClick=${openScenarios}>Scenarios<//>
  </div>`;

/** Which rows are seen, and the way to the others. */
const Pager = () => {
  const pages = pageCount();
  if (pages === 1) return null;
  const now = Math.min(page.value, pages - 1);
  const onInput = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    const number = Number.parseInt(event.currentTarget.value, 10);
    if (number >= 1 && number <= pages) page.value = number - 1;
  };
  return html`
    <nav class="pager" aria-label="Pages of the dataset">
      <${Button} icon="left" iconOnly inactive=${now === 0} onClick=${() => { page.value = now - 1; }}>Previous page<//>
      <${Field} label="Page" class="is-inline"><input type="text" inputmode="numeric" class="is-number chooser-number" autocomplete="off" value=${now + 1} onInput=${onInput} /><//>
      <span>of ${formatNumber(pages)}</span>
      <${Button} icon="right" iconOnly inactive=${now >= pages - 1} onClick=${() => { page.value = now + 1; }}>Next page<//>
    </nav>`;
};

/** One sentence about the whole. */
const Summary = () => {
  const total = examples.value.length;
  if (total === 0) return null;
  const usable = usableExamples.value.length;
  const tokens = datasetReport.value?.rows === examples.value ? datasetReport.value.report.tokens : null;
  return html`<p class="dataset-summary">
    <span class="figure">${plural(total, 'row')}</span>, ${usable === total ? 'all can be trained on' : html`<strong>${formatNumber(usable)} can be trained on</strong>`}${tokens !== null ? html`, <span class="figure">${plural(tokens, 'token')}</span>` : ''}</p>`;
};

/** Says where the model can hardly read the inputs. */
const Unfamiliar = () => {
  const sentence = datasetReport.value?.report.unfamiliar;
  return sentence ? html`<${Notice} kind="warning">${sentence}<//>` : null;
};

/** @param {{rows: ExampleRow[], first: number}} props `first`: index of the first of them in the dataset */
const Table = ({ rows, first }) => {
  const report = datasetReport.value;
  const reports = new Map(report?.rows.map((row, index) => [row, report.report.rows[index]]));
  const target = wanted.value;
  useLayoutEffect(() => {
    if (!target) return;
    wanted.value = null;
    const part = (/** @type {string} */ name) => document.querySelector(`[data-row="${target.id}"] [data-part="${name}"]:enabled`);
    /** @type {HTMLElement|null} */ (part(target.part) ?? part('input'))?.focus(); // a row at the end has no button that moves it on
  });
  return html`
    <div class=${classes('dataset-table', examples.value.length > 999 && 'is-large')} role="table" aria-label="Examples" aria-rowcount=${examples.value.length + 1}>
      <div role="rowgroup"><div class="dataset-head" role="row">
        <span role="columnheader"><span class="visually-hidden">Number</span></span>
        <span role="columnheader">Input <small>what a customer writes</small></span>
        <span role="columnheader">Output <small>the ideal response</small></span>
        <span role="columnheader" class="dataset-tokens-head">Tokens</span>
        <span role="columnheader"><span class="visually-hidden">Actions</span></span>
      </div></div>
      <div role="rowgroup">
        ${rows.map((row, index) => html`<${DatasetRow} key=${row.id} row=${row} index=${first + index} last=${first + index === examples.value.length - 1} report=${reports.get(row) ?? null} actions=${actions} />`)}
      </div>
    </div>`;
};

export const DatasetStep = () => {
  const first = Math.min(page.value, pageCount() - 1) * PAGE_SIZE;
  const rows = examples.value.slice(first, first + PAGE_SIZE);
  const onDragOver = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    dragging.value = true;
  };
  const onDrop = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    dragging.value = false;
    takeFiles(event.dataTransfer.files);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const typing = event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement;
    if (typing || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
    event.preventDefault();
    if (event.shiftKey) actions.redo(); else actions.undo();
  };
  return html`
    <${Card} step=${1} name="dataset" title="Show how it should answer"
      intro="Each row pairs an inquiry with the response you would be proud of. Ten consistent rows are enough to set a voice; they will not teach the model new facts. The bundled model reads English only. It was made to be tuned for customer support; far from that it keeps the voice but loses the thread.">
      <div class=${dragging.value ? 'dataset is-dropping' : 'dataset'} onDragOver=${onDragOver} onDragLeave=${() => { dragging.value = false; }} onDrop=${onDrop} onKeyDown=${onKeyDown}>
        <${Toolbar} />
        <${ImportPanel} />
        ${rows.length > 0 ? html`<${Table} rows=${rows} first=${first} />`
          : html`<${Notice} kind="info">The dataset is empty. Add a row, import a file, or choose a scenario.<//>`}
        <${Unfamiliar} />
        <div class="dataset-foot">
          <${Summary} />
          <${Pager} />
          <p class="hint dataset-keys">In a row, <kbd>Alt</kbd> <kbd>↑</kbd> and <kbd>Alt</kbd> <kbd>↓</kbd> move it.</p>
        </div>
      </div>
      <${Scenarios} onStarted=${started} />
    <//>`;
};
