// Step 7 on a trained prompt: rows from best to worst, checks, consistency, forgetting, a look inside, and the report.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { answersTo, box, chapter, downloaded, modelReady, project, setting, startPlayground, train, until } from './helpers.mjs';
import { folder } from './hub.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const analysis = (page) => page.locator('#step-analysis');
const region = (page, name) => analysis(page).locator('section').filter({ has: page.getByRole('heading', { name, exact: true }) }).last();
const number = (text) => Number.parseFloat(text.replaceAll(',', ''));

test('rows are measured one by one, from best to worst and back', () => playground.withPage({}, async (page) => {
  await train(page, 4);
  await page.getByRole('button', { name: 'Measure', exact: true }).click();
  await analysis(page).getByRole('button', { name: 'Download rows as CSV' }).waitFor({ timeout: 90_000 });
  await analysis(page).getByRole('button', { name: 'Measure', exact: true, disabled: false }).waitFor({ timeout: 90_000 });
  const heldOut = page.getByRole('table', { name: 'Held-out rows, best first' });
  for (const row of await heldOut.locator('tbody tr').evaluateAll((rows) => rows.map((one) => [...one.cells].map((cell) => cell.innerText)))) {
    assert.ok(row.slice(2, 4).every((answer) => answer.length > 10), `both answers: ${row}`);
    assert.ok(row.slice(-2).every((loss) => number(loss) > 0), `both losses: ${row}`);
  }
  await page.getByRole('combobox', { name: 'Sort by' }).selectOption('chrf');
  const table = page.getByRole('table', { name: 'Training rows, best first' });
  const tuned = async (of) => (await of.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.cells[row.cells.length - 1].innerText))).map(number);
  const values = await tuned(table);
  assert.equal(values.length, 8);
  assert.ok(values.every(Number.isFinite), `${values}`);
  assert.deepEqual(values, [...values].sort((a, b) => b - a), 'the highest chrF first');
  await page.getByRole('checkbox', { name: 'Worst first' }).check();
  assert.deepEqual(await tuned(page.getByRole('table', { name: 'Training rows, worst first' })), values.reverse());
  const csv = await downloaded(page, () => page.getByRole('button', { name: 'Download rows as CSV' }).click());
  for (const { input } of chapter.examples) assert.ok(csv.includes(input.slice(0, 20)), input);
}));

test('the questions of step 7 are listed above its parts and lead there', () => playground.withPage({}, async (page) => {
  const links = page.getByRole('navigation', { name: 'Questions of step 7' }).getByRole('link');
  const headings = await analysis(page).getByRole('heading', { level: 3 }).allInnerTexts();
  assert.ok(headings.length >= 13, `${headings}`);
  await until(() => links.allInnerTexts(), (texts) => texts.join() === headings.join(), { what: 'a link for each heading' });
  // what comes with the model is there: a jump while the page still grows would end elsewhere
  await page.locator('#step-prepared .token').first().waitFor();
  await page.getByRole('textbox', { name: 'Other wording 1 of question 1', exact: true }).waitFor();
  await links.getByText('Is more data needed?').click();
  await until(() => page.locator('#learning-curve-title').evaluate((title) => title.getBoundingClientRect().top), (top) => top >= 0 && top < 200, { what: 'the part in sight' });
}));

test('checks of form: numbered steps, length, JSON; a value that makes no sense is named', () => playground.withPage({}, async (page) => {
  const kind = page.getByRole('combobox', { name: 'Kind of check 1' });
  await kind.selectOption('numbered_steps');
  const steps = page.getByRole('spinbutton', { name: 'Number of steps of check 1, at least' });
  await steps.fill('21');
  await page.locator('#pattern-0-error').waitFor();
  await steps.fill('2');
  await page.locator('#pattern-0-error').waitFor({ state: 'detached' });
  await kind.selectOption('at_most_words');
  await page.getByRole('spinbutton', { name: 'Number of words of check 1, at most' }).fill('500');
  await train(page, 3);
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  await analysis(page).locator('.pattern-counts').first().getByText('1 of 1').first().waitFor({ timeout: 60_000 });
  await kind.selectOption('valid_json');
  await analysis(page).locator('.pattern-counts').first().getByText('0 of 1').first().waitFor();
}));

test('what an answer copies from a training response is shown with its row, and stands in the report', () => playground.withPage({}, async (page) => {
  const part = region(page, 'Does it repeat its examples?');
  await part.getByText('Train a prompt in step 5, then ask the inquiries in step 6.').waitFor();
  await train(page, 60);
  await part.getByText(/There are no answers to look at yet/).waitFor();
  await box(page, 'Inquiry 1').fill(chapter.examples[0].input);
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  await answersTo(page, 1);
  const cells = await until(() => part.locator('tbody td').allInnerTexts(), (found) => found.length === 3, { what: 'one answer' });
  const [, tuned, passage] = cells;
  assert.ok(number(tuned) > 0, `${cells}`);
  const [, text, count, row] = /^“(.+)”\s+(\d+) words, row (\d+)$/s.exec(passage);
  assert.ok(chapter.examples[row - 1].output.toLowerCase().includes(text.toLowerCase()), passage);
  assert.equal(text.split(/\s+/).length, Number(count));
  const { copying } = JSON.parse(await downloaded(page, () => page.getByRole('button', { name: 'Download all numbers (JSON)' }).click()));
  assert.deepEqual([copying.isTrained, copying.responses, copying.answers.length], [true, 8, 1]);
  assert.equal(copying.tuned, copying.answers[0].tuned);
  assert.equal(copying.answers[0].longest.words, Number(count));
  const html = await downloaded(page, () => page.getByRole('button', { name: 'Download report (HTML)' }).click());
  assert.ok(html.includes('Does it repeat its examples?') && html.includes(`${count} words, row ${row}`));
}));

test('the same question in other words, and the base model asked again after training', () => playground.withPage({}, async (page) => {
  const forgetting = region(page, 'Did the model forget anything?');
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  await forgetting.getByText(/1 base answer is recorded/).waitFor({ timeout: 60_000 });
  await page.locator('#step-test .run-note').filter({ hasText: 'the answers are below' }).waitFor({ timeout: 60_000 });
  await box(page, 'Inquiry 1').fill('How do I pair my SmartLock with a new phone?'); // another one, so that five are asked below
  await forgetting.getByRole('button', { name: 'Ask the base model again' }).click();
  await forgetting.getByText(/5 base answers are recorded/).waitFor({ timeout: 60_000 });
  await train(page, 5);
  await forgetting.getByRole('button', { name: 'Ask the base model again' }).click();
  await forgetting.getByText('5 of 5 identical').waitFor({ timeout: 60_000 });

  const consistency = region(page, 'Does it answer the same question in the same way?');
  const wording = page.getByRole('textbox', { name: 'Other wording 1 of question 1', exact: true });
  assert.notEqual(await wording.inputValue(), chapter.test[0]);
  await consistency.getByRole('button', { name: 'Ask them all' }).click();
  const table = page.getByRole('table', { name: 'Agreement of the answers, from 0 to 100' });
  await table.getByRole('row', { name: /^Mean/ }).waitFor({ timeout: 120_000 });
  for (const cell of (await table.locator('tr').last().innerText()).match(/[\d.]+/g)) assert.ok(Number(cell) >= 0 && Number(cell) <= 100, cell);
}));

test('other wordings that a person has written stay when the inquiry is corrected and after a reload', () => playground.withPage({}, async (page) => {
  const first = box(page, 'Other wording 1 of question 1');
  const second = box(page, 'Other wording 2 of question 1');
  await until(() => second.inputValue(), (text) => text !== '');
  const proposed = await second.inputValue();
  await first.fill('Mine, in my own words?');
  await box(page, 'Inquiry 1').fill(`${chapter.test[0]} Please.`);
  const elsewhere = box(page, 'Other wording 1 of question 2');
  const before = await elsewhere.inputValue();
  await box(page, 'Inquiry 2').fill('My speaker makes no sound at all. What can I do?');
  await until(() => elsewhere.inputValue(), (text) => text !== '' && text !== before, { what: 'new proposals where nobody has written any' });
  assert.deepEqual([await first.inputValue(), await second.inputValue()], ['Mine, in my own words?', proposed]);
  await page.reload();
  await modelReady(page);
  await until(() => first.inputValue().catch(() => ''), (text) => text === 'Mine, in my own words?', { what: 'the wording after a reload', timeout: 10_000 });
  await page.getByRole('button', { name: 'Back to the proposed wordings of question 1' }).click();
  await until(() => first.inputValue(), (text) => text !== '' && text !== 'Mine, in my own words?');
  await until(() => page.evaluate(() => document.activeElement.getAttribute('aria-label')), (name) => name === 'Other wording 1 of question 1', { what: 'the focus on the first wording' });
}));

test('a look inside: loss of every token, attention, the way of the virtual tokens', () => playground.withPage({}, async (page) => {
  await setting(page, 'Virtual tokens').fill('6');
  await train(page, 10);
  await page.getByRole('button', { name: 'Look inside', exact: true }).click();
  await page.getByRole('status').filter({ hasText: /^Looked into/ }).waitFor({ timeout: 60_000 });
  const tokens = page.getByRole('group', { name: /^Response tokens, tuned model/ }).getByRole('button');
  const losses = (await tokens.evaluateAll((all) => all.map((token) => token.getAttribute('aria-label')))).map((name) => number(name.match(/loss ([\d.]+)/)[1]));
  assert.ok(losses.length > 10 && losses.every((loss) => loss >= 0));
  const share = page.getByRole('button', { name: /^Layer 6, head 3: (under )?[\d.]+ %/ });
  await share.click();
  const list = page.getByRole('list', { name: 'Layer 6, head 3, share of each virtual token' });
  assert.equal(await list.getByRole('listitem').count(), 6);
  const slider = page.getByRole('slider', { name: 'Step on the map' });
  await slider.press('Home');
  assert.match(await slider.getAttribute('aria-valuetext'), /step 0 of 10/);
  await page.getByRole('table', { name: 'The nearest word to each virtual token' }).getByRole('row').nth(6).waitFor();
  const csv = await downloaded(page, () => page.getByRole('button', { name: 'Download CSV: Loss of every token' }).click());
  assert.ok(csv.trim().split('\r\n').length > losses.length);

  // keys and values have a way, but no words near them
  await page.getByRole('radio', { name: /^Prefix tuning/ }).check();
  await train(page, 5);
  await page.getByRole('status').filter({ hasText: /^Looked into/ }).waitFor({ timeout: 60_000 });
  await until(() => page.getByRole('table', { name: 'The nearest word to each virtual token' }).count(), (count) => count === 0);
  await page.getByRole('img', { name: /^Map of the virtual tokens after step/ }).waitFor({ timeout: 60_000 });
}));

test('the hardest rows and the tokens that were not expected', () => playground.withPage({}, async (page) => {
  await train(page, 5);
  const section = region(page, 'What kind of example is missing?');
  await section.getByRole('button', { name: 'Find the hardest rows and tokens' }).click();
  const table = section.getByRole('region', { name: 'Tokens that were not expected' });
  await table.locator('tbody tr').first().waitFor({ timeout: 60_000 });
  const losses = (await table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.cells[3].innerText))).map(number);
  assert.ok(losses.length > 0 && losses.length <= 10 && losses.every(Number.isFinite), `${losses}`);
  assert.deepEqual(losses, [...losses].sort((a, b) => b - a), 'the highest loss first');
  assert.equal(await section.locator('.hardest-rows li').count(), 2, 'the two held-out rows');
}));

test('what was measured is still there after a reload, and stands in the report', () => playground.withPage({}, async (page) => {
  await train(page, 5);
  const measures = region(page, 'Base against tuned').getByRole('table').locator('tbody');
  await page.getByRole('button', { name: 'Losses only' }).click();
  await page.getByRole('button', { name: 'Download CSV' }).first().waitFor({ timeout: 60_000 });
  const hardest = region(page, 'What kind of example is missing?').getByRole('region', { name: 'Tokens that were not expected' }).locator('tbody');
  await page.getByRole('button', { name: 'Find the hardest rows and tokens' }).click();
  await hardest.locator('tr').first().waitFor({ timeout: 60_000 });
  const agreement = region(page, 'Does it answer the same question in the same way?').locator('.agreement tfoot');
  await page.getByRole('button', { name: 'Ask them all' }).click();
  await until(() => agreement.innerText().catch(() => ''), (text) => /Mean\s+[\d.]+\s+[\d.]+/.test(text), { timeout: 120_000, what: 'the agreement of both models' });
  await page.getByText('Asking in other words:').waitFor({ state: 'detached' });
  const seen = () => Promise.all([measures, hardest, agreement].map(async (part) => (await part.allInnerTexts()).join('\n')));
  const before = await seen();
  await page.waitForTimeout(1000); // until it is saved
  await page.reload();
  await modelReady(page);
  assert.deepEqual(await seen(), before);
  assert.equal(await page.getByText(/another prompt or model/).count(), 0);
  const report = JSON.parse(await downloaded(page, () => page.getByRole('button', { name: 'Download all numbers (JSON)' }).click()));
  assert.ok(report.hardest.ofPrompt && report.hardest.tokens.length > 0 && report.hardest.rows.every(({ loss }) => Number.isFinite(loss)));
  assert.ok(report.consistency.ofPrompt && report.consistency.questions.length === 3 && Number.isFinite(report.consistency.tuned));
  const html = await downloaded(page, () => page.getByRole('button', { name: 'Download report (HTML)' }).click());
  for (const words of ['What is hardest for the tuned model', 'The same question in other words', report.hardest.rows[0].input]) assert.ok(html.includes(words), words);
}));

test('the report is one file with everything that is there, and nothing that runs or is fetched', () => playground.withPage({}, async (page, { context }) => {
  await page.getByRole('textbox', { name: 'Your name', exact: true }).fill('Ada <b>L.</b>');
  await page.getByRole('textbox', { name: 'Your conclusions', exact: true }).fill('It took the voice. </script><script>alert(1)</script>');
  await train(page, 6);
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  await page.locator('#step-test').getByText(/^\d+ tokens/).nth(2).waitFor({ timeout: 60_000 });
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download report (HTML)' }).click()]);
  assert.match(file.suggestedFilename(), /^report-Ada-b-L-b-TECH_SUPPORT-\d{4}-\d\d-\d\d\.html$/);
  const html = readFileSync(await file.path(), 'utf8');
  assert.ok(!/<script/i.test(html) && !/NaN|undefined/.test(html));
  const opened = await context.newPage();
  const asked = [];
  opened.on('request', (request) => asked.push(request.url()));
  await opened.setContent(html);
  await opened.getByText('Ada <b>L.</b>').first().waitFor();
  await opened.getByText(chapter.examples[0].input).first().waitFor();
  await opened.getByText(/It took the voice\. <\/script>/).first().waitFor();
  assert.ok(await opened.locator('svg').count() >= 1, 'the loss curve');
  assert.deepEqual(asked.filter((url) => /^http/.test(url)), []);
  const numbers = JSON.parse(await downloaded(page, () => page.getByRole('button', { name: 'Download all numbers (JSON)' }).click()));
  assert.equal(numbers.report, 1);
}));

test('the page’s policy knows the style of the report', async () => {
  const { STYLE } = await import(`data:text/javascript,${encodeURIComponent(readFileSync(`${project}/www/report/style.js`, 'utf8'))}`);
  const policy = readFileSync(`${project}/www/index.html`, 'utf8').match(/style-src ([^;]*);/)[1];
  assert.ok(policy.split(' ').includes(`'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`), policy);
});

test('the report that is opened for printing has its style', () => playground.withPage({}, async (page, { context }) => {
  const [report] = await Promise.all([context.waitForEvent('page'), page.getByRole('button', { name: 'Open for printing' }).click()]);
  const complaints = [];
  report.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()); });
  await report.getByRole('heading', { name: 'Settings' }).waitFor();
  const width = await report.getByRole('main').evaluate((main) => getComputedStyle(main).maxWidth);
  assert.equal(width, '864px', '54rem');
  assert.deepEqual(complaints, []);
}));

test('numbers of the model before belong to another model, which has stayed frozen too', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  await page.getByRole('button', { name: 'Losses only' }).click();
  await page.getByRole('table').filter({ hasText: /Held.out\s*rows/ }).first().waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Losses only', disabled: false }).waitFor({ timeout: 60_000 });
  assert.deepEqual(await page.getByRole('table', { name: 'Held-out rows, best first' }).getByRole('columnheader').allInnerTexts(),
    ['Input', 'Reference', 'Loss, base', 'Loss, tuned'], 'no empty columns for answers that were not asked for');
  const frozen = region(page, 'Did the model stay frozen?');
  const hashAgain = () => frozen.getByRole('button', { name: 'Hash the weights again now' }).click();
  const checked = frozen.getByRole('term').filter({ hasText: /^Checked at/ });
  await hashAgain();
  await checked.waitFor();
  const stale = analysis(page).getByText('These numbers belong to another prompt or model ([TECH_SUPPORT]); measure again for what is chosen now.');
  assert.equal(await stale.count(), 0);

  const files = folder('www/models/bundled');
  files['model.safetensors'][files['model.safetensors'].length - 2] ^= 1;
  await page.getByRole('button', { name: 'Change model' }).click();
  await page.getByRole('dialog', { name: 'Language model' }).locator('input[type=file]')
    .setInputFiles(Object.entries(files).map(([name, buffer]) => ({ name, mimeType: 'application/octet-stream', buffer })));
  await page.locator('.model-status').getByText('Model from disk', { exact: true }).waitFor();
  await stale.waitFor();
  assert.equal(await checked.count(), 0, 'it was the model before that was hashed');
  await hashAgain();
  await checked.waitFor();
  await frozen.getByText('The same, bit for bit: the model is untouched.').waitFor();
}));

test('without its run, a prompt may have been trained on any row of step 1', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  await box(page, 'Prefix token').fill('[OTHER]');
  await setting(page, 'Seed').fill('7');
  await train(page, 2);
  await page.reload();
  await modelReady(page);
  await page.getByRole('combobox', { name: 'Trained prompt' }).selectOption('[TECH_SUPPORT]');
  const section = region(page, 'What kind of example is missing?');
  await section.getByRole('button', { name: 'Find the hardest rows and tokens' }).click();
  await section.getByText(/^Of 10 rows/).waitFor({ timeout: 60_000 });
  await section.getByText(/may have been trained on/).waitFor();
  assert.equal(await section.getByText(/has not seen/).count(), 0);
}));
