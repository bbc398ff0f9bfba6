// Experiments: techniques compared, cross-validation, a learning curve; cancelled, gone on with after a reload, kept.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { box, downloaded, holdWorker, importText, modelReady, setting, startButton, startPlayground, train, unfold, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const part = (page, name) => page.getByRole('region', { name, exact: true }).or(page.locator('section').filter({ has: page.getByRole('heading', { name, exact: true }) })).first();
const rowsOf = async (table) => table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));

test('ways are compared on the same rows, kept over a reload, and promoted to a prefix token', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('6');
  await unfold(page, 'Compare techniques');
  await page.getByRole('checkbox', { name: 'Few-shot' }).check();
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await until(() => startButton(page).isDisabled(), (disabled) => disabled, { what: 'no run beside the comparison' });
  const table = page.getByRole('region', { name: 'What each way reached' });
  await until(() => table.locator('tbody tr').count(), (count) => count === 6, { timeout: 120_000, what: 'six rows' });
  const rows = await rowsOf(table);
  assert.match(rows[0][0], /^Base model/);
  assert.match(rows[2][0], /^Few-shot: 3 examples/);
  const trained = rows.filter(([, , , count]) => count !== '0');
  assert.deepEqual(trained.map(([name]) => name.split('\n')[0]), ['Prompt tuning', 'Prefix tuning', 'P-tuning, perceptron']);
  assert.equal(trained[0][3], '16,384');
  assert.match(trained[1].at(-1), /technique prompt tuning → prefix tuning/);
  for (const [, loss] of rows) assert.ok(Number.parseFloat(loss) > 0, `a held-out loss: ${loss}`);
  for (const row of rows) assert.match(row[2], /%$/, 'checks');

  await page.reload();
  await modelReady(page);
  await unfold(page, 'Compare techniques');
  assert.deepEqual(await rowsOf(table), rows, 'kept over the reload');
  await table.getByRole('button', { name: /^Keep the prompt of/ }).nth(1).click();
  const prefix = `[${trained[1][0].split('\n')[1].toUpperCase().replace('-', '_')}]`;
  assert.equal(await page.getByRole('combobox', { name: 'Trained prompt' }).inputValue(), prefix);
  await table.getByText('kept as').waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await until(() => page.evaluate(() => innerWidth === 390 && document.documentElement.scrollWidth <= innerWidth), (fits) => fits, { what: 'no wider than a phone' });
  const csv = await downloaded(page, () => page.getByRole('button', { name: 'Download comparison as CSV' }).click());
  assert.equal(csv.trim().split('\r\n').length, 7);
}));

test('an experiment that is being prepared cannot begin twice, and no run begins beside it', () => playground.withPage({}, async (page) => {
  await unfold(page, 'Compare techniques');
  const ways = page.getByRole('group', { name: 'Ways to compare' });
  for (const way of await ways.getByRole('checkbox', { checked: true }).all().then((all) => all.reverse())) await way.uncheck();
  await ways.getByRole('checkbox', { name: 'Base model' }).check();
  const letGo = await holdWorker(page);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await page.getByRole('button', { name: 'Preparing …', disabled: true }).waitFor();
  assert.ok(await startButton(page).isDisabled());
  await page.evaluate(async () => { // as if it were pressed again before the page shows that it is disabled
    const { compareWays } = await import(new URL('experiments/comparison.js', document.baseURI).href);
    await compareWays();
  });
  await letGo();
  const table = page.getByRole('region', { name: 'What each way reached' });
  await until(() => table.locator('tbody tr').count(), (count) => count === 1, { timeout: 60_000, what: 'one row' });
  await startButton(page).and(page.locator(':enabled')).waitFor();
}));

test('cross-validation holds out every row once, is cancelled, goes on after a reload, and reads its numbers', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('4');
  const section = part(page, 'Is that result luck?');
  await section.getByRole('button', { name: 'Cross-validate' }).click();
  await until(() => section.locator('tbody tr').count(), (count) => count >= 2, { timeout: 60_000, what: 'two folds' });
  await section.getByRole('button', { name: 'Cancel' }).click();
  await section.getByText(/of 10 are done/).waitFor();
  const some = await section.locator('tbody tr').count();
  await page.reload();
  await modelReady(page);
  await until(() => section.locator('tbody tr').count(), (count) => count === some, { what: 'what was done is kept' });
  await section.getByRole('button', { name: /^Go on with the \d+ trainings? left/ }).click();
  await until(() => section.locator('tbody tr').count(), (count) => count === 10, { timeout: 120_000, what: 'all ten' });
  const rows = await rowsOf(section);
  assert.deepEqual([...new Set(rows.map(([name]) => Number.parseInt(name, 10)))].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const losses = rows.map(([, , loss]) => Number(loss));
  assert.ok(losses.every(Number.isFinite), `${losses}`);
  assert.deepEqual(losses, [...losses].sort((a, b) => b - a), 'the highest loss first');
  await section.getByText(/Trained on 9/).waitFor();
  const csv = await downloaded(page, () => section.getByRole('button', { name: 'Download cross-validation as CSV' }).click());
  assert.equal(csv.trim().split('\r\n').length, 11);

  assert.equal(await section.getByText(/^Made with/).count(), 0);
  await box(page, 'Output of row 1').fill('Another answer.');
  await setting(page, 'Steps').fill('400');
  await section.getByText('Made with other rows than step 1 has now; another setting than step 3 has now: Steps 4.').waitFor();
  await section.getByRole('button', { name: 'Cross-validate' }).click();
  await section.getByRole('button', { name: 'Cancel' }).click();
  await section.getByRole('button', { name: 'Cross-validate' }).waitFor();
  await until(() => rowsOf(section), (now) => JSON.stringify(now) === JSON.stringify(rows), { what: 'begun by mistake and cancelled: what was there is there again' });
}));

test('an experiment says how many trainings it is, and how long after a run that was like them', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('5');
  const [folds, curve] = [part(page, 'Is that result luck?'), part(page, 'Is more data needed?')];
  await folds.getByText('10 trainings of 5 steps.', { exact: true }).waitFor();
  await curve.getByText('12 trainings of 5 steps.', { exact: true }).waitFor();
  await curve.getByRole('combobox', { name: 'Draws' }).selectOption('5');
  await curve.getByText('20 trainings of 5 steps.', { exact: true }).waitFor();
  await train(page, 5);
  const said = await folds.getByText(/^10 trainings of 5 steps: about \d+ seconds?, at the speed of run 1\.$/).innerText();
  const seconds = Number(/about (\d+)/.exec(said)?.[1]);
  const perStep = await page.evaluate(async () => (await import(new URL('run.js', document.baseURI).href)).run.value.msPerStep);
  assert.equal(seconds, Math.max(1, Math.round((10 * 5 * perStep) / 1000)));
  await setting(page, 'Batch size').fill('2');
  await folds.getByText('10 trainings of 5 steps.', { exact: true }).waitFor();
}));

test('a learning curve is measured, drawn and read', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('3');
  const section = part(page, 'Is more data needed?');
  await section.getByRole('button', { name: 'Measure the learning curve' }).click();
  await section.getByRole('button', { name: 'Cancel' }).waitFor();
  await section.getByRole('button', { name: 'Measure the learning curve' }).waitFor({ timeout: 120_000 });
  await section.getByRole('img', { name: /^Loss by number of training rows\. Measured: .* with 2 rows \(3 trainings\).*with 8 rows/ }).waitFor();
  assert.match(await section.locator('.reading-verdict').innerText(), /More data would help|Not clear|Enough for now/);
  const csv = await downloaded(page, () => section.getByRole('button', { name: 'Download learning curve as CSV' }).click());
  const rows = csv.trim().split('\r\n').slice(1).map((line) => line.split(','));
  assert.equal(rows.length, 12);
  for (const [, size, trained, loss] of rows) {
    assert.equal(trained.split(' ').length, Number(size));
    assert.ok(Number(loss) > 0);
  }
}));

test('a single example is told what is missing', () => playground.withPage({}, async (page) => {
  await importText(page, JSON.stringify([{ input: 'Only one?', output: 'Yes.' }]));
  await page.getByText('Cross-validation needs at least two usable rows in step 1.').waitFor();
  await page.getByText('A learning curve needs at least three usable rows in step 1.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Cross-validate' }).isDisabled());
}));

test('patience ends a run early, at the page and with a sentence', () => playground.withPage({}, async (page) => {
  await unfold(page, 'More settings');
  await setting(page, 'Stop early after').fill('1');
  await setting(page, 'Evaluate every').fill('1');
  await setting(page, 'Learning rate').fill('5');
  await setting(page, 'Steps').fill('200');
  await startButton(page).click();
  await page.locator('#step-training').getByText(/^Stopped early, at step \d+: 1 measurements? in a row/).waitFor({ timeout: 60_000 });
}));

test('a cross-validation does not stop early by the rows that it measures on', () => playground.withPage({}, async (page) => {
  await unfold(page, 'More settings');
  await setting(page, 'Stop early after').fill('1');
  await setting(page, 'Evaluate every').fill('1');
  await setting(page, 'Learning rate').fill('5');
  await setting(page, 'Steps').fill('8');
  const section = part(page, 'Is that result luck?');
  await section.getByRole('combobox', { name: 'Hold out' }).selectOption('3');
  await page.evaluate(async () => {
    const { engine } = await import(new URL('engine.js', document.baseURI).href);
    const request = engine.request.bind(engine);
    window.steps = [];
    engine.request = (type, payload, onEvent) => request(type, payload, type !== 'trial' ? onEvent : (event) => { window.steps.push(event.step); onEvent(event); });
  });
  await section.getByRole('button', { name: 'Cross-validate' }).click();
  await section.getByText(/^Over 3 folds/).waitFor({ timeout: 60_000 });
  const steps = await page.evaluate(() => window.steps);
  assert.equal(steps.filter((step) => step === 8).length >= 3, true, `all go to the end: ${steps}`);
}));

test('identical rows, other scripts and a very long row give sensible numbers, never NaN', () => playground.withPage({}, async (page) => {
  const rows = [...Array(3).fill({ input: 'Same?', output: 'Same.' }), { input: '你好 🙂', output: 'שלום مرحبا' }, { input: 'x '.repeat(5000), output: 'Too long.' }];
  await importText(page, rows.map((row) => JSON.stringify(row)).join('\n'));
  await setting(page, 'Steps').fill('2');
  for (const [heading, button] of [['Is that result luck?', 'Cross-validate'], ['Is more data needed?', 'Measure the learning curve']]) {
    const section = part(page, heading);
    await section.getByRole('button', { name: button }).click();
    await section.locator('.reading').waitFor({ timeout: 60_000 });
    await section.getByRole('button', { name: button }).and(page.locator(':enabled')).waitFor({ timeout: 120_000 });
    assert.ok(!/NaN|Infinity|undefined/.test(await section.innerText()), await section.innerText());
  }
  await unfold(page, 'Compare techniques');
  await page.getByRole('checkbox', { name: 'Few-shot' }).check();
  await page.getByRole('spinbutton', { name: 'Examples in the context' }).fill('20');
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  const table = page.getByRole('region', { name: 'What each way reached' });
  await until(() => table.locator('tbody tr').count(), (count) => count === 6, { timeout: 120_000, what: 'six rows' });
  assert.match((await rowsOf(table))[2][0], /^Few-shot: [123] examples/, 'as many as there are');
  assert.ok(!/NaN|Infinity|undefined/.test(await page.locator('.compare').innerText()));
}));

test('the prompt of settings that were added is measured on the rows that its trial held out', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('2');
  await setting(page, 'Seed').fill('1');
  await unfold(page, 'Compare techniques');
  const ways = page.getByRole('group', { name: 'Ways to compare' });
  for (const usual of await ways.getByRole('checkbox', { checked: true }).all().then((all) => all.reverse())) await usual.uncheck();
  await page.getByRole('button', { name: 'Add the settings of step 3 as they are' }).click();
  await setting(page, 'Seed').fill('2');
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  const table = page.getByRole('region', { name: 'What each way reached' });
  await table.getByRole('button', { name: /^Keep the prompt of/ }).click({ timeout: 120_000 });
  await page.getByRole('button', { name: 'Losses only' }).click();
  const measured = page.getByRole('table', { name: 'Held-out rows, best first' }).locator('tbody tr');
  await until(() => measured.count(), (count) => count === 2, { timeout: 60_000, what: 'two held-out rows' });
  const heldOut = await page.evaluate(async () => {
    const { comparisonOfWays } = await import(new URL('experiments/comparison.js', document.baseURI).href);
    const { examples, split } = comparisonOfWays.state.value.plan.context;
    return split.heldOut.map((index) => examples[index].input);
  });
  assert.deepEqual((await measured.evaluateAll((rows) => rows.map((row) => row.cells[0].textContent.trim()))).sort(), heldOut.sort());
}));
