// Step 1: the table is edited, undone, exported and imported as a person does it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { box, chapter, datasetRows, downloaded, importText, project, readPasted, setting, startPlayground, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

test('the chapter\'s ten examples are there, with their token counts', () => playground.withPage({}, async (page) => {
  assert.deepEqual(await datasetRows(page), chapter.examples);
  const table = page.getByRole('table', { name: 'Examples' });
  const counts = await until(
    () => table.getByRole('cell').filter({ hasText: /^\s*\d+\s*\+\s*\d+\s*$/ }).allInnerTexts(),
    (texts) => texts.length === 10,
  );
  for (const count of counts) assert.match(count, /[1-9]\d*\s*\+\s*[1-9]\d*/);
}));

test('rows are added, edited, duplicated, moved and deleted, and undo brings each back', () => playground.withPage({}, async (page) => {
  const button = (name) => page.getByRole('button', { name, exact: true });
  await button('Add a row').click();
  await page.keyboard.type('Where is my parcel?');
  await box(page, 'Output of row 11').fill('On its way.');
  const added = [...chapter.examples, { input: 'Where is my parcel?', output: 'On its way.' }];
  assert.deepEqual(await datasetRows(page), added);

  await button('Duplicate row 2').click();
  assert.deepEqual((await datasetRows(page))[2], chapter.examples[1]);
  await button('Move row 3 down').click();
  assert.deepEqual((await datasetRows(page))[3], chapter.examples[1]);
  await button('Delete row 4').click();
  assert.deepEqual(await datasetRows(page), added);

  for (let step = 0; step < 6; step++) await button('Undo').click();
  assert.deepEqual(await datasetRows(page), chapter.examples);
  assert.ok(await button('Undo').isDisabled());
  for (let step = 0; step < 6; step++) await button('Redo').click();
  assert.deepEqual(await datasetRows(page), added);
}));

test('the focus stays where a person types, also after a row was moved against the end of the table', () => playground.withPage({}, async (page) => {
  await box(page, 'Input of row 2').click();
  await page.keyboard.press('Alt+ArrowUp');
  await until(() => focusedName(page), (name) => name === 'Input of row 1');
  await page.keyboard.press('Alt+ArrowUp');
  await box(page, 'Input of row 3').click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Where is it?', { delay: 30 });
  assert.equal(await focusedName(page), 'Input of row 3');
  assert.equal((await datasetRows(page))[2].input, 'Where is it?');
}));

/** The name of the control that has the focus. */
const focusedName = (page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));

const difficult = [
  { input: 'Say "hi", please', output: 'Hi, there;\nsecond line' },
  { input: 'Émoji 🙂 and 中文', output: '\tTab, comma, and a backslash \\' },
  { input: '=1+1', output: '<b>bold</b> & <|im_end|>' },
];

test('export and import give the same rows in every format', () => playground.withPage({}, async (page) => {
  const format = page.getByRole('combobox', { name: 'Format of the export' });
  const formats = await format.getByRole('option').evaluateAll((options) => options.map((option) => option.value));
  assert.deepEqual(formats, ['input_output', 'messages', 'alpaca', 'prompt_completion', 'csv']);
  const rows = [...chapter.examples, ...difficult];
  await importText(page, rows.map((row) => JSON.stringify(row)).join('\n'));
  assert.deepEqual(await datasetRows(page), rows);
  for (const name of formats) {
    await format.selectOption(name);
    const text = await downloaded(page, () => page.getByRole('button', { name: 'Export', exact: true }).click());
    await importText(page, JSON.stringify({ input: 'gone', output: 'gone' }));
    assert.equal((await datasetRows(page)).length, 1);
    await importText(page, text);
    assert.deepEqual(await datasetRows(page), rows, name);
  }
}));

test('a file is imported by the chooser and by dropping it', () => playground.withPage({}, async (page) => {
  const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Import', exact: true }).click()
      .then(() => page.getByRole('button', { name: 'Choose a file' }).click()),
  ]);
  await chooser.setFiles(file('rows.csv', 'input,output\n"One, two?",Three.\n'));
  await page.getByRole('button', { name: 'Append below' }).click();
  assert.deepEqual((await datasetRows(page))[10], { input: 'One, two?', output: 'Three.' });

  const transfer = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(['{"prompt": "Dropped?", "completion": "Yes."}\n'], 'rows.jsonl'));
    return data;
  });
  await page.getByRole('table', { name: 'Examples' }).dispatchEvent('drop', { dataTransfer: transfer });
  await page.getByRole('button', { name: /^Replace all/ }).click();
  assert.deepEqual(await datasetRows(page), [{ input: 'Dropped?', output: 'Yes.' }]);
  const inquiries = page.locator('#step-test .inquiry');
  const asked = await inquiries.count();
  assert.equal(asked, 5, 'those of the rows before');
  await page.getByText(/1 row was imported in place of the old ones.* are still the ones from before/).waitFor();
  await page.getByRole('button', { name: 'Clear inquiries and checks' }).click();
  await until(() => inquiries.count(), (count) => count === 0, { what: 'no inquiry' });
  assert.equal(await page.locator('#step-analysis .pattern').count(), 0);
  await page.getByRole('button', { name: 'Bring them back' }).click();
  await until(() => inquiries.count(), (count) => count === asked, { what: 'all inquiries' });
}));

test('a file that misses its place does not replace the page, wherever it lands', () => playground.withPage({}, async (page) => {
  await importText(page, JSON.stringify({ input: 'gone', output: 'gone' }));
  await page.getByRole('button', { name: 'Change model' }).click();
  const ignored = (selector) => page.locator(selector).first().evaluate((place) => ['dragover', 'drop'].every((type) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['text'], 'rows.jsonl'));
    return !place.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }));
  for (const place of ['dialog[open] h2', '.notices', '.page-head', 'body']) assert.ok(await ignored(place), place);
}));

test('empty, duplicate and contradictory rows are pointed out at the row', () => playground.withPage({}, async (page) => {
  await importText(page, [
    { input: 'One?', output: 'First.' }, { input: 'Two?', output: 'Second.' }, { input: 'Two?', output: 'Second.' },
    { input: 'One?', output: 'Something else.' },
  ].map((row) => JSON.stringify(row)).join('\n'));
  await page.getByRole('button', { name: 'Add a row' }).click();
  const row = (number) => page.getByRole('table', { name: 'Examples' }).getByRole('row').nth(number);
  await row(5).getByText(/is empty/).waitFor();
  await row(3).getByText('This row repeats row 2').waitFor();
  await row(4).getByText(/contradict|different|another|differs/i).waitFor();
  assert.equal(await row(2).getByText(/empty/i).count(), 0);
}));

test('another scenario asks first', () => playground.withPage({}, async (page) => {
  await box(page, 'Input of row 1').fill('Changed');
  await box(page, 'Temperature').fill('hot');
  await box(page, 'Repetition penalty').fill('0.9');
  await page.getByText('Use a number from 1 to 3.').waitFor();
  await page.getByRole('button', { name: 'Scenarios' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep my work' }).click();
  assert.equal((await datasetRows(page))[0].input, 'Changed');
  await page.getByRole('button', { name: 'Scenarios' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start with it' }).click();
  await until(() => datasetRows(page), (rows) => rows[0].input === chapter.examples[0].input);
  assert.deepEqual(await datasetRows(page), chapter.examples);
  assert.deepEqual([await box(page, 'Temperature').inputValue(), await box(page, 'Repetition penalty').inputValue()], ['0', '1.1']);
}));

test('one begins with nothing, and a later import takes back what was said of the one before', () => playground.withPage({}, async (page) => {
  await page.getByRole('button', { name: 'Scenarios' }).click();
  await page.getByRole('dialog').getByRole('radio', { name: /^Nothing/ }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Start with it' }).click();
  await until(() => datasetRows(page), (rows) => rows.length === 1 && rows[0].input === '' && rows[0].output === '');
  assert.equal(await box(page, 'Objective').inputValue(), '');
  assert.equal(await page.getByRole('textbox', { name: /^Inquiry \d+$/ }).count(), 0);
  await page.getByRole('button', { name: 'Bring my work back' }).click();
  await until(() => datasetRows(page), (rows) => rows.length === 10);

  const said = page.locator('.notice').filter({ hasText: 'imported in place of the old ones' });
  await importText(page, JSON.stringify([{ input: 'One?', output: 'First.' }]));
  await importText(page, JSON.stringify([{ input: 'Two?', output: 'Second.' }, { input: 'Three?', output: 'Third.' }]));
  await said.filter({ hasText: '2 rows' }).waitFor();
  assert.equal(await said.count(), 1);
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await until(() => said.count(), (count) => count === 0, { what: 'nothing is said of what was undone' });
}));

test('another scenario gives back all that it took the place of', () => playground.withPage({}, async (page) => {
  await box(page, 'Input of row 1').fill('Changed');
  await box(page, 'Objective').fill('My own objective.');
  await box(page, 'Your conclusions').fill('What I saw.');
  await box(page, 'Temperature').fill('0.5');
  await page.getByRole('button', { name: 'Scenarios' }).click();
  await page.getByRole('radio', { name: /Saltmere Museum/ }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Start with it' }).click();
  await until(() => box(page, 'Your conclusions').inputValue(), (text) => text === '');
  await page.getByRole('button', { name: 'Bring my work back' }).click();
  await until(() => box(page, 'Your conclusions').inputValue(), (text) => text === 'What I saw.');
  assert.equal((await datasetRows(page))[0].input, 'Changed');
  assert.equal(await box(page, 'Objective').inputValue(), 'My own objective.');
  assert.equal(await box(page, 'Temperature').inputValue(), '0.5');
  assert.equal(await box(page, 'Inquiry 1').inputValue(), chapter.test[0]);
}));

test('what was found in a paste goes when the paste is edited', () => playground.withPage({}, async (page) => {
  await readPasted(page, 'Frage\tAntwort\nWhere is it?\tOn its way.');
  await page.getByText('2 rows found in the pasted text').waitFor();
  await page.getByText('No header is recognised').waitFor();
  const paste = page.getByRole('textbox', { name: /^Paste rows here/ });
  await paste.fill('input\toutput\nWhere is it?\tOn its way.');
  await until(() => page.getByRole('button', { name: 'Append below' }).count(), (count) => count === 0, { what: 'nothing to append before it is read again' });
  await page.getByRole('button', { name: 'Read the pasted text' }).click();
  await page.getByText('1 row found in the pasted text').waitFor();
  await page.getByRole('button', { name: 'Append below' }).click();
  assert.deepEqual((await datasetRows(page)).slice(10), [{ input: 'Where is it?', output: 'On its way.' }]);
}));

test('of a table without a known header the person says what its first row and its left column are', () => playground.withPage({}, async (page) => {
  await readPasted(page, 'Antwort\tFrage\nOn its way.\tWhere is it?\nFrom nine.\tWhen are you open?');
  const first = page.locator('.import-first').first();
  await page.getByText('3 rows found in the pasted text').waitFor();
  await page.getByRole('checkbox', { name: 'The first row is a header' }).check();
  await page.getByText('2 rows found in the pasted text').waitFor();
  await page.getByRole('checkbox', { name: 'The left column is the output' }).check();
  assert.match(await first.innerText(), /^Where is it\? → On its way\.$/);
  await page.getByRole('button', { name: 'Append below' }).click();
  assert.deepEqual((await datasetRows(page)).slice(10), [{ input: 'Where is it?', output: 'On its way.' }, { input: 'When are you open?', output: 'From nine.' }]);
  await readPasted(page, 'a\tb\nc\td');
  await page.getByText('2 rows found in the pasted text').waitFor();
}));

test('cells of a spreadsheet pasted into a field stay there, and become rows when it is wished', () => playground.withPage({ context: { permissions: ['clipboard-read', 'clipboard-write'] } }, async (page) => {
  const before = await datasetRows(page);
  const cells = 'Do you bake on Sundays?\tYes, from seven.\nIs the rye vegan?\tIt is.\n';
  const paste = async (/** @type {string} */ text) => {
    await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
    await page.keyboard.press('ControlOrMeta+v');
  };
  const field = page.getByRole('textbox', { name: 'Input of row 3', exact: true });
  await field.focus();
  await page.keyboard.press('End');
  await paste(' And $& this?');
  await page.keyboard.press('ControlOrMeta+a');
  await paste(cells);
  assert.equal((await datasetRows(page))[2].input, cells, 'as text');
  await page.getByRole('button', { name: 'Make rows of them' }).click();
  await page.getByText('2 rows found in the pasted text').waitFor();
  assert.equal((await datasetRows(page))[2].input, `${before[2].input} And $& this?`, 'what it was pasted over');
  await page.getByRole('button', { name: 'Append below' }).click();
  assert.deepEqual((await datasetRows(page)).slice(10), [{ input: 'Do you bake on Sundays?', output: 'Yes, from seven.' }, { input: 'Is the rye vegan?', output: 'It is.' }]);
  assert.equal(await page.getByText('looks like cells of a spreadsheet').count(), 0, 'nothing was said of the pasted text without tabs, and the offer is gone');
}));

test('lines that are left out are counted, all of them; lines with a remark are imported', () => playground.withPage({}, async (page) => {
  const turns = (n) => ({ messages: [{ role: 'user', content: `First ${n}?` }, { role: 'assistant', content: 'Yes.' }, { role: 'user', content: `Question ${n}?` }, { role: 'assistant', content: `Answer ${n}.` }] });
  const text = [...Array.from({ length: 130 }, (_, n) => JSON.stringify(turns(n))), ...Array.from({ length: 120 }, () => '{"input": 1}')].join('\n');
  await readPasted(page, text);
  await page.getByText('130 rows found in the pasted text').waitFor();
  await page.getByText('120 lines can’t be used and are left out:').waitFor();
  await page.getByText('130 lines have a remark:').waitFor();
  await page.getByText('… and 100 more.').waitFor();
  await page.getByRole('button', { name: /^Replace all/ }).click();
  await page.getByText('130 rows, all can be trained on').waitFor();
}));

test('a scenario is chosen, saved as a file, and opened again', () => playground.withPage({}, async (page) => {
  const dialog = page.getByRole('dialog');
  const museum = JSON.parse(readFileSync(`${project}/www/cases/museum.json`, 'utf8'));
  await page.getByRole('button', { name: 'Scenarios' }).click();
  await dialog.getByRole('radio', { name: /Saltmere Museum/ }).check();
  await dialog.getByRole('button', { name: 'Start with it' }).click();
  await until(() => datasetRows(page), (rows) => rows[0].input === museum.examples[0].input);
  assert.equal(await box(page, 'Objective').inputValue(), museum.objective);
  assert.equal(await box(page, 'Inquiry 1').inputValue(), museum.test[0].question);
  assert.equal(await page.getByLabel(/^Reference answer/).first().inputValue(), museum.test[0].reference);

  await box(page, 'Input of row 1').fill('What is new?');
  await setting(page, 'Steps').fill('7');
  await page.getByRole('button', { name: 'Scenarios' }).click();
  const saved = await downloaded(page, () => dialog.getByRole('button', { name: 'Save as a scenario file' }).click());
  await dialog.getByText('Saved: 10 rows, the objective').waitFor();
  const file = (name, text) => dialog.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
  await file('rows.json', '{"examples": [{"input": 1}]}');
  await dialog.getByText('its "name" must be a text').waitFor();
  await file('check.json', JSON.stringify({ ...museum, patterns: [{ kind: 'rhymes', value: '' }] }));
  await dialog.getByText('its "patterns" must be a list of').waitFor();
  await file('rows.csv', 'input,output');
  await dialog.getByText('it is not JSON').waitFor();
  await file('prefix.json', JSON.stringify({ ...museum, prefix: 'two words' }));
  await dialog.getByText('The "prefix" of this scenario cannot be used.').waitFor();
  await file('settings.json', JSON.stringify({ ...museum, settings: { steps: 'many' } }));
  await dialog.getByText('The "settings" of this scenario cannot be used. Steps: ').waitFor();
  await dialog.getByRole('button', { name: 'Keep my work' }).click();
  await box(page, 'Input of row 1').fill('Something else');
  await setting(page, 'Steps').fill('8');
  await page.getByRole('button', { name: 'Scenarios' }).click();
  await file('mine.scenario.json', saved.replaceAll('"question"', '"id": "the same", "question"')); // ids are the page's own
  await until(() => datasetRows(page), (rows) => rows[0].input === 'What is new?');
  assert.equal(await setting(page, 'Steps').inputValue(), '7', 'the settings go with it');
  await page.getByRole('button', { name: 'Delete inquiry 1' }).click();
  await until(() => page.getByRole('textbox', { name: /^Inquiry \d+$/ }).count(), (count) => count === museum.test.length - 1, { what: 'one inquiry less' });
  assert.deepEqual(JSON.parse(saved), { ...museum, name: 'saltmere', examples: [{ ...museum.examples[0], input: 'What is new?' }, ...museum.examples.slice(1)], settings: { steps: '7' } });

  // what an earlier version of the page saved leaves the settings as they are
  await setting(page, 'Steps').fill('9');
  await page.getByRole('button', { name: 'Scenarios' }).click();
  await file('old.scenario.json', JSON.stringify(museum));
  await until(() => datasetRows(page), (rows) => rows[0].input === museum.examples[0].input);
  assert.equal(await setting(page, 'Steps').inputValue(), '9');
}));

test('rows in a language that the model hardly knows are told so', () => playground.withPage({}, async (page) => {
  const warning = page.locator('#step-dataset').getByText('reads English only), or choose');
  assert.equal(await warning.count(), 0);
  const german = ['Wie kann ich mein Passwort zurücksetzen?', 'Die Heizung bleibt kalt, was muss ich tun?', 'Wann kommt meine Bestellung an?'];
  await importText(page, german.map((input) => JSON.stringify({ input, output: 'Gern.' })).join('\n'));
  await warning.waitFor();
}));
