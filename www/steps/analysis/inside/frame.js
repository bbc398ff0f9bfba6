// @ts-check
/** What all parts of "Look inside" have in common: a title, how to read it and how not to, a summary, its data as CSV. */
import { downloadCsv } from '../../../csv.js';
import { Button, html, useId } from '../../../ui.js';

/** @typedef {import('../../../ui.js').Children} Children */
/** `rows` is called when the file is asked for. @typedef {{file: string, header: string[], rows: () => (string|number|null)[][]}} Table */

/** @param {{title: string, read: Children, summary: string, caution: Children, table: Table, children?: Children}} props
 *   `summary`: the text alternative, a sentence or two with the values that matter */
export function Frame({ title, read, summary, caution, table, children }) {
  const id = useId();
  return html`
    <section class="look" aria-labelledby=${id}>
      <h4 class="look-title" id=${id}>${title}</h4>
      <p class="part-intro"><strong>How to read it:</strong> ${read}</p>
      ${children}
      <p class="look-summary">${summary}</p>
      <p class="part-caution"><strong>How not to read it:</strong> ${caution}</p>
      <${Button} kind="quiet" icon="download" aria-label=${`Download CSV: ${title}`} onClick=${() => downloadCsv(table.file, table.header, table.rows())}>Download CSV<//>
    </section>`;
}
