// The chapter's exercise on the bundled model, as a person does it: train, test, look at the evidence, come back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answersTo, box, chapter, datasetRows, modelReady, runCurve, runNumber, runStatus, setting, startButton, startPlayground, train, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('forty steps lower the loss by a third or more, and the tuned answers take the voice', () => playground.withPage({}, async (page) => {
  await train(page, 40);
  const curve = await runCurve(page);
  const losses = curve.map((point) => point.training_loss).filter((loss) => loss !== null);
  assert.equal(losses.length, 40);
  const [start, end] = [mean(losses.slice(0, 5)), mean(losses.slice(-5))];
  assert.ok(end <= start * 2 / 3, `training loss ${start} -> ${end}`);
  const heldOut = curve.filter((point) => point.held_out_loss !== null);
  assert.equal(heldOut[0].step, 0, 'the baseline is measured before the first step');
  assert.ok(heldOut.at(-1).held_out_loss < heldOut[0].held_out_loss, 'the loss on rows that were not trained on');

  const voice = page.getByRole('slider', { name: 'Answer after step' });
  const last = Number(await voice.getAttribute('max'));
  assert.ok(last >= 4, 'an answer before training and after 10, 20, 30, 40 steps');
  const answer = () => page.locator('#step-training blockquote').innerText();
  const late = await answer();
  await voice.press('Home');
  assert.notEqual(await answer(), late);
  assert.match(await page.locator('#step-training output').innerText(), /before training/);

  await page.getByRole('button', { name: 'Ask all' }).click();
  for (let number = 1; number <= chapter.test.length; number++) {
    const { base, discrete, tuned } = await answersTo(page, number);
    assert.ok(base.length > 0 && discrete.length > 0 && tuned.length > 0);
    assert.notEqual(tuned, base, `inquiry ${number}`);
  }
}));

test('the first button of the page trains, with nothing else to do', () => playground.withPage({}, async (page) => {
  await page.getByRole('button', { name: 'Train now' }).click();
  await until(() => runNumber(page, 'Step'), (step) => step >= 3);
  assert.match(await runStatus(page).innerText(), /Training/);
  await until(() => page.locator('#step-training').evaluate((card) => Math.abs(card.getBoundingClientRect().top)), (top) => top < 200);
}));

test('the same seed gives the same numbers, another seed others', () => playground.withPage({}, async (page) => {
  const losses = async (seed) => {
    await setting(page, 'Seed').fill(String(seed));
    await train(page, 3);
    return (await runCurve(page)).map((point) => [point.training_loss, point.held_out_loss]);
  };
  const first = await losses(7);
  assert.deepEqual(await losses(7), first);
  assert.notDeepEqual(await losses(8), first);
}));

test('a reload keeps everything that was typed and trained', () => playground.withPage({}, async (page) => {
  await box(page, 'Input of row 1').fill('Is my robot broken?');
  await box(page, 'Objective').fill('Answer like a pirate.');
  await setting(page, 'Prefix token').fill('[PIRATE]');
  await box(page, 'Inquiry 1').fill('Where is the treasure?');
  await box(page, 'Your conclusions').fill('More rum.');
  await box(page, 'Repetition penalty').fill('1.25');
  await train(page, 3);
  const [loss, hash] = [await runNumber(page, 'Training loss'), page.url()];
  await box(page, 'Output of row 2').fill('Typed just before the reload.');
  await page.reload();
  await modelReady(page);

  const rows = await datasetRows(page);
  assert.equal(rows[0].input, 'Is my robot broken?');
  assert.equal(rows[1].output, 'Typed just before the reload.');
  assert.deepEqual(rows.slice(2), chapter.examples.slice(2));
  assert.equal(await box(page, 'Objective').inputValue(), 'Answer like a pirate.');
  assert.equal(await setting(page, 'Prefix token').inputValue(), '[PIRATE]');
  assert.equal(await box(page, 'Inquiry 1').inputValue(), 'Where is the treasure?');
  assert.equal(await box(page, 'Your conclusions').inputValue(), 'More rum.');
  assert.equal(await box(page, 'Repetition penalty').inputValue(), '1.25');
  assert.equal(page.url(), hash);
  assert.equal(await runNumber(page, 'Training loss'), loss);
  assert.match(await runStatus(page).innerText(), /Finished/);
  assert.equal(await page.getByRole('combobox', { name: 'Trained prompt' }).inputValue(), '[PIRATE]');
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  assert.notEqual((await answersTo(page, 1)).tuned, '');
}));

test('two prompts live side by side; the tag in the inquiry chooses between them', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  const collision = page.getByText('A prompt named [TECH_SUPPORT] was trained on');
  await collision.waitFor();
  await setting(page, 'Prefix token').fill('[OTHER]');
  await collision.waitFor({ state: 'detached' });
  await setting(page, 'Seed').fill('1');
  await setting(page, 'Initialisation').selectOption('SAMPLE_VOCAB');
  await train(page, 12);
  const choice = page.getByRole('combobox', { name: 'Trained prompt' });
  assert.deepEqual(await choice.getByRole('option').allInnerTexts(), ['[TECH_SUPPORT]', '[OTHER]']);
  const tuned = async (question) => {
    await box(page, 'Inquiry 1').fill(question);
    await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
    return (await answersTo(page, 1)).tuned;
  };
  const [byTag, byOther] = [await tuned('[TECH_SUPPORT] Can I cancel?'), await tuned('[OTHER] Can I cancel?')];
  assert.notEqual(byTag, byOther);
  await choice.selectOption('[TECH_SUPPORT]');
  assert.equal(await tuned('Can I cancel?'), byTag);
}));

test('changed settings turn the button into "start again with new settings"', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  assert.equal((await startButton(page).innerText()).trim(), 'Start again');
  await setting(page, 'Learning rate').fill('0.01');
  await until(() => startButton(page).innerText(), (text) => text.trim() === 'Start again with new settings');
  await page.getByText(/Changed since run 1: .*learning rate/i).waitFor();
  await page.getByRole('button', { name: 'Move row 2 up', exact: true }).click();
  await page.getByText(/Changed since run 1: .*; the order of the rows/).waitFor();
  await page.getByRole('button', { name: 'Delete row 1', exact: true }).click();
  await page.getByText(/Changed since run 1: .*; 1 row deleted/).waitFor();
  await page.getByText('(row 5, row 10, as they were numbered then)').waitFor();
}));
