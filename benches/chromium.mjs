// The browser, and what is measured in it: sessions on benches/page.html, and the page itself as `make serve` serves it.
import { openBrowser, project, startButton } from '../tests/page/helpers.mjs';
import { startServer } from '../scripts/serve.mjs';

/**
 * One browser for all rows. `session(kind)` opens a page of its own (fresh profile), so that no measurement finds
 * what another left behind; `kind` is 'worker', 'engine' or 'wllama' (benches/page.mjs).
 */
export async function startChromium() {
  const [server, browser] = await Promise.all([startServer({ folder: project }), openBrowser()]);
  return {
    version: browser.version(),
    /** The URL of a file or folder of the project. */
    address: (path) => new URL(path, server.url).href,
    session: (kind) => openSession(browser, server.url, kind),
    readyTimes: (count) => readyTimes(browser, count),
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

async function openSession(browser, url, kind) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`  in the browser: ${error.message}`));
  await page.goto(`${url}benches/page.html`);
  await page.waitForFunction(() => 'openSession' in window);
  await page.evaluate((name) => window.openSession(name), kind);
  return {
    /** Resolves to the answer; rejects with the reason, also where the page crashed. */
    ask: (type, payload = {}) => page.evaluate(([name, value]) => window.ask(name, value), [type, payload]).catch((error) => {
      throw new Error(error.message.split('\n')[0].replace(/^page\.evaluate: (\w*Error: )?/, ''), { cause: error });
    }),
    close: () => context.close(),
  };
}

/**
 * Milliseconds from the start of the navigation until the button that starts training can be pressed, `count` times,
 * each in a new profile: nothing is cached, neither files nor compiled code. The button is looked at on every frame.
 */
async function readyTimes(browser, count) {
  const server = await startServer({ folder: `${project}/www` });
  try {
    const times = [];
    for (let opened = 0; opened < count; opened++) times.push(await readyTime(browser, server.url));
    return times;
  } finally {
    await server.close();
  }
}

async function readyTime(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(noteWhenReady);
    await page.goto(url);
    await startButton(page).and(page.locator(':enabled')).waitFor({ timeout: 60_000 }); // the tests' notion of ready
    return await page.waitForFunction(() => window.readyAt, null, { timeout: 5_000 }).then((handle) => handle.jsonValue());
  } finally {
    await context.close();
  }
}

/** In the page: the time of the first frame on which the button can be pressed, in milliseconds since navigation. */
function noteWhenReady() {
  const look = () => {
    const buttons = [...document.querySelectorAll('button:enabled')];
    if (buttons.some((button) => /^Start (fine-tuning|again)/.test(button.textContent.trim()))) window.readyAt = performance.now();
    else requestAnimationFrame(look);
  };
  look();
}
