// Step 3 and the link: what can't be used is said at the field, stays as typed, and starts no run.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { modelReady, setting, startButton, startPlayground, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

/** What is said at a field. */
const problemAt = (field) => field.evaluate((control) => {
  const ids = control.getAttribute('aria-invalid') === 'true' ? control.getAttribute('aria-describedby').split(' ') : [];
  return ids.map((id) => document.getElementById(id)).find((line) => line?.id.endsWith('-error'))?.textContent ?? '';
});

const cases = [
  ['Learning rate', ['NaN', '1e9', '-0.1', '0', 'Infinity', '0,05', '']],
  ['Steps', ['0', '1e12', '2.5', 'many']],
  ['Virtual tokens', ['0', '257', '-3', '1.5']],
  ['Batch size', ['0', '1e9']],
  ['Held-out share', ['0.9', '-1']],
  ['Seed', ['-1', '4294967296']],
  ['Prefix token', ['', '   ', 'TECH_SUPPORT', '[A B]', '<|im_start|>', '[<|im_end|>]', '[]', ' [X]', '[A&B]']],
];
for (const [name, values] of cases) {
  test(`${name}: ${values.map((value) => JSON.stringify(value)).join(', ')}`, () => playground.withPage({}, async (page) => {
    const field = setting(page, name);
    const good = await field.inputValue();
    for (const value of values) {
      await field.fill(value);
      const problem = await until(() => problemAt(field), (text) => text !== '', { what: `a problem with ${JSON.stringify(value)}` });
      assert.match(problem.trim(), /^.{15,}\.$/s, 'a whole sentence');
      assert.equal(await field.inputValue(), value, 'it stays as typed');
      await until(() => startButton(page).isDisabled(), (disabled) => disabled, { what: 'no start with it' });
    }
    await field.fill(good);
    await until(() => problemAt(field), (text) => text === '');
    await until(() => startButton(page).isEnabled(), (enabled) => enabled);
  }));
}

test('what can\'t be used is still there after a reload', () => playground.withPage({}, async (page) => {
  const field = setting(page, 'Learning rate');
  await field.fill('1e9');
  await until(() => problemAt(field), (text) => text !== '');
  await page.waitForTimeout(400);
  await page.reload();
  await field.waitFor();
  assert.equal(await field.inputValue(), '1e9');
  assert.notEqual(await until(() => problemAt(field), (text) => text !== ''), '');
}));

test('a learning rate far above the default is taken with a warning', () => playground.withPage({}, async (page) => {
  const warning = page.getByText('This is more than ten times the default');
  const rate = setting(page, 'Learning rate');
  await rate.fill('0.3');
  assert.equal(await warning.count(), 0);
  await rate.fill('5');
  await warning.waitFor();
  assert.equal(await problemAt(rate), '');
}));

test('what can\'t be used in a field that has no effect now is in nobody\'s way', () => playground.withPage({}, async (page) => {
  const start = setting(page, 'Initialisation');
  await start.selectOption('RANDOM');
  await setting(page, 'Spread of the random numbers').fill('');
  await until(() => startButton(page).isDisabled(), (disabled) => disabled, { what: 'no start with it' });
  await start.selectOption('TEXT');
  await until(() => startButton(page).isEnabled(), (enabled) => enabled, { what: 'a start without it', timeout: 5_000 });
  await start.selectOption('RANDOM');
  await until(() => problemAt(setting(page, 'Spread of the random numbers')), (text) => text !== '', { what: 'its problem again', timeout: 5_000 });
}));

test('a link sets everything up; what can\'t be used in it is replaced, and said', () => playground.withPage({
  hash: '#v=1&steps=7&seed=9&prefix_token=%5BFROM_LINK%5D&learning_rate=NaN&batch_size=1e9&nonsense=1',
}, async (page) => {
  assert.equal(await setting(page, 'Steps').inputValue(), '7');
  assert.equal(await setting(page, 'Seed').inputValue(), '9');
  assert.equal(await setting(page, 'Prefix token').inputValue(), '[FROM_LINK]');
  assert.equal(await setting(page, 'Learning rate').inputValue(), '0.05');
  const notice = page.getByText(/values? in the link can’t be used/);
  assert.match(await notice.innerText(), /Learning rate.*default 0\.05.*Batch size.*default 5/s);
}));

test('the address reproduces the settings in another browser', () => playground.withPage({}, async (page, { context }) => {
  await setting(page, 'Steps').fill('33');
  await setting(page, 'Prefix token').fill('[ÜBER-UNS_2]');
  await until(() => page.url(), (url) => url.includes('steps=33') && url.includes('prefix_token'));
  const other = await context.browser().newContext();
  const visitor = await other.newPage();
  await visitor.goto(page.url());
  await modelReady(visitor);
  assert.equal(await setting(visitor, 'Steps').inputValue(), '33');
  assert.equal(await setting(visitor, 'Prefix token').inputValue(), '[ÜBER-UNS_2]');
  await visitor.getByText('The settings are those of the link.').waitFor();
  await other.close();
}));

/** Steps and seed as the address tells them. */
const told = (page) => { const link = new URLSearchParams(new URL(page.url()).hash.slice(1)); return [link.get('steps'), link.get('seed')].join(); };

for (const [opened, hash] of [['by a link', '#v=1&steps=7&seed=9'], ['without one', '']]) {
  test(`back and forward keep the settings of now, and the address tells them, in a page opened ${opened}`, () => playground.withPage({ hash }, async (page) => {
    await setting(page, 'Seed').fill('9');
    await setting(page, 'Steps').fill('7');
    await until(() => told(page), (text) => text === '7,9');
    await page.waitForTimeout(500);
    await page.getByRole('link', { name: 'Train one in step 5' }).click();
    await until(() => told(page), (text) => text === '7,9');
    await setting(page, 'Steps').fill('33');
    await until(() => told(page), (text) => text === '33,9');

    for (const move of ['goBack', 'goForward']) {
      await page[move]();
      await until(() => told(page), (text) => text === '33,9', { what: `the present settings in the address after ${move}`, timeout: 5_000 });
      assert.equal(await setting(page, 'Steps').inputValue(), '33');
    }
    assert.equal(await page.getByText('The link brought its own settings').count(), 0);

    await page.evaluate(() => { location.hash = '#v=1&steps=5&seed=9'; });
    await page.getByText('The link brought its own settings').waitFor();
    assert.equal(await setting(page, 'Steps').inputValue(), '5');
    await page.goBack();
    await until(() => told(page), (text) => text === '5,9', { timeout: 5_000 });
    assert.equal(await setting(page, 'Steps').inputValue(), '5');
  }));
}
