// The three techniques on the page: chosen, trained, tested, kept, saved for PEFT; and templates that mix words with virtual tokens.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { unzipSync, zipSync } from '../../www/vendor/fflate/fflate.js';
import { answersTo, modelReady, runCurve, setting, startPlayground, train, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const choose = (page, name) => page.getByRole('radio', { name: new RegExp(`^${name}`) }).check();
const numbers = (page) => page.locator('.technique-numbers');
const step4 = (page) => page.locator('#step-prepared');

async function saved(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save for PEFT' }).click()]);
  return { name: download.suggestedFilename(), files: unzipSync(new Uint8Array(readFileSync(await download.path()))) };
}

test('prefix tuning: keys and values of every layer are trained, kept over a reload, and go to PEFT and back', () => playground.withPage({}, async (page) => {
  await choose(page, 'Prefix tuning');
  await numbers(page).getByText('64 virtual tokens × 768 numbers each = 49,152 trained numbers').waitFor();
  await train(page, 12);
  const losses = (await runCurve(page)).map((point) => point.training_loss).filter((loss) => loss !== null);
  assert.ok(losses.at(-1) < losses[0], `${losses[0]} -> ${losses.at(-1)}`);
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  const first = await answersTo(page, 1);
  assert.notEqual(first.tuned, first.base);
  await page.getByText(/lie in another space than the words/).waitFor();

  await page.reload();
  await modelReady(page);
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  assert.deepEqual(await answersTo(page, 1), first, 'the same answers after the reload');

  const { name, files } = await saved(page);
  const config = JSON.parse(new TextDecoder().decode(files['tech-support/adapter_config.json']));
  assert.deepEqual([config.peft_type, config.token_dim, config.num_attention_heads, config.num_layers], ['PREFIX_TUNING', 64, 1, 6]);
  await page.locator('#step-test input[type=file]').setInputFiles([{ name, mimeType: 'application/zip', buffer: Buffer.from(zipSync(files)) }]);
  await page.getByText(/64 virtual tokens, now under \[TECH_SUPPORT_2\]/).waitFor();
  const again = await saved(page);
  assert.deepEqual(again.files['tech-support-2/adapter_model.safetensors'], files['tech-support/adapter_model.safetensors']);

  // and it can be trained on, with two workers
  await page.getByLabel('Start from', { exact: true }).selectOption('[TECH_SUPPORT_2]');
  assert.ok(await page.getByRole('radio', { name: /^Prefix tuning/ }).isChecked());
  await page.getByRole('combobox', { name: 'Workers', exact: true }).selectOption('2');
  await train(page, 3);
}));

test('P-tuning: an encoder makes the virtual tokens between the words of a template', () => playground.withPage({}, async (page) => {
  await choose(page, 'P-tuning');
  await setting(page, 'Encoder').selectOption('LSTM');
  await setting(page, 'Encoder’s hidden size').fill('16');
  const template = page.getByLabel('Template', { exact: true });
  await template.fill('{v3} Be kind. {x}');
  await page.locator("#step-technique").getByText(/\{x\}, which is no number of virtual tokens/).first().waitFor();
  await template.fill('{v3} Be kind. {v4}');
  await step4(page).getByText(/Word of the template/).waitFor();
  const kinds = await step4(page).locator('.token').evaluateAll((chips) => chips.slice(0, 12).map((chip) => [chip.textContent, [...chip.classList].find((name) => name.startsWith('is-'))]));
  assert.deepEqual(kinds.slice(0, 3), [['v1', 'is-virtual'], ['v2', 'is-virtual'], ['v3', 'is-virtual']]);
  assert.equal(kinds[3][1], 'is-word');
  const after = kinds.findIndex(([text]) => text === 'v4');
  assert.ok(after > 4 && kinds.slice(3, after).every(([, kind]) => kind === 'is-word'), JSON.stringify(kinds));
  assert.equal(await setting(page, 'Virtual tokens').count(), 0, 'the template says how many');
  await train(page, 6);
  const trained = /^([\d,]+) (?:trained )?numbers were trained|([\d,]+) trained numbers/;
  const counted = async (part) => (trained.exec((await part.innerText()).replaceAll('\u00a0', ' ')) ?? []).slice(1).find(Boolean);
  const frozen = page.locator('#step-analysis section').filter({ has: page.getByRole('heading', { name: 'Did the model stay frozen?' }) }).last().locator('.counts');
  assert.equal(await counted(frozen), await counted(page.locator('#step-technique')), 'the numbers of the encoder, in step 7 as in step 3');
  await frozen.getByText(/an encoder, which makes/).waitFor();
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  const { base, tuned } = await answersTo(page, 1);
  assert.ok(base.length > 0 && tuned.length > 0);
  const { files } = await saved(page);
  const config = JSON.parse(new TextDecoder().decode(files['tech-support/adapter_config.json']));
  assert.deepEqual([config.peft_type, config.encoder_reparameterization_type, config.num_virtual_tokens], ['P_TUNING', 'LSTM', 7 + after - 3]);
}));

test('many virtual tokens are folded in step 4, the arrow keys pass the fold, and a click opens it', () => playground.withPage({}, async (page) => {
  const chips = step4(page).locator('.token.is-virtual');
  const texts = () => chips.allTextContents();
  await step4(page).getByRole('button', { name: 'Show 54 more virtual tokens' }).waitFor();
  assert.deepEqual(await texts(), ['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8', '+54', 'v63', 'v64']);
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await chips.nth(7).focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'v63');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await focused(), 'v8');
  await step4(page).getByRole('button', { name: 'Show 54 more virtual tokens' }).click();
  assert.deepEqual(await texts(), Array.from({ length: 64 }, (_, index) => `v${index + 1}`));
  await until(focused, (text) => text === 'v9', { what: 'the first of those that were folded has the focus' });
}));

test('a technique comes with its defaults, and a link brings it', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('33');
  await choose(page, 'P-tuning');
  assert.notEqual(await setting(page, 'Learning rate').inputValue(), '0.05', 'the default of the technique');
  assert.equal(await setting(page, 'Steps').inputValue(), '33', 'what was changed stays');
  await choose(page, 'Prompt tuning');
  assert.equal(await setting(page, 'Learning rate').inputValue(), '0.05');
  await choose(page, 'Prefix tuning');
  await setting(page, 'Keys and values come from').selectOption('true');
  await page.waitForFunction(() => location.hash.includes('prefix_projection=true'));
  const link = await page.evaluate(() => location.hash);
  await playground.withPage({ hash: link }, async (other) => {
    assert.ok(await other.getByRole('radio', { name: /^Prefix tuning/ }).isChecked());
    assert.equal(await setting(other, 'Keys and values come from').inputValue(), 'true');
    assert.equal(await setting(other, 'Steps').inputValue(), '33');
  });
}));
