// Makes docs/screenshot.png from the real page: the chapter's data with its default settings, in the middle of the run.
//
//   make pkg node-modules && node scripts/screenshot.mjs
import { fileURLToPath } from 'node:url';
import { runNumber, startButton, startPlayground, until } from '../tests/page/helpers.mjs';

const target = fileURLToPath(new URL('../docs/screenshot.png', import.meta.url));
const playground = await startPlayground();
try {
  const context = { viewport: { width: 1360, height: 1180 }, colorScheme: 'light', reducedMotion: 'reduce' };
  await playground.withPage({ context }, async (page) => {
    await page.locator('#step-prepared .token').first().waitFor(); // the step above has its height
    await startButton(page).click();
    await page.locator('#step-training').evaluate((card) => window.scrollTo(0, card.offsetTop - 24));
    await page.mouse.move(0, 0);
    await until(() => runNumber(page, 'Step'), (step) => step >= 72, { timeout: 120_000 });
    await page.screenshot({ path: target });
  });
} finally {
  await playground.close();
}
console.log(`Wrote ${target}`);
