// @ts-check
/** Import by paste, drop or file, and export, of the dataset. The formats are read and written in Rust. */
import { batch, Button, Field, formatNumber, html, Notice, plural, sentenceOf, signal, Toggle, useEffect, useRef } from '../ui.js';
import { engine } from '../engine.js';
import { download } from '../download.js';
import { addNotice, appendExamples, closeNoticesAbout, examples, patterns, replaceExamples, testRows } from '../state.js';

/** @typedef {import('../protocol.js').ParsedDataset} ParsedDataset */
/** @typedef {import('../protocol.js').DatasetFormat} DatasetFormat */

const LARGEST_FILE = 50e6;
const PROBLEMS_SHOWN = 20;
const ROWS_SHOWN = 3;

/** @type {[DatasetFormat, string, string][]} format, label, extension */
const FORMATS = [
  ['input_output', 'JSONL: input, output', 'jsonl'],
  ['messages', 'JSONL: chat messages', 'jsonl'],
  ['alpaca', 'JSONL: Alpaca', 'jsonl'],
  ['prompt_completion', 'JSONL: prompt, completion', 'jsonl'],
  ['csv', 'CSV', 'csv'],
];

const FORMAT_NAMES = /** @type {Record<string, string>} */ ({
  input_output: 'JSONL with input and output', messages: 'JSONL with chat messages', alpaca: 'Alpaca JSONL',
  prompt_completion: 'JSONL with prompt and completion', csv: 'a table',
});

// ---------------------------------------------------------------- import

export const importOpen = signal(false);
const pasted = signal('');
const reading = signal('');
/** @type {import('../vendor/signals/signals.js').Signal<{name: string, parsed: ParsedDataset}|null>} */
const found = signal(/** @type {{name: string, parsed: ParsedDataset}|null} */ (null));
/** What the person says of a table whose header nobody recognises. */
const firstIsHeader = signal(false);
const leftIsOutput = signal(false);
const failure = signal('');
const PASTED = 'the pasted text';
/** Goes up with each file or text that is read: only the latest one counts. */
let latest = 0;

/** @param {string} text @param {string} name of the file; "" where the text was pasted */
const read = async (text, name) => {
  importOpen.value = true;
  failure.value = '';
  found.value = null;
  firstIsHeader.value = leftIsOutput.value = false;
  reading.value = name || PASTED;
  const mine = ++latest;
  try {
    const parsed = await engine.request('parseDataset', { text, name });
    if (mine === latest) found.value = { name, parsed };
  } catch (error) {
    if (mine === latest) failure.value = sentenceOf(error);
  }
  if (mine === latest) reading.value = '';
};

/** @param {FileList|File[]} files only the first is read */
export const takeFiles = async (files) => {
  const [file] = files;
  if (!file) return;
  importOpen.value = true;
  if (file.size > LARGEST_FILE) {
    found.value = null;
    failure.value = `${file.name} has ${formatNumber(file.size / 1e6)} MB; the page reads up to ${LARGEST_FILE / 1e6} MB. Split it, or take a sample: prompt tuning needs tens of rows, not millions.`;
    return;
  }
  try {
    await read(await file.text(), file.name);
  } catch {
    failure.value = `${file.name} could not be read. Check that it still exists and that it is a text file.`;
  }
};

/** Reads a text as if it had been pasted here. @param {string} text */
export const readPasted = (text) => {
  pasted.value = text;
  void read(text, '');
};

/** What was pasted stays for the next time. */
export const closeImport = () => {
  importOpen.value = false;
  forget();
};

/** Takes back what was found. */
const forget = () => {
  latest++;
  reading.value = '';
  found.value = null;
  failure.value = '';
};

/** What was found in the text before is not what stands there now. @param {string} text */
const edit = (text) => {
  pasted.value = text;
  const ofAFile = found.value ? found.value.name !== '' : reading.value !== '' && reading.value !== PASTED;
  if (!ofAFile) forget();
};

const close = () => {
  document.getElementById('dataset-import')?.focus();
  closeImport();
};

/** The rows as the person says they are. @param {ParsedDataset} parsed */
const rowsOf = ({ examples: rows }) => {
  const below = firstIsHeader.value ? rows.slice(1) : rows;
  return leftIsOutput.value ? below.map(({ input, output }) => ({ input: output, output: input })) : below;
};

/** @param {'replace'|'append'} how */
const take = (how) => {
  const rows = found.value ? rowsOf(found.value.parsed) : [];
  if (how === 'replace') replaceExamples(rows);
  else appendExamples(rows);
  closeNoticesAbout('import');
  const imported = `${plural(rows.length, 'row')} ${rows.length === 1 ? 'was' : 'were'} imported`;
  if (how === 'append') addNotice('success', `${imported} below the others.`, null, 'import');
  else sayReplaced(`${imported} in place of the old ones; undo brings those back.`);
  if (!found.value?.name) pasted.value = '';
  close();
};

/** Inquiries and checks of other rows would judge a prompt that has nothing to do with them. @param {string} said */
const sayReplaced = (said) => {
  const before = { inquiries: testRows.peek(), checks: patterns.peek() };
  if (before.inquiries.length === 0 && before.checks.length === 0) {
    addNotice('success', said, null, 'import');
    return;
  }
  const clear = () => batch(() => {
    testRows.value = [];
    patterns.value = [];
    addNotice('info', 'The test inquiries and the checks are gone.', { label: 'Bring them back', run: () => batch(() => { testRows.value = before.inquiries; patterns.value = before.checks; }) });
  });
  addNotice('info', `${said} The objective (step 2), the test inquiries (step 6) and the checks (step 7) are still the ones from before.`, { label: 'Clear inquiries and checks', run: clear }, 'import');
};

/** Lines with what is to be said of each; `count` of them there are. @param {{said: string, kind: 'warning'|'info', lines: ParsedDataset['problems'], count: number}} props */
const Lines = ({ said, kind, lines, count }) => {
  if (count === 0) return null;
  const shown = lines.slice(0, PROBLEMS_SHOWN);
  return html`
  <${Notice} kind=${kind}>
    <p>${said}</p>
    <ul class="import-problems">
      ${shown.map(({ line, message }, index) => html`<li key=${index}><strong>Line ${line}</strong> ${message}</li>`)}
      ${count > shown.length && html`<li>… and ${formatNumber(count - shown.length)} more.</li>`}
    </ul>
  <//>`;
};

/** @param {ParsedDataset} parsed */
const Problems = ({ problems, leftOut, noted }) => html`
  <${Lines} kind="warning" said=${`${plural(leftOut, 'line')} can’t be used and ${leftOut === 1 ? 'is' : 'are'} left out:`} lines=${problems.filter((one) => one.leftOut)} count=${leftOut} />
  <${Lines} kind="info" said=${`${plural(noted, 'line has', 'lines have')} a remark:`} lines=${problems.filter((one) => !one.leftOut)} count=${noted} />`;

/** What was found, and what to do with it. @param {{name: string, parsed: ParsedDataset}} props */
const Found = ({ name, parsed }) => {
  const { problems, format, assumedColumns } = parsed;
  const rows = rowsOf(parsed);
  return html`
    <div class="import-found">
      <p><strong>${plural(rows.length, 'row')}</strong> found in ${name || PASTED}${rows.length > 0 && FORMAT_NAMES[format] ? `, read as ${FORMAT_NAMES[format]}` : ''}.</p>
      ${assumedColumns && html`
        <p class="part-caution">No header is recognised, so of the two columns with text the left one is read as the input and the right one as the output.</p>
        <div class="import-checks">
          <${Toggle} label="The first row is a header" of=${firstIsHeader} />
          <${Toggle} label="The left column is the output" of=${leftIsOutput} />
        </div>`}
      ${rows.slice(0, ROWS_SHOWN).map(({ input, output }, index) => html`<p key=${index} class="import-first"><bdi>${input.slice(0, 160)}</bdi> <span class="prefix-sign" aria-label="becomes">→</span> <bdi>${output.slice(0, 160)}</bdi></p>`)}
      ${rows.length > ROWS_SHOWN && html`<p class="hint">and ${formatNumber(rows.length - ROWS_SHOWN)} more.</p>`}
      ${rows.length === 0 && problems.length === 0 && html`<p>There is nothing to import in it: each row needs an input and an output, in one of the formats named above.</p>`}
      <${Problems} ...${parsed} />
      ${rows.length > 0 && html`
        <div class="toolbar">
          <${Button} kind="primary" onClick=${() => take('append')}>Append below<//>
          <${Button} onClick=${() => take('replace')}>Replace all ${plural(examples.value.length, 'row')}<//>
          <${Button} kind="quiet" onClick=${close}>Cancel<//>
        </div>`}
    </div>`;
};

export const ImportPanel = () => {
  const file = useRef(/** @type {HTMLInputElement|null} */ (null));
  const text = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => { if (importOpen.value) text.current?.querySelector('textarea')?.focus(); }, [importOpen.value]);
  if (!importOpen.value) return null;
  const onFile = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    if (event.currentTarget.files) takeFiles(event.currentTarget.files);
    event.currentTarget.value = '';
  };
  return html`
    <section class="well import" aria-label="Import" ref=${text}>
      <${Field} label="Paste rows here, drop a file on the table, or choose one"
        help="JSONL (input and output, chat messages, Alpaca, prompt and completion), a JSON list of the same, CSV, or cells copied from a spreadsheet, with a header line or of two columns: input, output.">
        <textarea class="import-text" rows="5" spellcheck=${false} value=${pasted.value} placeholder=${'{"input": "How do I …?", "output": "To …"}'}
          onInput=${(/** @type {{currentTarget: HTMLTextAreaElement}} */ event) => edit(event.currentTarget.value)}></textarea>
      <//>
      <div class="toolbar">
        <${Button} kind="primary" disabled=${pasted.value.trim() === ''} onClick=${() => read(pasted.value, '')}>Read the pasted text<//>
        <${Button} onClick=${() => file.current?.click()}>Choose a file<//>
        <input ref=${file} type="file" class="visually-hidden" tabindex="-1" aria-hidden="true" accept=".jsonl,.json,.csv,.tsv,.txt" onChange=${onFile} />
        <span class="toolbar-gap"></span>
        <${Button} kind="quiet" icon="close" onClick=${close}>Close<//>
      </div>
      <div aria-live="polite">
        ${reading.value && html`<p class="hint">Reading ${reading.value} …</p>`}
        ${failure.value && html`<${Notice} kind="error">${failure.value}<//>`}
        ${found.value && html`<${Found} ...${found.value} />`}
      </div>
    </section>`;
};

// ---------------------------------------------------------------- export

const format = signal(/** @type {DatasetFormat} */ ('input_output'));

/** @returns {Promise<string|null>} */
const exported = async () => {
  try {
    return await engine.request('exportDataset', { examples: examples.peek().map(({ input, output }) => ({ input, output })), format: format.peek() });
  } catch (error) {
    addNotice('error', `The export did not work: ${error instanceof Error ? error.message : error}`);
    return null;
  }
};

const exportFile = async () => {
  const text = await exported();
  if (text === null) return;
  const [, , extension] = FORMATS.find(([name]) => name === format.peek()) ?? FORMATS[0];
  download(`dataset.${extension}`, new Blob([text], { type: extension === 'csv' ? 'text/csv' : 'application/jsonl' }));
};

export const ExportTools = () => html`
  <span class="export">
    <select aria-label="Format of the export" value=${format.value}
      onChange=${(/** @type {{currentTarget: HTMLSelectElement}} */ event) => { format.value = /** @type {DatasetFormat} */ (event.currentTarget.value); }}>
      ${FORMATS.map(([name, label]) => html`<option key=${name} value=${name}>${label}</option>`)}
    </select>
    <${Button} icon="export" disabled=${examples.value.length === 0} onClick=${exportFile}>Export<//>
  </span>`;
