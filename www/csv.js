// @ts-check
/** Tables as CSV files (RFC 4180), made and downloaded in the page. */
import { download } from './download.js';

/** @param {string|number|null|undefined} value */
function cell(value) {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {string[]} header @param {(string|number|null|undefined)[][]} rows @returns {string} */
export function toCsv(header, rows) {
  return [header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** @param {string} name of the file @param {string[]} header @param {(string|number|null|undefined)[][]} rows */
export function downloadCsv(name, header, rows) {
  download(name, new Blob([toCsv(header, rows)], { type: 'text/csv' }));
}
