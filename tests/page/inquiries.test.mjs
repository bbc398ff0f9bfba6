// Step 6: an inquiry that was deleted comes back as it was, and answers that are there stay until new ones take their place.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answersTo, box, chapter, modelReady, startPlayground, train, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const questions = (page) => page.getByRole('textbox', { name: /^Inquiry \d+$/ }).evaluateAll((boxes) => boxes.map((one) => one.value));
const answerTexts = (page) => page.locator('#step-test .answer').evaluateAll((cells) => cells.map((cell) => cell.querySelector('.answer-text, .answer-empty')?.innerText));

test('a deleted inquiry is brought back with its reference answer, where it stood', () => playground.withPage({}, async (page) => {
  await page.getByRole('button', { name: 'Add a reference answer to inquiry 2' }).click();
  await page.getByLabel(/^Reference answer/).fill('Hold the button for ten seconds.');
  const deleteSecond = page.getByRole('button', { name: 'Delete inquiry 2' });
  await deleteSecond.click();
  await deleteSecond.click();
  assert.deepEqual(await questions(page), [chapter.test[0], ...chapter.test.slice(3)]);
  const back = (question) => page.locator('.notice').filter({ hasText: question.slice(0, 40) }).getByRole('button', { name: 'Bring it back' });
  await back(chapter.test[2]).click();
  await back(chapter.test[1]).click();
  await until(() => questions(page), (now) => now.length === chapter.test.length);
  assert.deepEqual(await questions(page), chapter.test);
  const second = page.locator('#step-test').getByRole('listitem').filter({ has: box(page, 'Inquiry 2') });
  assert.equal(await second.getByLabel(/^Reference answer/).inputValue(), 'Hold the button for ten seconds.');
  await until(() => page.evaluate(() => document.activeElement.getAttribute('aria-label')), (name) => name === 'Inquiry 2', { what: 'the focus on what came back' });
}));

test('Ctrl+Enter asks the inquiry that is being written', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  await box(page, 'Maximum length').fill('8');
  await box(page, 'Inquiry 2').fill('Do you sell bread?');
  await box(page, 'Inquiry 2').press('Control+Enter');
  assert.equal(await box(page, 'Inquiry 2').inputValue(), 'Do you sell bread?');
  assert.ok((await answersTo(page, 2)).base.length > 0);
}));

test('stopping "Ask all" leaves the answers whose turn had not come', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  await box(page, 'Maximum length').fill('8');
  await page.getByRole('button', { name: 'Ask all' }).click();
  for (let number = 1; number <= chapter.test.length; number++) await answersTo(page, number);
  const before = await answerTexts(page);
  assert.equal(before.length, 3 * chapter.test.length);
  await box(page, 'Maximum length').fill('2000');
  // in the page: the answers end by themselves within a few moments
  await page.locator('#step-test').evaluate(async (section) => {
    const button = (name) => [...section.querySelectorAll('button')].find((one) => one.innerText.trim() === name);
    button('Ask all').click();
    for (const end = performance.now() + 20_000; !/answers? to go/.test(section.innerText);) {
      if (performance.now() > end) throw new Error('nothing was asked');
      await new Promise((done) => setTimeout(done));
    }
    button('Stop').click();
  });
  await page.getByText(/answers? to go/).waitFor({ state: 'hidden' });
  assert.deepEqual((await answerTexts(page)).slice(6), before.slice(6));
  const counts = page.locator('#step-analysis .pattern-counts').first();
  await counts.getByText(`of ${chapter.test.length - 1}`).waitFor({ timeout: 5_000 }); // the answer that was cut off is no answer
  assert.equal(await counts.getByText(`of ${chapter.test.length}`).count(), 2);
}));

test('a prefix token in front of an inquiry is read nowhere as text', () => playground.withPage({}, async (page) => {
  const [{ input }] = chapter.examples;
  await box(page, 'Inquiry 1').fill(`[TECH_SUPPORT] ${input}`);
  await until(() => page.getByLabel('Question', { exact: true }).getAttribute('placeholder'), (text) => text === input, { what: 'the sample question of a first run' });
  await train(page, 2);
  await page.locator('#step-test').getByText(`This nearly repeats row 1 of the dataset`).waitFor();
  assert.equal((await page.locator('.voice-question').innerText()).replace(/\s+/g, ' ').trim(), `[TECH_SUPPORT] ${input}`);
}));

test('answers are there again after a reload, and up to date', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  await box(page, 'Maximum length').fill('8');
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  await answersTo(page, 1);
  const before = await answerTexts(page);
  await page.waitForTimeout(500); // longer than the page waits before it saves
  await page.reload();
  await modelReady(page);
  assert.deepEqual(await answerTexts(page), before);
  assert.equal(await page.getByText('Asked before the last change').count(), 0);
  await box(page, 'Maximum length').fill('9');
  await page.getByText('Asked before the last change').first().waitFor();
}));
