// @ts-check
/** One row of the dataset: two texts that are edited in place, their tokens, warnings and actions. */
import { Button, formatNumber, GrowingText, html, Icon } from '../ui.js';
import { updateExample } from '../state.js';
import { offerRows } from './pasted_cells.js';

/** @typedef {import('../protocol.js').RowReport} RowReport */
/** @typedef {{duplicate: (id: string) => void, remove: (id: string) => void, move: (id: string, by: number, part: string) => void}} RowActions */

/** @param {{report: RowReport|null}} props */
const Tokens = ({ report }) => html`
  <span class="dataset-tokens" role="cell">
    ${report ? html`
      <span title=${`Input ${report.inputTokens}, output ${report.outputTokens} without the mark that ends it, with the chat template around them ${report.totalTokens}; the virtual tokens come on top`}>
        <span class="figure">${formatNumber(report.inputTokens)}</span><span class="dataset-plus" aria-label="and"> + </span><span class="figure">${formatNumber(report.outputTokens)}</span>
      </span>` : html`<span class="dataset-plus">…</span>`}
  </span>`;

/** @param {{report: RowReport|null, id: string}} props */
const Warnings = ({ report, id }) => (report?.warnings.length ? html`
  <ul class="dataset-warnings" id=${id}>
    ${report.warnings.map(({ kind, message, blocking }) => html`
      <li key=${kind} class=${blocking ? 'is-blocking' : ''}><${Icon} name=${blocking ? 'error' : 'warning'} /><span>${message}</span></li>`)}
  </ul>` : null);

/** @param {{row: import('../state.js').ExampleRow, index: number, last: boolean, report: RowReport|null, actions: RowActions}} props */
export const DatasetRow = ({ row, index, last, report, actions }) => {
  const { id, input, output } = row;
  const number = index + 1;
  const warningsId = report?.warnings.length ? `warnings-${id}` : undefined;
  const blocked = report?.warnings.some((warning) => warning.blocking) ?? false;
  const lacks = (/** @type {string} */ text) => (blocked && text.trim() === '' ? 'true' : undefined);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    const part = event.target instanceof HTMLElement ? event.target.dataset.part ?? 'input' : 'input';
    actions.move(id, event.key === 'ArrowUp' ? -1 : 1, part);
  };
  return html`
    <div class="dataset-row" role="row" aria-rowindex=${number + 1} data-row=${id} onKeyDown=${onKeyDown}>
      <span class="dataset-number figure" role="rowheader">${number}</span>
      <div class="dataset-cell" role="cell">
        <span class="dataset-cell-label" aria-hidden="true">Input</span>
        <${GrowingText} value=${input} onInput=${(/** @type {string} */ text) => updateExample(id, { input: text })} data-part="input"
          onPaste=${(/** @type {ClipboardEvent} */ event) => offerRows(event, id, 'input')}
          aria-label=${`Input of row ${number}`} aria-describedby=${warningsId} aria-invalid=${lacks(input)} placeholder="What a customer writes" />
      </div>
      <div class="dataset-cell" role="cell">
        <span class="dataset-cell-label" aria-hidden="true">Output</span>
        <${GrowingText} value=${output} onInput=${(/** @type {string} */ text) => updateExample(id, { output: text })} data-part="output"
          onPaste=${(/** @type {ClipboardEvent} */ event) => offerRows(event, id, 'output')}
          aria-label=${`Output of row ${number}`} aria-describedby=${warningsId} aria-invalid=${lacks(output)} placeholder="The ideal response" />
      </div>
      <${Tokens} report=${report} />
      <span class="dataset-actions" role="cell">
        <${Button} kind="quiet" icon="up" iconOnly data-part="up" disabled=${index === 0} onClick=${() => actions.move(id, -1, 'up')}>${`Move row ${number} up`}<//>
        <${Button} kind="quiet" icon="down" iconOnly data-part="down" disabled=${last} onClick=${() => actions.move(id, 1, 'down')}>${`Move row ${number} down`}<//>
        <${Button} kind="quiet" icon="copy" iconOnly data-part="copy" onClick=${() => actions.duplicate(id)}>${`Duplicate row ${number}`}<//>
        <${Button} kind="quiet" icon="trash" iconOnly data-part="remove" onClick=${() => actions.remove(id)}>${`Delete row ${number}`}<//>
      </span>
      <${WarningsCell} report=${report} id=${`warnings-${id}`} />
    </div>`;
};

/** @param {{report: RowReport|null, id: string}} props */
const WarningsCell = ({ report, id }) =>
  (report?.warnings.length ? html`<div class="dataset-warnings-cell" role="cell"><${Warnings} report=${report} id=${id} /></div>` : null);
