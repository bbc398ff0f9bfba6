// Models from a hub and from disk: a local stand-in for the hub gives out folders made by transformers, GGUF files and
// every kind of trouble. Whatever goes wrong, the page goes on working with the model it had.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { box, project, runCurve, setting, startButton, startLong, startPlayground, train, until } from './helpers.mjs';
import { COMMIT, folder, sendHalf, startHub } from './hub.mjs';

const tiny = (name) => folder(`tests/fixtures/tiny/${name}`);
const gguf = (name) => readFileSync(`${project}/tests/fixtures/tiny/${name}.gguf`);
const bundled = folder('www/models/bundled');
const { 'model.safetensors': _, ...withoutWeights } = tiny('hf_f32');
const shards = [1, 2, 3, 4].map((i) => `model-0000${i}-of-00004.safetensors`);

let playground;
let hub;
let mirror;
before(async () => {
  playground = await startPlayground();
  hub = await startHub({});
  mirror = await startHub({});
});
after(async () => {
  await playground?.close();
  await hub?.close();
  await mirror?.close();
});

/** A page whose hub has these repositories; `failures`: answers that the browser reports in its console. */
function withHub(repositories, body, { failures = false, ...options } = {}) {
  Object.assign(hub, { repositories: Object.assign(clear(hub.repositories), repositories), answer: null });
  hub.requests.length = 0;
  return playground.withPage({ origins: [hub.url], ...(failures && { expected: /Failed to load resource|net::ERR/ }), ...options }, body);
}

function clear(object) {
  for (const key of Object.keys(object)) delete object[key];
  return object;
}

const picker = (page) => page.getByRole('dialog', { name: 'Language model' });
const inUse = (page) => page.locator('.model-status');
const download = (page) => picker(page).getByRole('button', { name: /^(Download|Continue download)/ });

/** A model has come into use, and the picker has closed. */
async function arrived(page, name) {
  await inUse(page).getByText(name, { exact: true }).waitFor();
  await picker(page).waitFor({ state: 'hidden' });
}

async function openPicker(page) {
  await page.getByRole('button', { name: 'Change model' }).click();
  await picker(page).waitFor();
}

/** Looks at a repository of the stand-in, or of another one. */
async function look(page, repository, { url } = hub) {
  if (!(await picker(page).isVisible())) await openPicker(page);
  await picker(page).locator('details').filter({ hasText: 'Another model of the Hugging Face hub' }).evaluate((details) => { details.open = true; });
  await picker(page).getByLabel('Address of the hub').fill(url);
  await picker(page).getByLabel('Repository').fill(repository);
  await picker(page).locator('form').getByRole('button', { name: 'Look closer' }).click();
}

async function use(page, repository, name, from = hub) {
  await look(page, repository, from);
  await download(page).click();
  await arrived(page, name);
}

/** The model in use still answers. */
async function works(page, name = 'Support LM 5M') {
  await page.keyboard.press('Escape');
  await arrived(page, name);
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  await page.locator('#step-test section').filter({ has: page.getByRole('heading', { name: /^Base model/ }) }).first().getByText(/^\d+ tokens/).waitFor();
}

const weightsRequests = () => hub.requests.filter(({ path }) => path.endsWith('model.safetensors'));

test('a model of the hub is looked at, downloaded, used, kept without a network, and deleted', () => withHub({ 'someone/small': { files: bundled, licence: 'mit' } }, async (page) => {
  await look(page, 'someone/small');
  const row = picker(page).getByRole('listitem').filter({ hasText: 'someone/small' });
  await row.getByText(/someone\/small · mit · 10\.\d MB/).waitFor();
  const [, memory, number, unit] = (await row.getByText(/memory/).innerText()).match(/about ([\d.]+) MB of memory.*about ([\d.,]+) (m?s) for a step/);
  const step = Number(number.replaceAll(',', '')) * (unit === 's' ? 1000 : 1);
  assert.ok(Number(memory) > 20 && Number(memory) < 200, `${memory} MB`);
  assert.ok(step > 5 && step < 5000, `${step} ms`);
  await download(page).click();
  await arrived(page, 'small');
  assert.ok(hub.requests.every(({ path }) => path.startsWith('/api/') || path.includes(COMMIT)), 'files come from one commit');

  hub.answer = (_request, response) => { response.destroy(); return true; };
  const asked = hub.requests.length;
  await page.reload();
  await arrived(page, 'small');
  await works(page, 'small');
  assert.equal(hub.requests.length, asked, 'nothing was asked of the hub');

  await openPicker(page);
  await picker(page).getByRole('listitem').filter({ hasText: 'Support LM 5M' }).getByRole('button', { name: 'Use' }).click();
  await arrived(page, 'Support LM 5M');
  await openPicker(page);
  await picker(page).getByRole('button', { name: 'Delete small' }).click();
  await picker(page).getByText('In this browser’s storage').waitFor({ state: 'detached' });
  await page.reload();
  await works(page);
}));

test('the bundled model is measured too', () => withHub({}, async (page) => {
  await openPicker(page);
  const row = picker(page).getByRole('listitem').filter({ hasText: 'Support LM 5M' });
  await row.getByRole('button', { name: 'Look closer' }).click();
  await row.getByText(/Needs about [\d.]+ MB of memory\. One worker takes about [\d.]+ m?s for a step/).waitFor();
}));

test('the address of the hub can be emptied and typed anew', () => withHub({}, async (page) => {
  await openPicker(page);
  await picker(page).getByText('Another model of the Hugging Face hub').click();
  const address = picker(page).getByLabel('Address of the hub');
  assert.equal(await address.inputValue(), 'https://huggingface.co');
  await address.press('Control+a');
  await address.press('Delete');
  assert.equal(await address.inputValue(), '');
  await address.pressSequentially(hub.url);
  assert.equal(await address.inputValue(), hub.url);
  await address.fill('');
  await page.keyboard.press('Escape');
  await openPicker(page);
  assert.equal(await address.inputValue(), 'https://huggingface.co', 'an empty one is the one in use');
}));

test('a trap while a model is measured is told as a crash, and the worker is replaced', () => withHub({}, async (page) => {
  const [worker] = page.workers();
  await worker.evaluate(async () => { // a trap leaves its object borrowed for ever, so that it can't be freed
    const { Probe } = await import(new URL('/pkg/prompt_playground.js', self.location.href).href);
    Probe.prototype.run = () => { throw new WebAssembly.RuntimeError('unreachable'); };
    Probe.prototype.free = () => { throw new Error('attempted to take ownership of Rust value while it was borrowed'); };
  });
  await openPicker(page);
  await picker(page).getByRole('listitem').filter({ hasText: 'Support LM 5M' }).getByRole('button', { name: 'Look closer' }).click();
  await picker(page).getByText('The computation stopped because of a fault in this program: unreachable').first().waitFor();
  await works(page);
  assert.ok(!page.workers().includes(worker), 'another worker');
}));

test('another model counts other tokens, and a run cannot go on with it', () => withHub({ 'someone/tiny': { files: tiny('hf_f32') } }, async (page) => {
  await setting(page, 'Steps').fill('2');
  await train(page, 2);
  const tokens = () => page.locator('#step-dataset').getByRole('row').nth(1).innerText();
  const before = await tokens();
  await use(page, 'someone/tiny', 'tiny');
  await until(tokens, (now) => now !== before, { what: 'other token counts' });
  await page.getByText('This prompt was trained with another model').waitFor();
  await page.getByRole('button', { name: /^Train \d+ more/ }).click();
  await page.locator('#step-training').getByText('This run was made with another language model').waitFor();
}));

test('a download that breaks off goes on where it stopped', () => withHub({ 'someone/small': { files: bundled } }, async (page) => {
  const weights = bundled['model.safetensors'];
  hub.answer = (request, response) => {
    if (!request.url.endsWith('model.safetensors') || request.headers.range) return false;
    sendHalf(response, weights);
    return true;
  };
  await look(page, 'someone/small');
  await download(page).click();
  const sentence = picker(page).getByText(/The download of model\.safetensors broke off after [\d,]+ of 10,\d{3},\d{3} bytes/);
  const arrivedBytes = Number((await sentence.innerText()).match(/after ([\d,]+) of/)[1].replaceAll(',', ''));
  assert.ok(arrivedBytes > 0 && arrivedBytes <= Math.floor(weights.length / 2), `${arrivedBytes} bytes`);
  await picker(page).getByText(/of 10\.\d MB/).first().waitFor();
  await works(page);

  await look(page, 'someone/small');
  const goOn = picker(page).getByRole('button', { name: /^Continue download \(/ });
  const [, amount, unit] = (await goOn.innerText()).match(/\(([\d.]+) ([kM]B) of/);
  const offered = Number(amount) * { kB: 1e3, MB: 1e6 }[unit];
  const others = Object.values(bundled).reduce((sum, { length }) => sum + length, 0) - weights.length;
  assert.ok(offered > arrivedBytes - 1e5 && offered < arrivedBytes + others + 1e5, `${amount} ${unit}, of which ${arrivedBytes} bytes of the weights`);
  await goOn.click();
  await arrived(page, 'small');
  const ranges = weightsRequests().map(({ range }) => range);
  assert.equal(ranges.length, 2);
  assert.equal(ranges[1], `bytes=${arrivedBytes}-`);
}, { failures: true }));

test('a download can be cancelled, and a server without ranges sends everything anew', () => withHub({ 'someone/small': { files: bundled } }, async (page) => {
  const weights = bundled['model.safetensors'];
  let slow = true;
  hub.answer = (request, response) => {
    if (!request.url.endsWith('model.safetensors')) return false;
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': weights.length });
    if (!slow) return response.end(weights);
    response.write(weights.subarray(0, 1e6)); // and then nothing more
    return true;
  };
  await look(page, 'someone/small');
  await download(page).click();
  await picker(page).getByText(/^[\d.]+ [kM]B of 10\.\d MB/).waitFor();
  await picker(page).getByRole('button', { name: 'Cancel' }).click();
  await picker(page).getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' });
  slow = false;
  await look(page, 'someone/small');
  await picker(page).getByRole('button', { name: /^Continue download/ }).click();
  await arrived(page, 'small');
}, { failures: true }));

test('weights in several files, and GGUF files, from the hub', () => withHub({
  'someone/sharded': { files: { ...withoutWeights, ...folder('tests/fixtures/tiny/hf_sharded', shards) } },
  'someone/gguf': { files: { 'q8.gguf': gguf('gguf_q8_0'), 'q4.gguf': gguf('gguf_q4_1') } },
}, async (page) => {
  await use(page, 'someone/sharded', 'sharded');
  await look(page, 'someone/gguf');
  await picker(page).getByText('someone/gguf has 2 GGUF files. Add the name of one to the address: someone/gguf/q8.gguf, or q4.gguf.').waitFor();
  await use(page, `${hub.url}/someone/gguf/blob/main/q4.gguf`, 'q4');
  await openPicker(page);
  await picker(page).getByRole('listitem').filter({ hasText: 'someone/gguf' }).getByText('in use').first().waitFor();
}));

test('each GGUF file of a repository is a model of its own', () => withHub({
  'someone/gguf': { files: { 'q8.gguf': gguf('gguf_q8_0'), 'q4.gguf': gguf('gguf_q4_1') } },
}, async (page) => {
  await use(page, 'someone/gguf/q4.gguf', 'q4');
  await use(page, 'someone/gguf/q8.gguf', 'q8');
  await openPicker(page);
  const stored = picker(page).locator('h3:text-is("In this browser’s storage") + ul').getByRole('listitem');
  assert.equal(await stored.count(), 2);
  await stored.filter({ hasText: 'q8' }).getByText('in use').waitFor();
  await stored.filter({ hasText: 'q4' }).getByRole('button', { name: 'Use', exact: true }).click();
  await arrived(page, 'q4');

  hub.repositories['someone/gguf'].status = 404;
  await look(page, 'someone/gguf@v9');
  await picker(page).getByText(/no repository someone\/gguf in this revision \(404\)/).waitFor();
  await works(page, 'q4');
}, { failures: true }));

test('what was downloaded from a mirror is not taken for the model of the hub', () => {
  Object.assign(mirror.repositories, { 'someone/tiny': { files: { ...tiny('hf_f32'), 'config.json': Buffer.concat([tiny('hf_f32')['config.json'], Buffer.from('\n')]) } } });
  return withHub({ 'someone/tiny': { files: tiny('hf_f32') } }, async (page) => {
    await use(page, 'someone/tiny', 'tiny', mirror);
    await look(page, 'someone/tiny');
    const offered = picker(page).locator('details').getByRole('listitem').filter({ hasText: 'someone/tiny' });
    await download(page).waitFor();
    assert.equal(await offered.getByRole('button', { name: 'Use', exact: true }).count(), 0);
    assert.equal(await offered.getByText('in use').count(), 0);
    await download(page).click();
    await arrived(page, 'tiny');
    assert.equal(weightsRequests().length, 1, 'the hub was asked for the weights');
    await openPicker(page);
    const stored = picker(page).locator('h3:text-is("In this browser’s storage") + ul').getByRole('listitem');
    assert.equal(await stored.count(), 2);
    await stored.filter({ hasText: hub.url }).getByText('in use').waitFor();
    await stored.filter({ hasText: mirror.url }).getByRole('button', { name: 'Use', exact: true }).waitFor();
  }, { origins: [hub.url, mirror.url] });
});

/** Puts the only stored model where an earlier version of the page stored it, which did not write down the hub. */
const storeAsBefore = (page) => page.evaluate(async () => {
  const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
  const [[key, folder]] = await Array.fromAsync(models.entries());
  const { base, ...about } = JSON.parse(await (await (await folder.getFileHandle('about.json')).getFile()).text());
  const old = await models.getDirectoryHandle(key.replace(encodeURIComponent(`${base}/`), ''), { create: true });
  for await (const [name, handle] of folder.entries()) {
    const writable = await (await old.getFileHandle(name, { create: true })).createWritable();
    await writable.write(name === 'about.json' ? JSON.stringify(about) : await handle.getFile());
    await writable.close();
  }
  await models.removeEntry(key, { recursive: true });
});

test('a model that was stored before the hub was written down is found again, for its own hub alone', () => {
  Object.assign(mirror.repositories, { 'someone/tiny': { files: tiny('hf_f32') } });
  return withHub({ 'someone/tiny': { files: tiny('hf_f32') } }, async (page) => {
    await use(page, 'someone/tiny', 'tiny');
    await openPicker(page);
    await picker(page).getByRole('listitem').filter({ hasText: 'Support LM 5M' }).getByRole('button', { name: 'Use' }).click();
    await arrived(page, 'Support LM 5M');
    await storeAsBefore(page);
    hub.requests.length = 0;
    await look(page, 'someone/tiny', mirror);
    await download(page).waitFor();
    await look(page, 'someone/tiny');
    await picker(page).locator('details').getByRole('button', { name: 'Use', exact: true }).click();
    await arrived(page, 'tiny');
    await works(page, 'tiny');
    assert.equal(weightsRequests().length, 0);
  }, { origins: [hub.url, mirror.url] });
});

test('a chat template in a file of its own is used', () => withHub({
  'someone/template': { files: { ...tiny('hf_f32'), 'chat_template.jinja': Buffer.from("{% for m in messages %}{{ '<|im_start|>' + m['role'] + ' says ' + m['content'] + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant says ' }}{% endif %}") } },
}, async (page) => {
  await use(page, 'someone/template', 'template');
  const prepared = await page.evaluate(() => import('/engine.js').then(({ engine }) => engine.request('prepare', { examples: [{ input: 'Hi?', output: 'Yes.' }], settings: {} })));
  assert.match(prepared[0].tokens.map(({ text }) => text).join(''), /<\|im_start\|>user says Hi\?<\|im_end\|><\|im_start\|>assistant says Yes\./);
}));

test('a file whose hash differs is thrown away and said so; the next download is whole', () => withHub({
  'someone/small': { files: bundled, hashes: { 'model.safetensors': '0'.repeat(64) } },
}, async (page) => {
  await look(page, 'someone/small');
  await download(page).click();
  await picker(page).getByText('model.safetensors is damaged: its SHA-256 is not the one that the hub gives.').waitFor();
  await works(page);
  hub.repositories['someone/small'].hashes = {};
  await use(page, 'someone/small', 'small');
}));

const refusals = {
  'no such repository': [{}, 'nobody/nothing', /The hub has no repository nobody\/nothing in this revision \(404\)/],
  'a private repository': [{ 'a/b': { status: 401 } }, 'a/b', /does not give out a\/b without an account \(401\)/],
  'a gated repository': [{ 'a/b': { status: 403 } }, 'a/b', /asks for an agreement first/],
  'too many requests': [{ 'a/b': { status: 429, retryAfter: '90' } }, 'a/b', /too many requests from this network \(429\)\. Wait 90 seconds/],
  'a broken hub': [{ 'a/b': { status: 503 } }, 'a/b', /it answered 503\. Try again/],
  'only pickles': [{ 'a/b': { files: { 'config.json': Buffer.from('{}'), 'pytorch_model.bin': Buffer.alloc(9) } } }, 'a/b', /PyTorch pickle/],
  'no tokenizer.json': [{ 'a/b': { files: { 'config.json': Buffer.from('{}'), 'model.safetensors': Buffer.alloc(9) } } }, 'a/b', /has no tokenizer\.json/],
  'a dataset': [{ 'a/b': { files: { 'data.csv': Buffer.from('x') } } }, 'a/b', /is not a model that works here/],
  'another architecture': [{ 'a/b': { files: { ...tiny('hf_f32'), 'config.json': Buffer.from('{"model_type": "qwen2"}') } } }, 'a/b', /config\.json/],
  'a GGUF file that is not there': [{ 'a/b': { files: { 'q8.gguf': gguf('gguf_q8_0') } } }, 'a/b/q4.gguf', /has no file q4\.gguf\. Its GGUF files: q8\.gguf/],
  'no repository at all': [{}, 'what?', /Write a repository as owner\/name/],
};

for (const [name, [repositories, asked, sentence]] of Object.entries(refusals)) {
  test(`refused: ${name}`, () => withHub(repositories, async (page) => {
    await look(page, asked);
    await picker(page).getByText(sentence).first().waitFor();
    await works(page);
  }, { failures: true }));
}

test('a web page in the place of the hub, and of a file, is told apart', () => withHub({ 'someone/small': { files: bundled } }, async (page) => {
  const html = (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end('<!doctype html><title>Sign in</title>');
    return true;
  };
  hub.answer = html;
  await look(page, 'someone/small');
  await picker(page).getByText(/answered with a web page instead of the model/).waitFor();
  hub.answer = null;
  await look(page, 'someone/small');
  await download(page).waitFor();
  hub.answer = (request, response) => request.url.endsWith('model.safetensors') && html(request, response);
  await download(page).click();
  await picker(page).getByText(/answered with a web page instead of the model/).waitFor();
  await works(page);
}));

test('files from disk: a GGUF file, a folder, and what is neither', () => withHub({}, async (page) => {
  const choose = async (files) => {
    if (!(await picker(page).isVisible())) await openPicker(page);
    await picker(page).getByRole('button', { name: 'Open from disk' }).and(page.locator(':enabled')).waitFor(); // what failed before has ended
    await picker(page).locator('input[type=file]').setInputFiles(Object.entries(files).map(([name, buffer]) => ({ name, mimeType: 'application/octet-stream', buffer })));
  };
  await choose(withoutWeights);
  await picker(page).getByText('model.safetensors is missing: choose all files at once.').waitFor();
  await choose({ 'config.json': Buffer.from('{}'), 'pytorch_model.bin': Buffer.alloc(9) });
  await picker(page).getByText(/PyTorch pickle/).waitFor();
  await choose({ 'half.gguf': gguf('gguf_f16').subarray(0, 9000) });
  await picker(page).getByText(/GGUF file/).filter({ hasText: /again|incomplete|complete/ }).first().waitFor();
  await works(page);
  await choose({ 'mine.gguf': gguf('gguf_f16') });
  await arrived(page, 'mine');
  await choose({ ...withoutWeights, ...folder('tests/fixtures/tiny/hf_sharded', shards) });
  await arrived(page, 'Model from disk');

  await openPicker(page);
  const dropped = await page.evaluateHandle((base64) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], 'dropped.gguf'));
    return data;
  }, gguf('gguf_q8_0').toString('base64'));
  await picker(page).getByText(/^Choose or drop/).dispatchEvent('drop', { dataTransfer: dropped });
  await arrived(page, 'dropped');
}));

test('while a run is under way no other model is loaded', () => withHub({ 'someone/tiny': { files: tiny('hf_f32') } }, async (page) => {
  await startLong(page);
  await openPicker(page);
  await picker(page).getByText('A training run is under way.').waitFor();
  for (const button of ['Look closer', 'Open from disk']) {
    assert.ok(await picker(page).getByRole('button', { name: button }).first().isDisabled(), button);
  }
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await use(page, 'someone/tiny', 'tiny');
}));

test('a batch that needs more memory than there is is refused before it starts, and a smaller one offered', () => withHub({}, async (page) => {
  await setting(page, 'Batch size').fill('8');
  await startButton(page).click();
  await page.locator('#step-training').getByText(/A step with this model and a batch of 8 needs about [\d.]+ MB of memory, and this tab can have about [\d.]+ MB/).waitFor();
  await page.getByRole('button', { name: /^Use a batch of \d$/ }).click();
  const smaller = Number(await setting(page, 'Batch size').inputValue());
  assert.ok(smaller >= 1 && smaller < 8, `${smaller}`);
  await setting(page, 'Steps').fill('2');
  await train(page, 2);
  assert.equal(await box(page, 'Prefix token').inputValue(), '[TECH_SUPPORT]');
}, {
  before: (_page, context) => context.route((url) => url.pathname === '/workers.js', async (route) => {
    const source = readFileSync(`${project}/www/workers.js`, 'utf8');
    assert.match(source, /const WASM_LIMIT = 3\.5 \* GIB;/);
    await route.fulfill({ contentType: 'text/javascript', body: source.replace('3.5 * GIB', '100e6') });
  }),
}));

const smollm2 = `${project}/target/models/smollm2.gguf`;
test('SmolLM2-135M from the hub trains on the ten examples within 1.2 GiB, as planned', { skip: !existsSync(smollm2) && 'scripts/fetch-smollm2.sh could not fetch it' }, () => withHub({
  'HuggingFaceTB/SmolLM2-135M-Instruct': { files: { 'smollm2.gguf': existsSync(smollm2) ? readFileSync(smollm2) : Buffer.alloc(0) } },
}, async (page) => {
  page.setDefaultTimeout(120_000);
  const ask = (type, payload) => page.evaluate(([name, sent]) => import('/engine.js').then(({ engine }) => engine.request(name, sent)), [type, payload]);
  await look(page, 'HuggingFaceTB/SmolLM2-135M-Instruct');
  const row = picker(page).getByRole('listitem').filter({ hasText: 'SmolLM2-135M-Instruct' }).last();
  await row.getByText(/Needs about [\d.]+ MB of memory\. One worker takes about [\d.]+ s for a step/).waitFor();
  await row.getByRole('button', { name: /^Download 98\.\d MB/ }).click();
  await arrived(page, 'SmolLM2-135M-Instruct');
  await page.getByRole('button', { name: 'Use 0.01' }).click();
  assert.equal(await setting(page, 'Learning rate').inputValue(), '0.01');

  await setting(page, 'Held-out share').fill('0');
  await setting(page, 'Batch size').fill('10');
  await page.getByRole('combobox', { name: 'Workers', exact: true }).selectOption('1');
  await train(page, 1);
  const memory = await ask('memory', {});
  const batch = await page.evaluate(() => import('/picker/actions.js').then(({ batchOfNow }) => batchOfNow()));
  const { plan } = await ask('planTraining', { batch });
  assert.ok(memory < 1.2 * 2 ** 30, `${memory / 2 ** 20} MiB`);
  assert.ok(plan.peak > 0.9 * memory && plan.peak < 1.5 * memory, `planned ${plan.peak / 2 ** 20} MiB, taken ${memory / 2 ** 20} MiB`);
  const [{ training_loss: loss }] = (await runCurve(page)).filter((point) => point.training_loss !== null);
  assert.ok(Math.abs(loss - 2.096) < 0.02, `${loss}`);
}));
