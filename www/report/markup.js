// @ts-check
/** HTML as text, with everything escaped that is not markup of our own. */

/** Text that is markup already. */
export class Markup {
  /** @param {string} text */
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

/** @typedef {string|number|Markup|null|undefined|false|readonly (string|Markup|false|null|undefined)[]} Content */

const ENTITIES = /** @type {Record<string, string>} */ ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' });
/** What an HTML document may not hold, such as a null character. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** @param {string} text */
export const escaped = (text) => text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]);

/** @param {Content} value @returns {string} */
function textOf(value) {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join('');
  return escaped(String(value));
}

/** markup`<p>${anything}</p>`: strings are escaped, markup and lists of it are put in as they are.
 * @param {TemplateStringsArray} strings @param {...Content} values */
export function markup(strings, ...values) {
  return new Markup(strings.reduce((text, part, index) => text + textOf(values[index - 1]) + part));
}

/** Text of a person or of a model, in any script. @param {string} text @param {number} [most] characters; the rest is counted */
export function words(text, most = Infinity) {
  const characters = text.length > most ? [...text] : null;
  if (!characters || characters.length <= most) return markup`<span class="text" dir="auto">${text}</span>`;
  const rest = (characters.length - most).toLocaleString('en');
  return markup`<span class="text" dir="auto">${characters.slice(0, most).join('')}…</span> <small>(${rest} more characters, see the JSON file)</small>`;
}

/** Rows of a table; the others are in the JSON file. */
export const MOST_ROWS = 100;

/** `name`: of the column; `number`: figures, aligned right. @typedef {{name: string, number?: boolean}} Column */
/**
 * A table; on a narrow screen `stacked` turns each row into a list. The first column names the row.
 * @template T
 * @param {{caption: string, columns: Column[], rows: T[], cells: (row: T, index: number) => Content[], stacked?: boolean, captionIsHidden?: boolean}} table
 */
export function table({ caption, columns, rows, cells, stacked = false, captionIsHidden = false }) {
  const shown = rows.slice(0, MOST_ROWS).map(cells);
  const rest = rows.length - shown.length;
  const cell = (/** @type {Content} */ value, /** @type {number} */ index) => {
    const { name, number = false } = columns[index];
    const kind = number ? markup` class="number"` : '';
    const content = stacked && value !== '' ? markup`<div>${value}</div>` : value;
    return index === 0 ? markup`<th scope="row"${kind} data-label="${name}">${content}</th>` : markup`<td${kind} data-label="${name}">${content}</td>`;
  };
  return markup`
<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
<table${stacked ? markup` class="stacked"` : ''}>
<caption${captionIsHidden ? markup` class="hidden"` : ''}>${caption}</caption>
<thead><tr>${columns.map(({ name, number }) => markup`<th scope="col"${number ? markup` class="number"` : ''}>${name}</th>`)}</tr></thead>
<tbody>
${shown.map((row) => markup`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table>
</div>
${rest > 0 && markup`<p class="note">The first ${String(MOST_ROWS)} of ${rows.length.toLocaleString('en')} rows; all of them are in the JSON file.</p>`}`;
}
