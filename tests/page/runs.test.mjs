// Runs and prompts that were thrown away: gone until they are brought back, and then nothing newer is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { modelReady, promptNumbers, runNumber, runStatus, setting, startButton, startLong, startPlayground, train, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const training = (page) => page.locator('#step-training');
const chosenPrompt = (page) => page.getByRole('combobox', { name: 'Trained prompt' });
const bringBack = (page) => page.getByRole('button', { name: 'Bring it back' });

/** The run as it is kept in the browser; null where none is. */
const storedRun = (page) => page.evaluate(() => new Promise((resolve, reject) => {
  const opened = indexedDB.open('prompt-playground');
  opened.onerror = () => reject(opened.error);
  opened.onsuccess = () => {
    const asked = opened.result.transaction('state').objectStore('state').get('run');
    asked.onsuccess = () => { opened.result.close(); resolve(asked.result ? { number: asked.result.number, status: asked.result.status } : null); };
  };
}));

/** A run that is cancelled after a checkpoint, so that it can be brought back. */
async function cancelLong(page) {
  await startLong(page);
  await until(() => storedRun(page), (run) => run?.status === 'running', { what: 'a checkpoint' });
  await training(page).getByRole('button', { name: 'Cancel', exact: true }).click();
  await bringBack(page).waitFor();
}

test('a cancelled first run is gone: step 7 says nothing of it, and a reload does not bring it back', () => playground.withPage({}, async (page) => {
  await cancelLong(page);
  await page.waitForTimeout(1500);
  await page.getByText('A reading of the curves stands here after a run in step 5.').waitFor();
  assert.equal(await page.locator('.reading-verdict').count(), 0);
  assert.equal(await storedRun(page), null);
  await page.reload();
  await modelReady(page);
  await training(page).getByText('The loss, the speed and the time left will stand here.').waitFor();
}));

test('a reload in the middle of a run says so, and the run goes on from where it was kept', () => playground.withPage({}, async (page) => {
  await startLong(page);
  await until(() => storedRun(page), (run) => run?.status === 'running', { what: 'a checkpoint' });
  await page.reload();
  await modelReady(page);
  const notice = page.getByText(/^The page was closed or reloaded while run 1 was under way\. It is kept up to step \d+ of/);
  await notice.waitFor();
  await runStatus(page).filter({ hasText: 'Interrupted' }).waitFor();
  await page.getByRole('button', { name: 'Go to step 5' }).click();
  await until(() => training(page).evaluate((card) => Math.abs(card.getBoundingClientRect().top) < innerHeight / 2), Boolean, { what: 'step 5 in the window' });
  const kept = await runNumber(page, 'Step');
  await training(page).getByRole('button', { name: /^Continue to step/ }).click();
  await until(() => runNumber(page, 'Step'), (step) => step > kept, { what: 'a step after it' });
  assert.equal(await training(page).getByText('The page was closed or reloaded').count(), 0);
}));

test('a cancelled run that is brought back leaves the run after it, and its prompt, as they are', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  await cancelLong(page);
  await train(page, 3);
  await training(page).getByText(/^run 2, /).waitFor();
  const prompt = await promptNumbers(page, '[TECH_SUPPORT]');

  await bringBack(page).click();
  await runStatus(page).filter({ hasText: 'Stopped' }).waitFor();
  await training(page).getByText(/^run 3, /).waitFor();
  await training(page).getByText('Earlier runs (2)').click();
  const earlier = training(page).getByRole('region', { name: 'Earlier runs' }).locator('tbody th');
  assert.deepEqual((await earlier.allInnerTexts()).map((text) => Number.parseInt(text, 10)), [2, 1]);
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt, 'the prompt of run 2');
  await training(page).getByText(/Under \[TECH_SUPPORT\] stands the prompt of another run/).waitFor();
  await training(page).getByRole('button', { name: /^Use the (mean )?prompt of step/ }).click();
  assert.notDeepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt, 'the prompt of run 3');

  await cancelLong(page);
  await startLong(page);
  await bringBack(page).click();
  const offered = page.locator('.notice').filter({ hasText: 'A run is under way; the cancelled one can be brought back when it has ended.' });
  await offered.waitFor();
  await training(page).getByRole('button', { name: 'Cancel', exact: true }).click();
  await runStatus(page).filter({ hasText: 'Stopped' }).waitFor();
  await bringBack(offered).click();
  await training(page).getByText(/^run 4, /).waitFor();
  await training(page).getByText(/now stands under \[TECH_SUPPORT\]/).waitFor();
}));

test('a crash after cancel was pressed changes nothing: the run is gone and the prompt before it stays', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  const prompt = await promptNumbers(page, '[TECH_SUPPORT]');
  await startLong(page);
  await until(() => storedRun(page), (run) => run?.number === 2, { what: 'a checkpoint' });
  await page.workers()[0].evaluate(() => {
    const take = self.onmessage;
    self.onmessage = (message) => {
      if (message.data.type !== 'control') take.call(self, message);
      else performance.now = () => { throw new WebAssembly.RuntimeError('unreachable'); };
    };
  });
  await training(page).getByRole('button', { name: 'Cancel', exact: true }).click();
  await bringBack(page).waitFor();
  await training(page).getByText(/^run 1, /).waitFor();
  await runStatus(page).filter({ hasText: 'Finished' }).waitFor();
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt);
}));

test('a cancel that arrives as the run ends is heeded', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  const prompt = await promptNumbers(page, '[TECH_SUPPORT]');
  await setting(page, 'Steps').fill('20');
  await startButton(page).click();
  await until(() => runNumber(page, 'Step'), (step) => step >= 2);
  await page.workers()[0].evaluate(() => {
    const take = self.onmessage;
    self.onmessage = (message) => { if (message.data.type !== 'control') take.call(self, message); };
  });
  await training(page).getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByText('The run was cancelled').waitFor({ timeout: 60_000 });
  await training(page).getByText(/^run 1, /).waitFor();
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt);
}));

test('a deleted prompt that is brought back leaves a newer one of the same name', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  const first = await promptNumbers(page, '[TECH_SUPPORT]');
  await page.getByRole('button', { name: 'Delete [TECH_SUPPORT]' }).click();
  await train(page, 3);
  const second = await promptNumbers(page, '[TECH_SUPPORT]');
  await bringBack(page).click();
  await page.getByText('A newer prompt stands under [TECH_SUPPORT], so the one that was deleted is back as [TECH_SUPPORT_2].').waitFor();
  assert.equal(await chosenPrompt(page).inputValue(), '[TECH_SUPPORT_2]');
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), second);
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT_2]'), first);
}));
