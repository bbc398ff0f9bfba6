// Step 5: pause, continue, stop and cancel act within 200 ms, and the page's main thread never waits.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  box, clickUntil, holdWorker, longestTask, pauseContinueStop, runNumber, runStatus, setting, startButton, startLong, startPlayground, train, until,
} from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const LIMIT_MS = 200;
const button = (page, name) => page.locator('#step-training').getByRole('button', { name, exact: true });

test('pause holds the run, continue goes on, stop keeps the prompt', () => playground.withPage({}, async (page) => {
  const { paused, continued, stopped } = await pauseContinueStop(page);
  const times = { paused, continued, stopped };
  for (const [what, time] of Object.entries(times)) assert.ok(time < LIMIT_MS, `${what} after ${Math.round(time)} ms`);
  assert.equal(await page.getByRole('combobox', { name: 'Trained prompt' }).inputValue(), '[TECH_SUPPORT]');
}));

test('cancel throws the run away and leaves the prompt before it', () => playground.withPage({}, async (page) => {
  await train(page, 3);
  const kept = await page.getByRole('combobox', { name: 'Trained prompt' }).evaluate((box) => box.closest('.field').innerText);
  await startLong(page);
  const time = await clickUntil(page, 'Cancel', '\\bFinished\\b');
  assert.ok(time < LIMIT_MS, `cancelled after ${Math.round(time)} ms`);
  await page.getByText('The run was cancelled').waitFor();
  assert.equal(await page.getByRole('combobox', { name: 'Trained prompt' }).evaluate((box) => box.closest('.field').innerText), kept);
  assert.ok(await startButton(page).isEnabled());
}));

test('cancel is heeded while the rows of a run are still being looked at', () => playground.withPage({}, async (page) => {
  const letGo = await holdWorker(page);
  await startButton(page).click();
  await runStatus(page).filter({ hasText: 'Starting' }).waitFor();
  await button(page, 'Cancel').click();
  const idle = page.locator('#step-training').getByText('The loss, the speed and the time left will stand here.');
  await idle.waitFor();
  await page.getByText('The run was cancelled before it began').waitFor();
  await letGo();
  await page.waitForTimeout(1000);
  assert.ok(await idle.isVisible(), 'nothing has begun');
  await train(page, 2);
  await page.locator('#step-training').getByText(/^run 1, /).waitFor();
}));

test('a stopped run continues to its last step, and trains on from there', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('12');
  await startButton(page).click();
  await until(() => runNumber(page, 'Step'), (step) => step >= 2, { every: 10 });
  await button(page, 'Stop and keep').click();
  await runStatus(page).filter({ hasText: 'Stopped' }).waitFor();
  const step = await runNumber(page, 'Step');
  assert.ok(step < 12, `stopped at step ${step}`);
  await button(page, 'Continue to step 12').click();
  await runStatus(page).filter({ hasText: 'Finished' }).waitFor();
  assert.equal(await runNumber(page, 'Step'), 12);
  await page.getByLabel('More steps', { exact: true }).fill('3');
  await button(page, 'Train 3 more steps').click();
  await until(async () => [await runNumber(page, 'Step'), await runStatus(page).innerText()], ([now, status]) => now === 15 && /Finished/.test(status));
}));

test('asking in step 6 can be stopped at any time', () => playground.withPage({}, async (page) => {
  await box(page, 'Maximum length').fill('2000');
  const step = page.locator('#step-test');
  await page.getByRole('button', { name: 'Ask all' }).and(page.locator(':enabled')).waitFor();
  // in the page: the answers end by themselves within a few moments
  await step.evaluate(async (section) => {
    const button = (name) => [...section.querySelectorAll('button')].find((one) => one.innerText.trim() === name);
    button('Ask all').click();
    for (const end = performance.now() + 20_000; !/\d+ answers? to go/.test(section.innerText);) {
      if (performance.now() > end) throw new Error('nothing was asked');
      await new Promise((done) => setTimeout(done));
    }
    button('Stop').click();
  });
  await until(() => page.getByRole('button', { name: 'Ask all' }).isEnabled(), (enabled) => enabled, { timeout: 1000 });
  await step.getByText(/, stopped by you$/).waitFor();
  assert.ok(await step.getByText(/^[\d,]+ tokens/).count() < 10, 'the others were not written');
}));

test('no task of the main thread takes more than 50 ms while it trains', (t) => playground.withPage({}, async (page) => {
  const longest = await longestTask(page, () => train(page, 40));
  t.diagnostic(`the longest task took ${longest.toFixed(1)} ms`);
  assert.ok(longest > 0 && longest < 50, `${longest} ms`);
}));
