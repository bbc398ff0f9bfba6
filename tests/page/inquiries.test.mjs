// Step 6: an inquiry that was deleted comes back as it was.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { box, chapter, startPlayground, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const questions = (page) => page.getByRole('textbox', { name: /^Inquiry \d+$/ }).evaluateAll((boxes) => boxes.map((one) => one.value));

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
