// The page for everyone: axe-core finds nothing, 360 px are enough, and the keyboard alone does the exercise.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { answersTo, box, runStatus, setting, startButton, startPlayground, train, unfold, until } from './helpers.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

/** What axe-core objects to, one line each, once the page is painted as it stands. */
async function violations(page) {
  await page.evaluate(axe);
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations);
  return found.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')} ${node.any[0]?.message ?? ''}`));
}

/** Everything that appears in the course of the exercise, on the page at once. */
async function fill(page) {
  await unfold(page, 'More settings');
  await train(page, 4);
  await setting(page, 'Learning rate').fill('abc');
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByRole('textbox', { name: /^Paste rows here/ }).fill('{"input": "One?", "output": "First."}\n{"broken');
  await page.getByRole('button', { name: 'Read the pasted text' }).click();
  await page.getByRole('region', { name: 'Import' }).getByText(/Line 2/).waitFor();
  await page.getByRole('button', { name: 'Add a row' }).click();
  await unfold(page, 'Decoding, the same for all three: .*'); // it is folded on a phone
  await box(page, 'Maximum length').fill('8');
  await page.getByRole('button', { name: 'Ask inquiry 1' }).click();
  await answersTo(page, 1);
}

for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 360]) {
    test(`axe-core finds nothing, ${colorScheme}, ${width} px`, () => playground.withPage({
      context: { colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' },
    }, async (page) => {
      assert.deepEqual(await violations(page), [], 'as it opens');
      await fill(page);
      assert.deepEqual(await violations(page), [], 'after the exercise');
      await page.getByRole('button', { name: 'Change model' }).click();
      const picker = page.getByRole('dialog', { name: 'Language model' });
      await picker.getByText('Another model of the Hugging Face hub').click();
      await picker.getByRole('heading', { name: 'SmolLM2 135M Instruct' }).waitFor();
      assert.deepEqual(await violations(page), [], 'with the model picker open');
      assert.ok(await picker.evaluate((dialog) => dialog.scrollWidth <= dialog.clientWidth), 'the picker is not wider than its window');
    }));
  }
}

test('the colours can be chosen, and the choice is kept', () => playground.withPage({ context: { colorScheme: 'light' } }, async (page) => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  const choice = page.getByRole('button', { name: /^Colours:/ });
  for (let click = 0; click < 3 && !/dark/.test(await choice.innerText()); click++) await choice.click();
  const dark = await background();
  assert.notEqual(dark, light);
  await page.reload();
  await choice.waitFor();
  assert.equal(await background(), dark);
}));

test('nothing is wider than a window of 360 px, before and after the exercise and with text twice as large', () => playground.withPage({
  context: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
}, async (page) => {
  const tooWide = () => page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    return [document.documentElement.scrollWidth, window.innerWidth, width].some((size) => size > 360)
      ? [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > width + 1)
        .slice(0, 5).map((element) => `${element.tagName}.${element.className}`) : [];
  });
  assert.deepEqual(await tooWide(), []);
  await fill(page);
  assert.deepEqual(await tooWide(), []);
  await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  await until(tooWide, (wide) => wide.length === 0, { what: 'large text that fits' });
}));

test('high contrast leaves what is said by colour', () => playground.withPage({ context: { forcedColors: 'active' } }, async (page) => {
  await train(page, 2);
  const looks = (selector, properties) => page.locator(selector).first().evaluate((element, names) => names.map((name) => getComputedStyle(element)[name]).join(), properties);
  const kinds = ['virtual', 'input', 'response', 'template'];
  const grounds = await Promise.all(kinds.map((kind) => looks(`#step-prepared .token.is-${kind}`, ['backgroundColor'])));
  assert.equal(new Set(grounds).size, kinds.length, `each kind of position has its ground: ${grounds}`);
  const learned = await looks('#step-prepared .token.is-learned', ['borderBottomColor']);
  const input = await looks('#step-prepared .token.is-input', ['borderBottomColor']);
  assert.notEqual(input, learned, 'only what is predicted is underlined');
  assert.match(input, /, 0\)$/, 'without a colour');
  const swatches = await page.locator('#step-training .plot-swatch').evaluateAll((all) => all.map((one) => getComputedStyle(one).backgroundColor + getComputedStyle(one).backgroundImage + getComputedStyle(one).opacity));
  assert.ok(swatches.length >= 3 && new Set(swatches).size === swatches.length, `${swatches}`);
  assert.notEqual(await looks('.choice-strip label.is-chosen', ['outlineStyle']), await looks('.choice-strip label:not(.is-chosen)', ['outlineStyle']));
}));

test('the keyboard alone does the exercise', () => playground.withPage({ context: { reducedMotion: 'reduce' } }, async (page) => {
  /** Presses Tab until the focused element has this name; every stop on the way must be visible. */
  const tabTo = async (name, key = 'Tab') => {
    for (let press = 0; press < 400; press++) {
      await page.keyboard.press(key);
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText ?? element.innerText ?? '';
        const { outlineStyle, boxShadow } = getComputedStyle(element);
        return { label: label.trim(), marked: outlineStyle !== 'none' || boxShadow !== 'none' || element.matches('textarea, input, select') };
      });
      if (!focused.marked) assert.fail(`the focus on "${focused.label}" can't be seen`);
      if (name.test(focused.label)) return;
    }
    assert.fail(`Tab never reached ${name}`);
  };
  await tabTo(/^Input of row 1$/);
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Typed by keyboard?');
  await page.keyboard.press('Alt+ArrowDown');
  assert.equal(await box(page, 'Input of row 2').inputValue(), 'Typed by keyboard?');
  await tabTo(/^Steps/);
  await page.keyboard.press('Control+A');
  await page.keyboard.type('3');
  await until(() => startButton(page).isEnabled(), (enabled) => enabled);
  await tabTo(/^Start fine-tuning/);
  await page.keyboard.press('Enter');
  await runStatus(page).filter({ hasText: 'Finished' }).waitFor({ timeout: 60_000 });
  await until(() => page.getByRole('button', { name: 'Ask inquiry 1' }).isEnabled(), (enabled) => enabled);
  await tabTo(/^Ask inquiry 1$/);
  await page.keyboard.press('Enter');
  assert.notEqual((await answersTo(page, 1)).tuned, '');
  await tabTo(/^Skip to step 1$/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'step-dataset');
}));
