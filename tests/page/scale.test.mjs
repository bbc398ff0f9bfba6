// "Continue at scale" gives out a folder with the rows, the batches, the start and the settings of the page's run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { unzipSync } from '../../www/vendor/fflate/fflate.js';
import { box, bundledConfig, chapter, project, runCurve, setting, startPlayground, train } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const text = (bytes) => new TextDecoder().decode(bytes);
const lines = (bytes) => text(bytes).trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));

async function exported(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Continue at scale' }).click()]);
  assert.equal(download.suggestedFilename(), 'prompt-tuning-at-scale.zip');
  const files = unzipSync(new Uint8Array(readFileSync(await download.path())));
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name.replace('prompt-tuning-at-scale/', ''), bytes]));
}

test('the folder holds the run as the page would do it', () => playground.withPage({}, async (page) => {
  await setting(page, 'Batch size').fill('3');
  await setting(page, 'Steps').fill('7');
  const files = await exported(page);
  for (const name of ['train.py', 'requirements.txt', 'README.md']) assert.equal(text(files[name]), readFileSync(`${project}/www/scale/${name}`, 'utf8'));
  const { model, settings, generation, rows: counted } = JSON.parse(text(files['settings.json']));
  assert.equal(model, 'support-lm-5m');
  assert.deepEqual([generation.temperature, generation.repetition_penalty, generation.max_new_tokens], [0, 1.1, 120]);
  assert.deepEqual([settings.batch_size, settings.steps, settings.prompt_tuning_init_text], [3, 7, chapter.objective]);
  const [rows, heldOut, asked, batches] = ['train', 'held_out', 'test', 'batches'].map((name) => lines(files[`data/${name}.jsonl`]));
  assert.deepEqual([...rows, ...heldOut].map(({ input }) => input).sort(), chapter.examples.map(({ input }) => input).sort());
  assert.equal(heldOut.length, 2);
  assert.equal(counted, rows.length);
  assert.deepEqual(asked.map(({ input }) => input), chapter.test);
  assert.equal(batches.length, 7);
  assert.ok(batches.every((batch) => batch.length === 3 && batch.every((index) => index < rows.length)));
  const config = JSON.parse(text(files['start/adapter_config.json']));
  assert.deepEqual([config.peft_type, config.num_virtual_tokens, config.token_dim], ['PROMPT_TUNING', 64, bundledConfig.hidden_size]);

  await box(page, 'Inquiry 1').fill(`[TECH_SUPPORT] ${chapter.test[0]}`);
  assert.deepEqual(lines((await exported(page))['data/test.jsonl'])[0].input, chapter.test[0], 'no model reads the prefix token');

  await train(page, 7);
  const later = await exported(page);
  assert.deepEqual(later['start/adapter_model.safetensors'], files['start/adapter_model.safetensors'], 'where a run starts does not depend on an earlier one');
  const trained = (await runCurve(page)).filter((point) => point.training_loss !== null);
  assert.equal(trained.length, 7);

  await page.getByRole('combobox', { name: 'Start from' }).selectOption('[TECH_SUPPORT]');
  await box(page, 'Objective').fill(''); // where a prompt is given, no text is needed to start from
  const onwards = await exported(page);
  assert.notDeepEqual(onwards['start/adapter_model.safetensors'], files['start/adapter_model.safetensors']);
}));

test('P-tuning is exported with the encoder that makes its prompt; a template, which PEFT does not know, is not', () => playground.withPage({}, async (page) => {
  await page.getByRole('radio', { name: /^P-tuning/ }).check();
  await setting(page, 'Encoder’s hidden size').fill('16');
  const files = await exported(page);
  const { settings } = JSON.parse(text(files['settings.json']));
  assert.deepEqual([settings.peft_type, settings.encoder_hidden_size], ['P_TUNING', 16]);
  const encoder = files['start/encoder.safetensors'];
  const header = JSON.parse(text(encoder.slice(8, 8 + Number(new DataView(encoder.buffer, encoder.byteOffset).getBigUint64(0, true)))));
  const { hidden_size: hidden } = bundledConfig;
  assert.deepEqual(header['value.0'].shape, [settings.num_virtual_tokens, hidden], 'an embedding for each virtual token');
  assert.deepEqual(header['value.1'].shape, [16, hidden], 'its first layer');
  assert.deepEqual(header.fixed.shape, [settings.num_virtual_tokens, hidden], 'the words that it starts from');

  await box(page, 'Template').fill('{v2} Be brief. {v2}');
  await page.getByText('the script can’t use the template').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Continue at scale' }).isDisabled());
}));

test('what can\'t be trained can\'t be exported either', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('-3');
  assert.ok(await page.getByRole('button', { name: 'Continue at scale' }).isDisabled());
  await setting(page, 'Steps').fill('3');
  await box(page, 'Prefix token').fill('[OTHER]');
  assert.equal(JSON.parse(text((await exported(page))['settings.json'])).settings.prefix_token, '[OTHER]');
}));
