// The page in three engines: it opens, trains, answers and is measured in each of them with the numbers of Chromium, is kept
// for the next visit, and opens without a network. `make test-browsers`.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startServer } from '../../scripts/serve.mjs';
import { project, until } from '../page/helpers.mjs';
import { ENGINES } from './browsers.mjs';

const READY = `/is ready/.test(document.querySelector('.model-status')?.innerText ?? '')`;
const buttonNamed = (name) => `[...document.querySelectorAll('button')].find((button) => button.innerText.trim() === ${JSON.stringify(name)})`;
const press = (name) => `(${buttonNamed(name)}).click()`;
/** Fills the control that a label names. */
const fill = (label, value, event) => `(() => {
  const control = [...document.querySelectorAll('label')].find((one) => one.innerText.trim() === ${JSON.stringify(label)}).control;
  control.value = ${JSON.stringify(value)};
  control.dispatchEvent(new Event(${JSON.stringify(event)}, { bubbles: true }));
})()`;

/** What one engine comes to; the first one, Chromium, says what the others should. */
const found = {};

for (const [engine, open] of Object.entries(ENGINES)) {
  test(`the exercise in ${engine}`, { timeout: 300_000 }, async (context) => {
    const browser = await open();
    if (!browser) {
      context.skip(`${engine} is not installed`);
      return;
    }
    context.diagnostic(browser.name);
    const server = await startServer({ folder: `${project}/site`, base: '/play/' });
    try {
      found[engine] = await walk(browser, server);
    } finally {
      await browser.close();
      await server.close();
    }
    assert.ok(found[engine].answers.every((answer) => answer.length > 20), `${found[engine].answers}`);
    assert.deepEqual(found[engine], found.chromium);
  });
}

after(() => assert.ok(found.chromium, 'Chromium is there in any case'));

async function walk(browser, server) {
  const is = (expression, what, timeout = 60_000) => until(() => browser.evaluate(expression), Boolean, { what, timeout });
  await browser.goto(server.url);
  await is(READY, 'the model');
  await browser.evaluate(fill('Steps', '15', 'input'));
  await browser.evaluate(fill('Workers', '1', 'change')); // each engine would choose another number
  await is(`!${buttonNamed('Start fine-tuning')}.disabled`, 'a button that starts');
  await browser.evaluate(press('Start fine-tuning'));
  await is(`document.querySelector('.run-status strong')?.innerText === 'Finished'`, 'the end of the run', 120_000);
  const losses = await browser.evaluate(`[...document.querySelectorAll('.run-numbers dd')].slice(1, 3).map((number) => number.innerText)`);
  await browser.evaluate(press('Ask all'));
  await is(`/the answers are below/.test(document.querySelector('#step-test .run-note').innerText)`, 'the answers', 120_000);
  const answers = await browser.evaluate(`[...document.querySelectorAll('.answer-tuned .answer-text')].map((answer) => answer.innerText)`);
  await browser.evaluate(press('Losses only'));
  await is(`${buttonNamed('Losses only')}.getAttribute('aria-disabled') !== 'true' && document.querySelectorAll('.measures tbody').length >= 2`, 'the measures');
  const measures = await browser.evaluate(`[...document.querySelectorAll('.measures tbody td')].map((cell) => cell.innerText)`);
  const overflow = await browser.evaluate('document.documentElement.scrollWidth - innerWidth');
  assert.ok(overflow <= 0, `wider than the window by ${overflow} px`);

  await is(`/The page is kept there too/.test(document.querySelector('.page-foot').innerText)`, 'the page to be kept');
  await server.close();
  await browser.reload();
  await is(READY, 'the model without a network');
  const kept = await browser.evaluate(`document.querySelector('.run-status strong').innerText`);
  return { losses, answers, measures, kept };
}
