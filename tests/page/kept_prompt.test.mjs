// What a run keeps: the mean of its prompts from the lowest held-out loss on, while the loss stays within 3 % of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { unzipSync } from '../../www/vendor/fflate/fflate.js';
import { box, runCurve, runStatus, setting, startPlayground, train } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground.close());

const outcome = (page) => page.locator('#step-training .outcome');

/** What of the curve should be kept: the lowest measurement and those after it that are near. */
function expected(curve) {
  const measured = curve.filter((point) => point.held_out_loss !== null);
  const lowest = measured.reduce((low, point) => (point.held_out_loss < low.held_out_loss ? point : low));
  const near = measured.filter((point) => point.step >= lowest.step && point.held_out_loss <= 1.03 * lowest.held_out_loss);
  return { lowest, through: near.at(-1).step, count: near.length };
}

test('the mean of the steps near the lowest held-out loss is kept, measured, named, saved and gone on from', () => playground.withPage({}, async (page) => {
  await page.getByText('More settings', { exact: true }).click();
  await setting(page, 'Evaluate every').fill('2');
  await train(page, 50);
  const { lowest, through, count } = expected(await runCurve(page));
  assert.ok(count > 1 && lowest.step > 0, `several steps are near the lowest: ${count} from step ${lowest.step}`);
  const name = `steps ${lowest.step} to ${through}`;
  await outcome(page).getByText(`The mean prompt of ${name} now stands under`).waitFor();
  const choice = outcome(page).getByRole('radio', { name: new RegExp(`^S${name.slice(1)}, the best mean of ${count} prompts, held-out loss`) });
  assert.ok(await choice.isChecked());
  const loss = Number((await choice.evaluate((radio) => radio.closest('label').innerText)).match(/held-out loss ([\d.]+)/)[1]);
  assert.ok(loss < 1.03 * lowest.held_out_loss, `the mean does about as well as the lowest step: ${loss} and ${lowest.held_out_loss}`);

  await page.locator('#step-test').getByText(`Mean of ${count} prompts up to step ${through}, held-out loss`).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save for PEFT' }).click()]);
  const card = new TextDecoder().decode(unzipSync(new Uint8Array(readFileSync(await download.path())))['tech-support/README.md']);
  assert.match(card, new RegExp(`steps \\| ${through} of 50 \\(mean of the prompts of ${count} of them\\)`));

  await page.getByLabel('Start from', { exact: true }).selectOption('[TECH_SUPPORT]');
  await box(page, 'Prefix token').fill('[MORE]');
  await train(page, 2);
  const [start] = await runCurve(page);
  assert.equal(start.held_out_loss.toFixed(3), loss.toFixed(3), 'a run from it begins at the loss that was named');
  assert.notEqual(start.held_out_loss, lowest.held_out_loss, 'it is not the lowest step alone');
}));

test('a run that goes on keeps its mean where nothing better comes, and takes another where it does', () => playground.withPage({}, async (page) => {
  await page.getByText('More settings', { exact: true }).click();
  await setting(page, 'Evaluate every').fill('2');
  await train(page, 50);
  const before = expected(await runCurve(page));
  await outcome(page).getByRole('button', { name: /^Train 50 more steps/ }).click();
  await runStatus(page).filter({ hasText: 'Training' }).waitFor();
  await runStatus(page).filter({ hasText: 'Finished' }).waitFor({ timeout: 180_000 });
  const curve = await runCurve(page);
  assert.equal(curve.at(-1).step, 100);
  const after = curve.filter((point) => point.held_out_loss !== null && point.step >= 50);
  const lowest = Math.min(...after.map((point) => point.held_out_loss));
  const { lowest: { step }, through } = lowest <= before.lowest.held_out_loss ? expected(after) : before;
  const name = through > step ? `mean prompt of steps ${step} to ${through}` : `prompt of step ${step}`;
  await outcome(page).getByText(`The ${name} now stands under`).waitFor();
}));

test('after a few steps that each bring the loss down, the last one alone is kept', () => playground.withPage({}, async (page) => {
  await page.getByText('More settings', { exact: true }).click();
  await setting(page, 'Evaluate every').fill('1');
  await train(page, 4);
  const { lowest, through, count } = expected(await runCurve(page));
  assert.deepEqual([lowest.step, through, count], [4, 4, 1]);
  await outcome(page).getByText('The prompt of step 4 now stands under').waitFor();
  assert.equal(await outcome(page).getByRole('radio').count(), 0, 'there is nothing to choose');
}));
