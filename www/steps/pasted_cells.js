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
  const number = examples.peek().findIndex((row) => row.id === id) + 1;
  addNotice('info', `What was pasted into row ${number} looks like cells of a spreadsheet.`, { label: 'Make rows of them', run: () => makeRows(text, id, part) });
}

/** Takes the text out of the field again and reads it as an import, which asks before it changes the dataset.
 * @param {string} text @param {string} id @param {'input'|'output'} part */
function makeRows(text, id, part) {
  const row = examples.peek().find((other) => other.id === id);
  if (row?.[part].includes(text)) updateExample(id, { [part]: row[part].replace(text, () => '') });
  readPasted(text);
}
