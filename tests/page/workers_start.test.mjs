// How the workers that share the steps come to start: where the browser refuses, is slow, or has little room.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import {
  importText, project, runCurve, runStatus, setting, shareWorkers, startButton, startPlayground, train, trainWith, until, workersChoice,
} from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const recordOfRun = (page) => page.locator('#step-training').getByText(/^run \d+, /);
const warning = (page) => page.getByText(/of the workers .* gone/);
const choices = async (page) => (await workersChoice(page).getByRole('option').allInnerTexts()).map((text) => text.trim());
const automaticIs = (page, number) => until(async () => (await choices(page))[0], (text) => text === `Automatic (${number})`);

/** Options of withPage: `script` of www/ runs `code` first. */
const first = (script, code) => ({
  before: (page, context) => context.route(`**/${script}`, (route) => route.fulfill({
    contentType: 'text/javascript', body: `{ ${code} }\n${readFileSync(`${project}/www/${script}`, 'utf8')}`,
  })),
});
/** The first worker's `Worker` throws for addresses that match. */
const refusing = (pattern) => first('worker.js', `
  const Started = self.Worker;
  self.Worker = class extends Started {
    constructor(address, options) {
      if (${pattern}.test(String(address))) throw new DOMException('Refused by a policy.', 'SecurityError');
      super(address, options);
    }
  };`);
const EIGHT_CORES = `
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 8 });
  Object.defineProperty(navigator, 'deviceMemory', { value: 8 });`;

test('where workers cannot start workers, one trains', () => playground.withPage(first('worker.js', 'self.Worker = undefined;'), async (page) => {
  await automaticIs(page, 1);
  assert.deepEqual(await choices(page), ['Automatic (1)', '1']);
  await train(page, 2);
  assert.match(await recordOfRun(page).innerText(), /, 1 worker$/);
}));

test('a worker that cannot start is said where it was chosen, and the run goes on without it', () => playground.withPage(first('worker.js', `
  const Started = self.Worker;
  const broken = URL.createObjectURL(new Blob(['throw new Error("broken");'], { type: 'text/javascript' }));
  self.Worker = class extends Started {
    constructor(address, options) { super(broken, options); }
  };`), async (page) => {
  const curve = await trainWith(page, 2, 3);
  assert.deepEqual(curve.map((point) => point.step), [1, 2, 3]);
  await page.getByText(/One of the workers .* is gone\. The browser did not start it\. .*with 1 worker\./).waitFor();
}));

test('where a policy refuses workers from Blobs, they start from the address of the page', () => playground.withPage(refusing('/^blob:/'), async (page) => {
  await trainWith(page, 3, 3);
  assert.match(await recordOfRun(page).innerText(), /, 3 workers$/);
  assert.equal(await warning(page).count(), 0);
  assert.equal(shareWorkers(page).length, 0);
  assert.equal(page.workers().filter((worker) => worker.url().endsWith('/worker/share.js')).length, 2);
}));

test('a Blob whose module cannot be imported is replaced by the address of the page', () => playground.withPage(first('worker.js', `
  const create = URL.createObjectURL;
  let scripts = 0;
  URL.createObjectURL = (blob) => create(scripts++ < 2 ? new Blob(['throw new Error("refused");'], { type: 'text/javascript' }) : blob);`), async (page) => {
  await trainWith(page, 2, 3);
  assert.match(await recordOfRun(page).innerText(), /, 2 workers$/);
  assert.equal(await warning(page).count(), 0);
}));

test('where every start throws, automatic trains with one worker and says nothing; a chosen number is said', () => playground.withPage(refusing('/./'), async (page) => {
  await train(page, 2);
  assert.match(await recordOfRun(page).innerText(), /, 1 worker$/);
  assert.equal(await warning(page).count(), 0);
  await trainWith(page, 3, 2);
  await page.getByText(/^2 of the workers that share the steps are gone\. The browser did not start it\. .* with 1 worker\.$/).waitFor();
  assert.equal((await runCurve(page)).filter((point) => point.training_loss !== null).length, 2);
}));

test('a script of the share workers that never arrives holds nothing up', () => playground.withPage({
  before: (page, context) => context.route('**/worker/share.js', () => {}), // no answer, ever
}, async (page) => {
  await trainWith(page, 1, 2);
  assert.match(await recordOfRun(page).innerText(), /, 1 worker$/);
}));

test('while a worker still reads the model, the page says for how many the first step waits', () => playground.withPage(
  first('worker/share.js', 'for (const start = performance.now(); performance.now() - start < 4000;);'),
  async (page) => {
    await workersChoice(page).selectOption('2');
    await setting(page, 'Steps').fill('3');
    await startButton(page).click();
    await runStatus(page).filter({ hasText: 'Waiting for 1 more worker …' }).waitFor();
    await runStatus(page).filter({ hasText: 'Finished' }).waitFor();
    assert.match(await recordOfRun(page).innerText(), /, 2 workers$/);
  },
));

test('automatic counts the rows that are trained on, not those held out', () => playground.withPage(first('worker.js', EIGHT_CORES), async (page) => {
  await automaticIs(page, 4);
  const rows = [1, 2, 3, 4].map((number) => ({ input: `Question ${number}?`, output: `Answer ${number}.` }));
  await importText(page, rows.map((row) => JSON.stringify(row)).join('\n'));
  await setting(page, 'Held-out share').fill('0.5');
  await automaticIs(page, 2);
  await workersChoice(page).selectOption('4');
  await page.getByText('A step has 2 examples, so only 2 of the 4 workers share it.').waitFor();
  await train(page, 2);
  assert.match(await recordOfRun(page).innerText(), /, 2 workers$/);
}));

test('what was trained before does not change what automatic means', () => playground.withPage(first('worker.js', EIGHT_CORES), async (page) => {
  const loadAgain = () => page.evaluate(async () => {
    const { engine } = await import(new URL('./engine.js', document.baseURI).href);
    const source = { kind: 'bundled', url: new URL('./models/bundled/', document.baseURI).href, name: 'again' };
    return (await engine.loadModel(source)).workers;
  });
  const fresh = await loadAgain();
  assert.equal(fresh.automatic, 4);
  await setting(page, 'Batch size').fill('10');
  await trainWith(page, 1, 5);
  for (let time = 0; time < 3; time++) assert.deepEqual(await loadAgain(), fresh);
}));
