// A browser that lacks something, and a worker that dies: said in a sentence, and the page goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answersTo, box, datasetRows, modelReady, promptNumbers, runNumber, runStatus, setting, startButton, startLong, startPlayground, train, trapNext, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const storageNotice = (page) => page.getByText(/changes are kept only until this tab is closed/);

test('storage is forbidden: said once, and everything works in memory', () => playground.withPage({
  before: (page) => page.addInitScript(() => {
    IDBFactory.prototype.open = () => { throw new DOMException('The operation is insecure.', 'SecurityError'); };
    Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('Denied', 'SecurityError'); } });
  }),
}, async (page) => {
  assert.equal(await storageNotice(page).count(), 1);
  await box(page, 'Input of row 1').fill('In memory only');
  await train(page, 2);
  assert.equal((await datasetRows(page))[0].input, 'In memory only');
  assert.equal(await storageNotice(page).count(), 1);
}));

test('storage is full: said once, and everything works in memory', () => playground.withPage({
  before: async (page, context) => {
    const devtools = await context.newCDPSession(page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(playground.url).origin, quotaSize: 1000 });
  },
}, async (page) => {
  await box(page, 'Input of row 1').fill('Too much '.repeat(10_000));
  await storageNotice(page).waitFor();
  await box(page, 'Input of row 2').fill('More');
  await train(page, 2);
  assert.equal((await datasetRows(page))[1].input, 'More');
  assert.equal(await storageNotice(page).count(), 1);
}));

test('a second tab says that it saves nothing, leaves what the first one saves, and does not call its run interrupted', () => playground.withPage({}, async (page, { context }) => {
  const onlyThere = (tab) => tab.getByText(/open in another tab, and only that one saves/);
  await box(page, 'Input of row 1').fill('Of the first tab');
  await startLong(page);
  await until(() => runNumber(page, 'Step'), (step) => step >= 15, { what: 'steps that are saved' });
  const second = await context.newPage();
  await second.goto(page.url());
  await onlyThere(second).waitFor();
  await runStatus(second).filter({ hasText: 'Stopped' }).waitFor();
  assert.equal(await second.getByText('The page was closed or reloaded').count(), 0);
  await page.locator('#step-training').getByRole('button', { name: 'Stop and keep' }).click();
  await runStatus(page).filter({ hasText: 'Stopped' }).waitFor();
  await box(second, 'Input of row 1').fill('Of the second tab');
  await second.waitForTimeout(500); // longer than the page waits before it saves
  await second.close();
  await page.reload();
  await modelReady(page);
  assert.equal((await datasetRows(page))[0].input, 'Of the first tab');
  assert.equal(await onlyThere(page).count(), 0, 'a reload is the same tab');
}));

/** The page's probe of SIMD, with an instruction that no browser knows in the place of the one that it asks about. */
async function withoutSimd(page) {
  await page.route('**/worker/simd.js', async (route) => {
    const source = await (await route.fetch()).text();
    const changed = source.replaceAll('253, 15', '253, 255, 255, 3');
    assert.notEqual(changed, source, 'the probe has the instruction that is replaced');
    await route.fulfill({ body: changed, contentType: 'text/javascript' });
  });
}

test('a browser without SIMD is told which browsers work, and can still edit and keep its data', () => playground.withPage({
  before: withoutSimd, wait: false,
}, async (page) => {
  await page.getByRole('alert').getByText(/no SIMD/).waitFor();
  assert.ok(await startButton(page).isDisabled());
  await box(page, 'Input of row 1').fill('Kept');
  await page.waitForTimeout(400);
  await page.reload();
  await page.getByRole('alert').getByText(/no SIMD/).waitFor();
  assert.equal(await box(page, 'Input of row 1').inputValue(), 'Kept');
  await page.waitForTimeout(1500);
  assert.equal(await page.getByText(/no SIMD/).count(), 1, 'said once');
}));

test('a crash of the worker in mid-run: said, restarted, and the last soft prompt is back', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('5000');
  await startButton(page).click();
  await until(() => runNumber(page, 'Step'), (step) => step >= 8, { timeout: 120_000 });
  await page.locator('#step-training').getByRole('button', { name: 'Pause' }).click();
  await runStatus(page).filter({ hasText: 'Paused' }).waitFor();
  const step = await runNumber(page, 'Step');
  await page.locator('#step-training').getByRole('button', { name: 'Continue', exact: true }).click();
  const [worker] = page.workers();
  await trapNext(worker);
  await page.getByRole('alert').getByText(/stopped because of a fault|stopped unexpectedly/).first().waitFor();
  await runStatus(page).filter({ hasText: 'Ended by an error' }).waitFor();
  await modelReady(page);
  const areOld = () => page.workers().map((one) => one === worker);
  await until(areOld, (old) => old.length === 1 && !old[0], { what: 'a new worker in place of the old one' });

  assert.equal(await page.getByRole('combobox', { name: 'Trained prompt' }).inputValue(), '[TECH_SUPPORT]');
  const best = await page.evaluate(async () => {
    const { run } = await import(new URL('run.js', document.baseURI).href);
    const { step, softPrompt } = run.value.best;
    return { step, numbers: Array.from(softPrompt.vectors.slice(0, 8)) };
  });
  assert.ok(best.step <= step, 'about the lowest held-out loss, as at the last checkpoint');
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), best.numbers);
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  assert.notEqual((await answersTo(page, 1)).tuned, '');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save for PEFT' }).click()]);
  assert.match(download.suggestedFilename(), /\.zip$/);
  const resume = page.locator('#step-training').getByRole('button', { name: /^Continue from step \d+/ });
  assert.ok(Number((await resume.innerText()).match(/\d+/)[0]) >= step, 'at least the pause is kept');
  await resume.click();
  await until(() => runNumber(page, 'Step'), (now) => now > step);
  await page.locator('#step-training').getByRole('button', { name: 'Cancel' }).click();
}));

test('cancel is heeded while the model is read again after a crash', () => {
  let reading = Promise.resolve();
  return playground.withPage({
    before: (page, context) => context.route('**/models/bundled/config.json', async (route) => { await reading; await route.continue(); }),
  }, async (page) => {
    const training = page.locator('#step-training');
    await startLong(page);
    await training.getByRole('button', { name: 'Pause' }).click();
    await runStatus(page).filter({ hasText: 'Paused' }).waitFor();
    let read;
    reading = new Promise((resolve) => { read = resolve; });
    await trapNext(page.workers()[0]);
    await training.getByRole('button', { name: 'Continue', exact: true }).click();
    const goOn = training.getByRole('button', { name: /^Continue from step \d+/ });
    await goOn.click();
    await runStatus(page).filter({ hasText: 'Starting' }).waitFor();
    await training.getByRole('button', { name: 'Cancel' }).click();
    await runStatus(page).filter({ hasText: 'Stopping' }).waitFor();
    read();
    await runStatus(page).filter({ hasText: 'Ended by an error' }).waitFor();
    await page.getByText('The run was cancelled').waitFor();
    await goOn.and(page.locator(':enabled')).waitFor();
  });
});

test('a crash while nothing runs: the model is loaded again and training works', () => playground.withPage({}, async (page) => {
  await page.workers()[0].evaluate(() => { setTimeout(() => { throw new Error('gone'); }); });
  await page.getByRole('alert').getByText(/stopped unexpectedly/).waitFor();
  await modelReady(page);
  await train(page, 2);
}));

test('once it is open, training, asking and saving the prompt need no network', () => playground.withPage({
  expected: /ERR_INTERNET_DISCONNECTED/, // Chromium looks for the icon again whenever the address changes
}, async (page, { context, requested }) => {
  await context.setOffline(true);
  requested.length = 0;
  await train(page, 2);
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  assert.notEqual((await answersTo(page, 1)).tuned, '');
  assert.deepEqual(requested.filter((address) => !/favicon|^(blob|data):/.test(address)), []);
}));
