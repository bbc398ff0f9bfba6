// Numbers are typed key by key: what stands in the box stays until it is left, and the value is the number that was typed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { box, modelReady, setting, startPlayground, unfold, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

/** What the page has kept of the decoding; with a value, puts that in its place. */
const keptDecoding = (page, value = null) => page.evaluate((put) => new Promise((done, failed) => {
  const opening = indexedDB.open('prompt-playground');
  opening.onerror = failed;
  opening.onsuccess = () => {
    const transaction = opening.result.transaction('state', 'readwrite');
    const store = transaction.objectStore('state');
    const request = put ? store.put(put, 'generation') : store.get('generation');
    transaction.onabort = failed;
    transaction.oncomplete = () => { opening.result.close(); done(request.result); };
  };
}), value);

/** Types over what stands in a box and checks after every key that it shows exactly what was typed. */
async function typeOver(page, field, text) {
  await field.click();
  await page.keyboard.press('Control+A');
  for (let length = 1; length <= text.length; length++) {
    await page.keyboard.type(text[length - 1]);
    await nextFrame(page);
    assert.equal(await field.inputValue(), text.slice(0, length));
  }
}

/** What a key has changed is drawn by then. */
const nextFrame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));

const NUMBERS = [
  ['Learning rate', 'learning_rate', '0.105', '0.105'],
  ['Learning rate', 'learning_rate', '0.010', '0.01'],
  ['Held-out share', 'held_out_share', '0.30', '0.3'],
  ['Weight decay', 'weight_decay', '0.01', '0.01'],
  ['Gradient clipping', 'max_grad_norm', '1.5', '1.5'],
  ['Gradient clipping', 'max_grad_norm', '2.', '2'],
];

test('the settings of step 3 take decimals key by key', () => playground.withPage({}, async (page) => {
  await unfold(page, 'More settings');
  for (const [label, name, text, value] of NUMBERS) {
    const field = setting(page, label);
    await typeOver(page, field, text);
    await field.blur();
    await until(() => field.inputValue(), (shown) => shown === value, { what: `${label} ${value}`, timeout: 5_000 });
    await until(() => new URLSearchParams(new URL(page.url()).hash.slice(1)).get(name), (told) => told === value, { what: `${name}=${value} in the address`, timeout: 5_000 });
  }
}));

test('a default written in another way is no change', () => playground.withPage({}, async (page) => {
  const field = setting(page, 'Learning rate');
  const reset = page.getByRole('button', { name: 'Back to the defaults' });
  await typeOver(page, field, '0.050');
  assert.equal(await reset.count(), 0);
  await typeOver(page, field, '0.050x');
  await reset.click();
  await until(() => field.inputValue(), (shown) => shown === '0.05');
}));

test('the decoding of step 6 takes decimals key by key, and the arrow keys go on from them', () => playground.withPage({}, async (page) => {
  const field = (name) => box(page, name);
  for (const [name, text, value] of [['Temperature', '0.8', '0.8'], ['Top-p', '0.50', '0.5'], ['Repetition penalty', '1.05', '1.05'], ['Temperature', '1,5', '1.5']]) {
    await typeOver(page, field(name), text);
    await field(name).blur();
    await until(() => field(name).inputValue(), (shown) => shown === value, { what: `${name} ${value}`, timeout: 5_000 });
  }
  await typeOver(page, field('Temperature'), '2.');
  await page.keyboard.press('ArrowUp');
  await until(() => field('Temperature').inputValue(), (shown) => shown === '2.1', { timeout: 5_000 });
}));

test('a decoding that was saved by an older page and cannot be used is replaced by the default', () => playground.withPage({}, async (page) => {
  await box(page, 'Maximum length').fill('90');
  await until(() => keptDecoding(page), (kept) => kept?.max_new_tokens === 90);
  await keptDecoding(page, { temperature: 0.7, top_p: 0, repetition_penalty: 0.6, max_new_tokens: 90, seed: 'x' });
  await page.reload();
  await modelReady(page);
  const shown = await Promise.all(['Temperature', 'Top-p', 'Repetition penalty', 'Maximum length'].map((name) => box(page, name).inputValue()));
  assert.deepEqual(shown, ['0.7', '0.95', '1.1', '90']);
}));

test('undo in a field takes back more than a letter, though other parts of the page show its text too', () => playground.withPage({}, async (page) => {
  const field = box(page, 'Input of row 1');
  const before = await field.inputValue();
  await field.focus();
  await page.keyboard.press('ControlOrMeta+a');
  const typed = 'Is there a cake without nuts?';
  await page.keyboard.type(typed, { delay: 15 });
  const example = page.getByRole('combobox', { name: 'Example to look into' }).locator('option').first();
  await until(() => example.innerText(), (text) => text.includes(typed), { what: 'the text where it is mirrored, once the typing rests' });
  await page.keyboard.press('ControlOrMeta+z');
  const left = await field.inputValue();
  assert.ok(left === before || left.length <= typed.length / 2, left); // all of it at once is as good
}));
