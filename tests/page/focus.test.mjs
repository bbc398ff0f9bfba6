// The keyboard stays where the work is: after a press the focus is on the button that follows, never nowhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { box, chapter, importText, modelReady, runNumber, runStatus, setting, startPlayground, train, until } from './helpers.mjs';
import { folder, startHub } from './hub.mjs';

let playground;
let hub;
before(async () => {
  playground = await startPlayground();
  hub = await startHub({ 'someone/small': { files: folder('www/models/bundled'), licence: 'mit' } });
});
after(async () => {
  await playground?.close();
  await hub?.close();
});

/** The name of the element that has the focus; "nothing" where it is the page itself, or a control that cannot have it. */
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  if (!element || element === document.body || element.matches(':disabled')) return 'nothing';
  return (element.getAttribute('aria-label') ?? element.innerText).trim();
});

/** Presses a button by the keyboard and waits for what has the focus then. */
async function press(page, button, expected) {
  await button.focus();
  await page.keyboard.press('Enter');
  await until(() => focused(page), (name) => (expected instanceof RegExp ? expected.test(name) : name === expected), { what: `the focus on ${expected}`, timeout: 10_000 });
}

test('step 5: start, pause, continue, stop, go on, cancel', () => playground.withPage({}, async (page) => {
  const button = (name) => page.locator('#step-training').getByRole('button', { name, exact: true });
  const status = (text) => runStatus(page).filter({ hasText: text }).waitFor();
  await setting(page, 'Steps').fill('5000');
  await press(page, button('Start fine-tuning'), 'Pause');
  await until(() => runNumber(page, 'Step'), (step) => step >= 2);
  assert.equal(await focused(page), 'Pause');
  await press(page, button('Pause'), 'Continue');
  await status('Paused');
  assert.equal(await focused(page), 'Continue');
  await press(page, button('Continue'), 'Pause');
  await press(page, button('Stop and keep'), 'Start again');
  await status('Stopped');
  await press(page, button('Train 50 more steps'), 'Pause');
  await status('Training');
  await press(page, button('Cancel'), 'Start again');
}));

test('step 5: where no new run can be started at the end, the focus goes to the button that goes on', () => playground.withPage({}, async (page) => {
  const button = (name) => page.locator('#step-training').getByRole('button', { name, exact: true });
  await setting(page, 'Steps').fill('5000');
  await press(page, button('Start fine-tuning'), 'Pause');
  await until(() => runNumber(page, 'Step'), (step) => step >= 1);
  await setting(page, 'Learning rate').fill('none');
  await button('Stop and keep').focus();
  await page.keyboard.press('Enter');
  await runStatus(page).filter({ hasText: 'Stopped' }).waitFor();
  await until(() => focused(page), (name) => name === 'Continue to step 5000', { what: 'the focus on the button that goes on', timeout: 5_000 });
}));

test('the rail leads to a step, and Back to where it was pressed', () => playground.withPage({}, async (page) => {
  const rail = page.getByRole('navigation', { name: 'The seven steps' });
  const top = (step) => page.locator(`#step-${step}`).evaluate((section) => section.getBoundingClientRect().top);
  const follow = async (label, step) => {
    await rail.getByRole('link', { name: label }).click();
    await until(() => top(step), (at) => Math.abs(at) < 100, { what: `${step} at the top` });
    assert.equal(await page.evaluate(() => document.activeElement?.id), `step-${step}`);
    await page.waitForTimeout(2000); // its aim may be corrected so long
    return top(step);
  };
  const objective = await follow('Objective', 'objective');
  const analysis = await follow('Analysis', 'analysis');
  await page.goBack();
  await until(() => top('objective'), (at) => Math.abs(at - objective) < 5, { what: 'step 2 where it was left' });
  await page.goForward();
  await until(() => top('analysis'), (at) => Math.abs(at - analysis) < 5, { what: 'step 7 where it was left' });
}));

test('a reload comes back to where the page was', () => playground.withPage({}, async (page) => {
  const top = () => box(page, 'Inquiry 3').evaluate((inquiry) => inquiry.getBoundingClientRect().top);
  await box(page, 'Inquiry 3').scrollIntoViewIfNeeded();
  const before = await top();
  await page.reload();
  await modelReady(page);
  await until(top, (now) => Math.abs(now - before) < 40, { what: `inquiry 3 at ${before}` });
}));

/** A browser that keeps nothing in place itself, as Safari. */
const withoutAnchoring = (page) => page.addInitScript(() => {
  const style = new CSSStyleSheet();
  style.replaceSync('* { overflow-anchor: none !important; }');
  document.adoptedStyleSheets = [style];
});

for (const [name, viewport, before] of [
  ['in a wide window', { width: 1280, height: 900 }],
  ['on a phone', { width: 390, height: 844 }],
  ['on a phone whose browser does not see to it', { width: 390, height: 844 }, withoutAnchoring],
]) {
  test(`what grows above does not move what is read, ${name}`, () => playground.withPage({ context: { viewport }, before }, async (page) => {
    const top = () => box(page, 'Inquiry 3').evaluate((inquiry) => inquiry.getBoundingClientRect().top);
    const row = box(page, 'Input of row 1');
    await box(page, 'Inquiry 3').scrollIntoViewIfNeeded();
    const height = () => row.evaluate((field) => field.getBoundingClientRect().height);
    const [topBefore, heightBefore] = [await top(), await height()];
    await row.evaluate((field) => {
      field.value += '\nOne more line.'.repeat(12);
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await until(height, (now) => now - heightBefore > 100, { what: 'a taller row above' });
    await until(top, (now) => Math.abs(now - topBefore) < 2, { what: `inquiry 3 at ${topBefore}` });
  }));
}

test('experiments: start, cancel, go on', () => playground.withPage({}, async (page) => {
  await setting(page, 'Steps').fill('4');
  const section = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Is that result luck?', exact: true }) }).last();
  await press(page, section.getByRole('button', { name: 'Cross-validate' }), 'Cancel');
  await until(() => section.locator('tbody tr').count(), (count) => count >= 1, { timeout: 60_000, what: 'a fold' });
  await press(page, section.getByRole('button', { name: 'Cancel' }), /^Go on with the \d+ trainings? left$/);
  await press(page, section.getByRole('button', { name: /^Go on/ }), 'Cancel');
  await press(page, section.getByRole('button', { name: 'Cancel' }), /^Go on/);
}));

test('steps 6 and 7: ask, stop, delete an inquiry, delete a check, measure, cancel', () => playground.withPage({}, async (page) => {
  const button = (name) => page.getByRole('button', { name, exact: true });
  await train(page, 2);
  await box(page, 'Temperature').fill('2'); // so that an answer hardly ends by itself
  await box(page, 'Top-p').fill('1');
  await box(page, 'Maximum length').fill('2000');
  await press(page, button('Ask inquiry 1'), 'Ask inquiry 1');
  await page.getByText(/answers? to go/).waitFor();
  assert.equal(await focused(page), 'Ask inquiry 1');
  await press(page, page.locator('#step-test').getByRole('button', { name: 'Stop', exact: true }), 'Ask all');
  await press(page, button('Ask all'), 'Ask all');
  await page.getByText(/answers? to go/).waitFor();
  assert.equal(await focused(page), 'Ask all');
  await press(page, page.locator('#step-test').getByRole('button', { name: 'Stop', exact: true }), 'Ask all');

  await press(page, button('Delete inquiry 2'), 'Delete inquiry 2');
  for (let number = chapter.test.length - 1; number > 1; number--) await press(page, button(`Delete inquiry ${number}`), `Delete inquiry ${number - 1}`);
  await press(page, button('Delete inquiry 1'), 'Add an inquiry');

  const patterns = await page.getByRole('button', { name: /^Delete check/ }).count();
  for (let number = patterns; number > 1; number--) await press(page, button(`Delete check ${number}`), `Delete check ${number - 1}`);
  await press(page, button('Delete check 1'), 'Add a check');
  await page.locator('.notice').filter({ hasText: 'Check 1' }).getByRole('button', { name: 'Bring it back' }).click();
  await until(() => page.getByRole('button', { name: /^Delete check/ }).count(), (count) => count === 1, { what: 'the check that came back' });

  await press(page, button('Measure'), 'Measure');
  const cancel = page.locator('#step-analysis').getByRole('button', { name: 'Cancel', exact: true });
  await cancel.waitFor();
  assert.equal(await focused(page), 'Measure');
  await press(page, cancel, 'Measure');
}));

test('step 1: rows moved against an end, the only row deleted, all undone, the import closed', () => playground.withPage({}, async (page) => {
  const button = (name) => page.getByRole('button', { name, exact: true });
  await press(page, button('Move row 2 up'), 'Input of row 1');
  await press(page, button('Move row 9 down'), 'Input of row 10');
  await press(page, button('Move row 5 up'), 'Move row 4 up');
  await press(page, button('Undo'), 'Undo');
  await press(page, button('Undo'), 'Undo');
  await press(page, button('Undo'), 'Undo');
  assert.ok(await button('Undo').isDisabled());
  assert.equal(await focused(page), 'Undo');
  await importText(page, JSON.stringify({ input: 'One?', output: 'One.' }));
  assert.equal(await focused(page), 'Import');
  await press(page, button('Delete row 1'), 'Add a row');
}));

test('step 4: the arrow keys go along the tokens of an example, and over those that are folded', () => playground.withPage({}, async (page) => {
  const line = page.getByRole('group', { name: /^Tokens of this example/ });
  const key = async (name, expected) => {
    await page.keyboard.press(name);
    await until(() => focused(page), (now) => expected.test(now), { what: `the focus on ${expected}`, timeout: 5_000 });
  };
  const count = await setting(page, 'Virtual tokens').inputValue();
  await line.getByRole('button', { name: /^Position 1,/ }).focus();
  for (let position = 2; position <= 8; position++) await key('ArrowRight', new RegExp(`^Position ${position},`));
  await key('ArrowRight', new RegExp(`^Position ${count - 1}, “v${count - 1}”`));
  await key('ArrowLeft', /^Position 8, “v8”/);
  await key('ArrowDown', new RegExp(`^Position ${count - 1},`));
  await key('ArrowDown', new RegExp(`^Position ${Number(count) + 9},`));
  await key('Home', /^Position 1,/);
}));

test('the model picker: a closer look, and a download that is cancelled', () => playground.withPage({ origins: [hub.url] }, async (page) => {
  await page.getByRole('button', { name: 'Change model' }).click();
  const picker = page.getByRole('dialog', { name: 'Language model' });
  await press(page, picker.getByRole('button', { name: 'Look closer' }).first(), /Needs about .* of memory/);
  assert.ok(await page.evaluate(() => document.activeElement.matches('.picker-row')), 'the row has nothing else to press');

  await picker.getByText('Another model of the Hugging Face hub').click();
  await picker.getByLabel('Address of the hub').fill(hub.url);
  await picker.getByLabel('Repository').fill('someone/small');
  await picker.locator('form').getByRole('button', { name: 'Look closer' }).click();
  const download = picker.getByRole('button', { name: /^Download/ });
  await download.waitFor();
  hub.answer = ({ url }) => url.includes('model.safetensors'); // never
  await press(page, download, 'Cancel');
  await press(page, picker.getByRole('button', { name: 'Cancel' }), 'Language model');
}));

test('messages fold, Escape closes them, and they cover nothing that has the focus', () => playground.withPage({}, async (page) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.evaluate(async () => {
    const { addNotice } = await import(new URL('state.js', document.baseURI).href);
    for (const text of ['First.', 'Second.', 'Third.', 'Fourth.']) addNotice('info', `${text} ${'So it goes. '.repeat(12)}`);
  });
  const shown = () => page.locator('.notices .notice').evaluateAll((all) => all.map((one) => one.innerText.split(' ')[0]));
  assert.deepEqual(await shown(), ['Third.', 'Fourth.']);

  const covered = await page.evaluate(async () => {
    const stack = document.querySelector('.notices');
    const under = [];
    for (const control of document.querySelectorAll('main :is(button, textarea, input, select, a):not(:disabled)')) {
      if (control.tabIndex < 0 || !control.offsetParent) continue;
      control.focus();
      await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
      const [box, pile] = [control.getBoundingClientRect(), stack.getBoundingClientRect()];
      if (box.top > pile.top && box.bottom < pile.bottom && box.left > pile.left && box.right < pile.right) under.push(control.getAttribute('aria-label') ?? control.innerText);
    }
    return under;
  });
  assert.deepEqual(covered, []);

  await page.getByRole('link', { name: 'Go to the messages' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await until(shown, (now) => now.join(' ') === 'Second. Third.');
  await page.getByRole('button', { name: 'Show 1 older message' }).click();
  await until(shown, (now) => now.join(' ') === 'First. Second. Third.');
}));

test('a message that is closed gives the focus to the next one, and then back to where it was', () => playground.withPage({}, async (page) => {
  const close = page.getByRole('button', { name: 'Close this message' });
  await page.getByRole('button', { name: 'Copy link' }).focus();
  await page.evaluate(async () => {
    const { addNotice } = await import(new URL('state.js', document.baseURI).href);
    for (const text of ['The first has happened.', 'The second has happened.']) addNotice('info', text);
  });
  await press(page, close.first(), 'Close this message');
  assert.equal(await close.count(), 1);
  await page.keyboard.press('Enter');
  await until(() => focused(page), (name) => name === 'Copy link', { what: 'the focus on what had it before', timeout: 5_000 });
  assert.equal(await close.count(), 0);
}));
