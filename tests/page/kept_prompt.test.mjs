// What a run keeps: the mean of its prompts from the lowest held-out loss on, while the loss stays within 3 % of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { unzipSync } from '../../www/vendor/fflate/fflate.js';
import { box, modelReady, promptNumbers, runCurve, runNumber, runStatus, setting, startButton, startLong, startPlayground, train, trapNext, unfold, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const outcome = (page) => page.locator('#step-training .outcome');

/** What the page says that it keeps: the first step, the last one, how many count, and the held-out loss. */
async function kept(page) {
  const sentence = await outcome(page).getByText(/ prompt of steps? .* now stands under/).innerText();
  const [, mean, first, last = first] = sentence.match(/The (mean )?prompt of steps? (\d+)(?: to (\d+))? now stands under/);
  const choice = await page.locator('#step-test').getByText(/(Mean of \d+ prompts up to step|Step) \d+, held-out loss/).innerText();
  const [, count = '1', through, loss] = choice.match(/(?:Mean of (\d+) prompts up to step|Step) (\d+), held-out loss ([\d.]+)/);
  assert.equal(through, last, 'steps 5 and 6 name the same last step');
  assert.equal(Boolean(mean), Number(count) > 1, `${sentence} ${choice}`);
  return { step: Number(first), through: Number(last), count: Number(count), loss: Number(loss) };
}

const lowestOf = (measured) => measured.reduce((low, point) => (point.held_out_loss < low.held_out_loss ? point : low));
const measuredIn = (curve) => curve.filter((point) => point.held_out_loss !== null);

/** What is kept begins at the lowest measurement and counts only near ones; where the mean was not near, one may be left out. */
function assertAllowed({ step, through, count, loss }, measured) {
  const lowest = lowestOf(measured);
  const near = measured.filter((point) => point.step >= lowest.step && point.step <= through && point.held_out_loss <= 1.03 * lowest.held_out_loss);
  assert.equal(step, lowest.step, 'the lowest step');
  assert.equal(near.at(-1)?.step, through, 'the last step that counts is near');
  assert.ok(count >= 1 && count <= near.length, `${count} count, ${near.length} are near`);
  assert.ok(count > 1 === through > step, `${count} from step ${step} to ${through}`);
  assert.ok(loss < 1.03 * lowest.held_out_loss + 0.0005, `the mean does about as well as the lowest step: ${loss} and ${lowest.held_out_loss}`);
}

test('the mean of the steps near the lowest held-out loss is kept, measured, named, saved and gone on from', () => playground.withPage({}, async (page) => {
  await unfold(page, 'More settings');
  await setting(page, 'Evaluate every').fill('2');
  await setting(page, 'Learning rate').fill('0.03'); // so low that the steps after the lowest are near it
  await setting(page, 'Stop early after').fill('3'); // so that there are some
  await setting(page, 'Steps').fill('400');
  await startButton(page).click();
  await outcome(page).getByText(/^Stopped early, at step \d+/).waitFor({ timeout: 240_000 });
  const measured = measuredIn(await runCurve(page));
  const lowest = lowestOf(measured);
  const { step, through, count, loss } = await kept(page);
  assertAllowed({ step, through, count, loss }, measured);
  assert.ok(count > 1 && step > 0, `several steps count: ${count} from step ${step}`);
  const choice = outcome(page).getByRole('radio', { name: new RegExp(`^Steps ${step} to ${through}, mean of ${count} prompts recommended, held-out loss ${loss.toFixed(3)}`) });
  assert.ok(await choice.isChecked());

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save for PEFT' }).click()]);
  const card = new TextDecoder().decode(unzipSync(new Uint8Array(readFileSync(await download.path())))['tech-support/README.md']);
  assert.match(card, new RegExp(`steps \\| ${through} of 400 \\(mean of the prompts of ${count} of them\\)`));

  await page.getByLabel('Start from', { exact: true }).selectOption('[TECH_SUPPORT]');
  await box(page, 'Prefix token').fill('[MORE]');
  await train(page, 2);
  const [start] = await runCurve(page);
  assert.equal(start.held_out_loss.toFixed(3), loss.toFixed(3), 'a run from it begins at the loss that was named');
  assert.ok(start.held_out_loss <= 1.03 * lowest.held_out_loss, `${start.held_out_loss} and ${lowest.held_out_loss}`);
  assert.notEqual(start.held_out_loss, lowest.held_out_loss, 'it is not the lowest step alone');
}));

test('a run that goes on keeps its mean where nothing better comes, and takes another where it does', () => playground.withPage({}, async (page) => {
  await unfold(page, 'More settings');
  await setting(page, 'Evaluate every').fill('2');
  await train(page, 24);
  const first = measuredIn(await runCurve(page));
  const before = await kept(page);
  assertAllowed(before, first);
  await outcome(page).getByRole('button', { name: /^Train 50 more steps/ }).click();
  await runStatus(page).filter({ hasText: 'Training' }).waitFor();
  await runStatus(page).filter({ hasText: 'Finished' }).waitFor({ timeout: 180_000 });
  const curve = await runCurve(page);
  assert.equal(curve.at(-1).step, 74);
  const after = measuredIn(curve).filter((point) => point.step >= 24);
  if (lowestOf(after).held_out_loss <= lowestOf(first).held_out_loss) assertAllowed(await kept(page), after);
  else assert.deepEqual(await kept(page), before);
}));

test('after a few steps that each bring the loss down, the last one alone is kept', () => playground.withPage({}, async (page) => {
  await unfold(page, 'More settings');
  await setting(page, 'Evaluate every').fill('1');
  await train(page, 4);
  assert.equal(lowestOf(measuredIn(await runCurve(page))).step, 4);
  await outcome(page).getByText('The prompt of step 4 now stands under').waitFor();
  assert.equal(await outcome(page).getByRole('radio').count(), 0, 'there is nothing to choose');
}));

test('a run that goes on and fails at once still keeps what it kept', () => playground.withPage({}, async (page) => {
  await unfold(page, 'More settings');
  await setting(page, 'Evaluate every').fill('1');
  await setting(page, 'Warm-up share').fill('0');
  await setting(page, 'Learning rate').fill('5'); // so high that the first step makes it worse
  await train(page, 1);
  const prompt = await promptNumbers(page, '[TECH_SUPPORT]');
  await trapNext(page.workers()[0]);
  await outcome(page).getByRole('button', { name: /^Train 50 more steps/ }).click();
  await runStatus(page).filter({ hasText: 'Ended by an error' }).waitFor();
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt);
  await modelReady(page);
  const best = outcome(page).getByRole('radio', { name: /^Step 0, the lowest loss/ });
  assert.ok(await best.isChecked());
  await outcome(page).getByRole('radio', { name: /^Step 1, the last/ }).check();
  assert.notDeepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt, 'the other can be chosen');
}));

test('a run that is stopped before its first measurement keeps what it has trained', () => playground.withPage({}, async (page) => {
  await unfold(page, 'More settings');
  await setting(page, 'Evaluate every').fill('1000');
  await startLong(page);
  await page.locator('#step-training').getByRole('button', { name: 'Stop and keep' }).click();
  await outcome(page).getByText(/^The prompt of step [1-9]\d* now stands under/).waitFor();
}));

test('a run that fails leaves the prompt of another run where it stands, and offers its own, after a reload too', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  const prompt = await promptNumbers(page, '[TECH_SUPPORT]');
  await startLong(page);
  await until(() => runNumber(page, 'Step'), (step) => step >= 6, { what: 'a held-out loss after the first step' });
  await page.locator('#step-training').getByRole('button', { name: 'Pause' }).click();
  await runStatus(page).filter({ hasText: 'Paused' }).waitFor();
  await trapNext(page.workers()[0]);
  await page.locator('#step-training').getByRole('button', { name: 'Continue', exact: true }).click();
  await runStatus(page).filter({ hasText: 'Ended by an error' }).waitFor();
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt);
  await outcome(page).getByText(/Under \[TECH_SUPPORT\] stands the prompt of another run/).waitFor();
  await page.waitForTimeout(1000); // until it is saved
  await page.reload();
  await modelReady(page);
  assert.deepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt);
  await outcome(page).getByRole('button', { name: /^Use the prompt of step \d+/ }).click();
  await outcome(page).getByText(/now stands under \[TECH_SUPPORT\]/).waitFor();
  assert.notDeepEqual(await promptNumbers(page, '[TECH_SUPPORT]'), prompt);
}));
