// The thirty-line page uses the library without anything of the playground: it trains, and the tuned answer differs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { project, startPlayground, until } from './helpers.mjs';

test('the example page trains and answers', async () => {
  assert.ok(readFileSync(`${project}/www/example.html`, 'utf8').trim().split('\n').length <= 30);
  const playground = await startPlayground();
  try {
    await playground.withPage({}, async (page) => {
      await page.goto(`${playground.url}example.html`);
      const losses = [];
      await until(async () => {
        const [, step, loss] = (await page.locator('#loss').innerText()).match(/step (\d+), loss ([\d.]+)/) ?? [];
        if (loss) losses.push(Number(loss));
        return step;
      }, (step) => step === '60', { what: 'step 60', timeout: 180_000 });
      assert.ok(losses.at(-1) < losses[0], `${losses[0]} to ${losses.at(-1)}`);
      await page.locator('#answers').getByText(/tuned: \w/).waitFor({ timeout: 120_000 });
      const [, base, tuned] = (await page.locator('#answers').innerText()).match(/base: {2}([\s\S]*)\n\ntuned: ([\s\S]*)/);
      assert.notEqual(base, tuned);
    });
  } finally {
    await playground.close();
  }
});
