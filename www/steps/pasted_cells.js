// @ts-check
/** Cells of a spreadsheet that were pasted into one field of the dataset: they stay there as text, and can become rows. */
import { addNotice, examples, updateExample } from '../state.js';
import { readPasted } from './dataset_files.js';

/** Spreadsheets put a tab between the cells of a line; hardly anybody writes one into a customer's question.
 * @param {string} text */
const areCells = (text) => text.trim().includes('\t');

/**
 * Offers to make rows of what is pasted into a field.
 * @param {ClipboardEvent} event @param {string} id of the row @param {'input'|'output'} part
 */
export function offerRows(event, id, part) {
  // As it will stand in the field.
  const text = event.clipboardData?.getData('text/plain').replace(/\r\n?/g, '\n') ?? '';
  if (!areCells(text)) return;
  const { selectionStart: start, selectionEnd: end, value: before } = /** @type {HTMLTextAreaElement} */ (event.target);
  const after = `${before.slice(0, start)}${text}${before.slice(end)}`;
  const number = examples.peek().findIndex((row) => row.id === id) + 1;
  addNotice('info', `What was pasted into row ${number} looks like cells of a spreadsheet.`, { label: 'Make rows of them', run: () => makeRows(text, { id, part, before, after }) });
}

/** Takes the text out of the field again and reads it as an import, which asks before it changes the dataset.
 * @param {string} text @param {{id: string, part: 'input'|'output', before: string, after: string}} pastedInto */
function makeRows(text, { id, part, before, after }) {
  const now = examples.peek().find((row) => row.id === id)?.[part];
  if (now === after) updateExample(id, { [part]: before }); // what was pasted over is there again
  else if (now?.includes(text)) updateExample(id, { [part]: now.replace(text, () => '') });
  readPasted(text);
}
