// A model that can't be used: each file is broken in turn on its way to the page, which says what is wrong, keeps
// what was typed, and loads the good model on request.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { box, bundledConfig, modelReady, project, startButton, startPlayground, trapNext, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const folder = `${project}/www/models/bundled`;
/** The weights that the page downloads. */
const FILE = 'model.q8.safetensors';
const weights = readFileSync(`${folder}/${FILE}`);
const withConfig = (change) => ['config.json', JSON.stringify({ ...bundledConfig, ...change })];

/** A safetensors file whose header says what `header` says. */
function safetensors(header, data = Buffer.alloc(0)) {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

const hugeHeader = Buffer.concat([Buffer.from('ffffffffffffff7f', 'hex'), Buffer.from('{}')]);
const cases = {
  'a truncated model file': [FILE, weights.subarray(0, weights.length / 2)],
  'a model file without its last byte': [FILE, weights.subarray(0, weights.length - 1)],
  'an empty model file': [FILE, Buffer.alloc(0)],
  'a foreign model file (a web page)': [FILE, Buffer.from('<!doctype html><title>Sign in</title>')],
  'a foreign model file (other tensors)': [FILE, safetensors({ 'conv1.weight': { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, Buffer.alloc(4))],
  'a header that claims 2^63 bytes': [FILE, hugeHeader],
  'a header with offsets outside the file': [FILE, safetensors({ 'model.embed_tokens.weight': { dtype: 'F32', shape: [4096, 192], data_offsets: [0, 3145728] } })],
  'weights of eight bits without their scales': [FILE, safetensors({ 'model.embed_tokens.weight': { dtype: 'I8', shape: [4096, 256], data_offsets: [0, 1 << 20] } }, Buffer.alloc(1 << 20))],
  'a config that is no JSON': ['config.json', '{"hidden_size": 192,'],
  'a config of another architecture': withConfig({ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'] }),
  'a config with absurd sizes': withConfig({ hidden_size: 1e15 }),
  'a config with a billion layers': withConfig({ num_hidden_layers: 1e9 }),
  'a config with zero heads': withConfig({ num_attention_heads: 0 }),
  'a config with a negative size': withConfig({ intermediate_size: -512 }),
  'a config that disagrees with the weights': withConfig({ hidden_size: 384 }),
  'a tokenizer that is none': ['tokenizer.json', '{"model": {}}'],
  'a missing file': [FILE, null],
};

for (const [name, [file, body]] of Object.entries(cases)) {
  test(name, () => playground.withPage({
    wait: false,
    expected: /Failed to load resource.*404/,
    before: (page, context) => context.route(`**/models/bundled/${file}`, (route) => route.fulfill(
      body === null ? { status: 404, body: 'Not found' } : { status: 200, body: Buffer.from(body), contentType: 'application/octet-stream' },
    )),
  }, async (page, { context }) => {
    const again = page.getByRole('button', { name: 'Load the model again' });
    await again.waitFor();
    const sentence = (await page.getByRole('alert').filter({ has: again }).getByRole('paragraph').first().innerText()).trim();
    assert.match(sentence, /^(\S+\.json |[A-Z“]).{20,400}\.$/s, sentence);
    assert.doesNotMatch(sentence, /panicked|unreachable|fault in this program|undefined|\[object/, sentence);
    assert.ok(await startButton(page).isDisabled());
    await box(page, 'Input of row 1').fill('Typed without a model');

    await context.unroute(`**/models/bundled/${file}`);
    await again.click();
    await modelReady(page);
    assert.equal(await box(page, 'Input of row 1').inputValue(), 'Typed without a model');
    await until(() => page.getByRole('alert').count(), (count) => count === 0);
  }));
}

test('a crash while another model is read in the place of a missing one: the page offers to load one again', () => playground.withPage({
  wait: false,
  expected: /Failed to load resource.*404/,
  before: (page, context) => context.route('**/models/bundled/config.json', (route) => route.fulfill({ status: 404, body: 'Not found' })),
}, async (page, { context }) => {
  const again = page.getByRole('button', { name: 'Load the model again' });
  await again.waitFor();
  await page.getByRole('button', { name: 'Choose another model' }).click();
  await trapNext(page.workers()[0]);
  const picker = page.getByRole('dialog', { name: 'Language model' });
  await picker.locator('input[type=file]').setInputFiles(`${project}/tests/fixtures/tiny/gguf_f16.gguf`);
  await picker.getByText('The computation stopped because of a fault in this program: unreachable').first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('alert').filter({ has: again }).getByText('The computation stopped because of a fault').waitFor();
  await context.unroute('**/models/bundled/config.json');
  await again.click();
  await modelReady(page);
}));
