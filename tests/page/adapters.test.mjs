// A trained prompt goes out as a PEFT adapter and comes back; what is no such adapter is refused in a sentence.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { unzipSync, zipSync } from '../../www/vendor/fflate/fflate.js';
import { box, bundledConfig, project, runCurve, startPlayground, train, until } from './helpers.mjs';
import { startHub } from './hub.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const fixture = (path) => new Uint8Array(readFileSync(`${project}/tests/fixtures/adapters/${path}`));
const text = (bytes) => new TextDecoder().decode(bytes);
const notice = (page, pattern) => page.locator('.notice, [role="status"], [role="alert"]').filter({ hasText: pattern }).first();
const choice = (page) => page.getByLabel('Trained prompt', { exact: true });

async function saved(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save for PEFT' }).click()]);
  return { name: download.suggestedFilename(), files: unzipSync(new Uint8Array(readFileSync(await download.path()))) };
}

const open = (page, ...files) =>
  page.locator('#step-test input[type=file]').setInputFiles(files.map(([name, bytes]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) })));

test('a prompt is saved for PEFT, opened again, and is the same', () => playground.withPage({}, async (page) => {
  await train(page, 3);
  const { name, files } = await saved(page);
  assert.equal(name, 'tech-support.zip');
  assert.deepEqual(Object.keys(files).sort(), ['README.md', 'adapter_config.json', 'adapter_model.safetensors'].map((file) => `tech-support/${file}`));
  const config = JSON.parse(text(files['tech-support/adapter_config.json']));
  assert.equal(config.peft_type, 'PROMPT_TUNING');
  assert.equal(config.num_virtual_tokens, 64);
  assert.equal(config.token_dim, bundledConfig.hidden_size);
  assert.equal(config.prompt_tuning_init, 'TEXT');
  assert.match(text(files['tech-support/README.md']), /RepetitionPenaltyLogitsProcessor\(1\.1,[\s\S]*max_new_tokens=120,[\s\S]*examples trained on \| 8 \|[\s\S]*steps \| 3 of 3/);

  await open(page, [name, zipSync(files)]);
  await notice(page, /64 virtual tokens, now under \[TECH_SUPPORT_2\]/).waitFor();
  assert.equal(await choice(page).inputValue(), '[TECH_SUPPORT_2]');
  const again = await saved(page);
  assert.deepEqual(again.files['tech-support-2/adapter_model.safetensors'], files['tech-support/adapter_model.safetensors']);

  await page.getByRole('button', { name: 'Delete [TECH_SUPPORT_2]' }).click();
  assert.equal(await choice(page).inputValue(), '[TECH_SUPPORT]');
  await page.getByRole('button', { name: 'Bring it back' }).click();
  assert.equal(await choice(page).inputValue(), '[TECH_SUPPORT_2]');

  await open(page, ['adapter_config.json', files['tech-support/adapter_config.json']], ['adapter_model.safetensors', files['tech-support/adapter_model.safetensors']]);
  await notice(page, /now under \[ADAPTER\]/).waitFor();

  const best = (points) => Math.min(...points.map((point) => point.held_out_loss).filter((loss) => loss !== null));
  const reached = best(await runCurve(page));
  await page.getByLabel('Start from', { exact: true }).selectOption('[ADAPTER]');
  await box(page, 'Prefix token').fill('[MORE]');
  await train(page, 2);
  const curve = await runCurve(page);
  assert.ok(Math.abs(curve[0].held_out_loss - reached) < 1e-5, 'the run begins where the adapter stands');
  await page.getByLabel('Start from', { exact: true }).selectOption('');
  await page.locator('#step-training').getByText(/starts from an initialisation/).waitFor();

  await page.reload();
  await choice(page).waitFor();
  assert.deepEqual(await choice(page).locator('option').allInnerTexts(), ['[TECH_SUPPORT]', '[TECH_SUPPORT_2]', '[ADAPTER]', '[MORE]']);
}));

test('what is no adapter of this model is refused in a sentence, and nothing is lost', () => playground.withPage({}, async (page) => {
  const config = fixture('prompt_tuning/adapter_config.json');
  const weights = fixture('prompt_tuning/adapter_model.safetensors');
  const zip = (files) => zipSync(files);
  const whole = zip({ 'a/adapter_config.json': config, 'a/adapter_model.safetensors': weights });
  const refusals = [
    [[['tiny.zip', whole]], new RegExp(`have 32 numbers, and the model's have ${bundledConfig.hidden_size}`)],
    [[['lora.zip', zip({ 'adapter_config.json': fixture('lora/adapter_config.json'), 'adapter_model.safetensors': weights })]], /PEFT type LORA/],
    [[['adapter_config.json', config], ['adapter_model.bin', 'PK\u0003\u0004']], /pickle/],
    [[['old.zip', zip({ 'adapter_config.json': config, 'adapter_model.bin': new Uint8Array(9) })]], /pickle/],
    [[['cut.zip', whole.subarray(0, whole.length - 40)]], /cut\.zip cannot be unpacked/],
    [[['page.zip', Buffer.from('<html>404</html>')]], /page\.zip cannot be unpacked/],
    [[['other.zip', zip({ 'notes.txt': new Uint8Array(9) })]], /has no adapter_config\.json/],
    [[['bomb.zip', zip({ 'adapter_config.json': config, 'adapter_model.safetensors': new Uint8Array(200e6) })]], /200 MB; a soft prompt has at most 64 MB/],
    [[['adapter_config.json', config]], /choose both of them/],
    [[['twice.zip', zip({ 'a/adapter_config.json': config, 'a/adapter_model.safetensors': weights, 'b/adapter_model.safetensors': weights })]], /more than one adapter_model\.safetensors/],
    [[['half.zip', zip({ 'adapter_config.json': Buffer.from('{"peft_type": "PROMPT_TUNING"'), 'adapter_model.safetensors': weights })]], /adapter_config\.json cannot be read/],
  ];
  for (const [files, sentence] of refusals) {
    await open(page, ...files);
    await notice(page, sentence).waitFor();
    await notice(page, sentence).getByRole('button', { name: 'Close this message' }).click();
    await until(() => page.locator('.notice').filter({ hasText: sentence }).count(), (count) => count === 0);
  }
  assert.equal(await choice(page).count(), 0, 'no prompt was kept');
  await train(page, 2);
  assert.equal(await choice(page).inputValue(), '[TECH_SUPPORT]');
}));

test('an adapter of the hub is opened by its name; what is none is refused', async () => {
  const adapter = await playground.withPage({}, async (page) => { await train(page, 2); return (await saved(page)).files; });
  const hub = await startHub({});
  const of = (files) => ({ files });
  Object.assign(hub.repositories, {
    'me/voice': of(Object.fromEntries(Object.entries(adapter).map(([name, bytes]) => [name.split('/')[1], Buffer.from(bytes)]))),
    'me/model': of({ 'config.json': Buffer.from('{}') }),
    'me/private': { status: 401 },
  });
  try {
    await playground.withPage({ origins: [hub.url], expected: /Failed to load resource/ }, async (page) => {
      await page.evaluate((url) => import('/hub.js').then(({ hubAddress }) => { hubAddress.value = url; }), hub.url);
      await page.getByText('Open an adapter of the Hugging Face hub').click();
      const name = page.getByLabel('Repository of the adapter');
      const open = page.locator('.adapters-form').getByRole('button', { name: 'Open' });
      for (const [repository, sentence] of [
        ['me/model', /me\/model is not a soft prompt that can be opened/], ['me/private', /without an account \(401\)/], ['nothing', /Write it as owner\/name/],
      ]) {
        await name.fill(repository);
        await open.click();
        await notice(page, sentence).waitFor();
        assert.equal(await name.inputValue(), repository, 'what was typed stays');
      }
      await name.fill('me/voice');
      await open.click();
      await notice(page, /64 virtual tokens, now under \[VOICE\]/).waitFor();
      assert.equal(await name.inputValue(), '');
    });
  } finally {
    await hub.close();
  }
});
