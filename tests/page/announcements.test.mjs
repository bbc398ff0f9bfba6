// What ends or happens without a press is said to screen readers: in a live region that was there before, and not behind a dialog.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { box, setting, startLong, startPlayground, train, until } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

/** Collects what comes into live regions that were on the page before, and that no dialog makes inert. */
const listen = (page) => page.evaluate(() => {
  window.heard = [];
  const regions = () => [...document.querySelectorAll('[role="status"], [role="log"], [aria-live="polite"]')];
  let known = new Set(regions().filter((region) => region.checkVisibility()));
  new MutationObserver((records) => {
    const dialog = document.querySelector('dialog:modal');
    for (const { target, addedNodes, type } of records) {
      const place = target instanceof Element ? target : target.parentElement;
      const region = place?.closest('[role], [aria-live]');
      if (!region || !known.has(region) || (dialog && !dialog.contains(region))) continue;
      window.heard.push(type === 'characterData' ? target.data : [...addedNodes].map((node) => node.textContent).join(''));
    }
    known = new Set(regions().filter((region) => region.checkVisibility()));
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
});

const heard = (page, pattern, timeout = 60_000) =>
  until(() => page.evaluate(() => window.heard), (sentences) => sentences.some((sentence) => pattern.test(sentence)), { what: `${pattern} to be said`, timeout });

const part = (page, name) => page.locator('section').filter({ has: page.getByRole('heading', { name, exact: true }) }).last();

test('a notice, and the end of asking, of measuring and of a look at the hardest rows', () => playground.withPage({}, async (page) => {
  await train(page, 2);
  await listen(page);
  await page.getByRole('button', { name: 'Delete inquiry 5' }).click();
  await heard(page, /^Inquiry 5 .* was deleted\./, 5_000);
  await box(page, 'Maximum length').fill('8');
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  await heard(page, /^Done/);
  await page.getByRole('button', { name: 'Losses only' }).click();
  await heard(page, /^The base and the tuned model are measured\.$/);
  await page.getByRole('button', { name: 'Find the hardest rows and tokens' }).click();
  await heard(page, /^The hardest rows and tokens are found\.$/);
}));

test('the end of an experiment, and in sight why another one has to wait', () => playground.withPage({}, async (page) => {
  const [validation, curve] = [part(page, 'Is that result luck?'), part(page, 'Is more data needed?')];
  await setting(page, 'Steps').fill('2');
  await validation.getByRole('combobox', { name: 'Hold out' }).selectOption('3');
  await listen(page);
  await validation.getByRole('button', { name: 'Cross-validate' }).click();
  await curve.getByText('An experiment is under way (cross-validation); wait for it, or cancel it.').waitFor();
  await heard(page, /^The cross-validation is done\.$/);
  await setting(page, 'Steps').fill('5000');
  await validation.getByRole('button', { name: 'Cross-validate' }).click();
  await validation.getByRole('button', { name: 'Cancel' }).click();
  await heard(page, /^The cross-validation was cancelled; 0 of 3 are done\.$/);
  await startLong(page);
  await curve.getByText('A run is under way in step 5; wait for it, or stop it.').waitFor();
}));

test('with the model picker open: what a closer look has shown, and a notice that can be closed', () => playground.withPage({}, async (page) => {
  await listen(page);
  await page.getByRole('button', { name: 'Change model' }).click();
  const picker = page.getByRole('dialog', { name: 'Language model' });
  await picker.getByRole('button', { name: 'Look closer' }).first().click();
  await heard(page, /^Needs about .* of memory/);
  await page.evaluate(async () => {
    const { addNotice } = await import(new URL('state.js', document.baseURI).href);
    addNotice('info', 'Something has happened meanwhile.');
  });
  await heard(page, /^Something has happened meanwhile\./, 5_000);
  await picker.getByRole('button', { name: 'Close this message' }).click();
  await page.getByText('Something has happened meanwhile.').waitFor({ state: 'detached' });
  await page.evaluate(async () => {
    const { addNotice } = await import(new URL('state.js', document.baseURI).href);
    const { closePicker } = await import(new URL('picker/actions.js', document.baseURI).href);
    window.heard = [];
    addNotice('success', 'The other model is in use.');
    closePicker();
  });
  await heard(page, /^The other model is in use\./, 5_000);
}));
