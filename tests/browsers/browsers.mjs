// Three engines behind one small interface: `open()` starts a browser with one page, null where it is not installed.
//
// A page has `name`, `goto(url)`, `evaluate(expression)` (text of JavaScript; its value as JSON), `reload()`, `close()`.
import { spawn, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { openBrowser } from '../page/helpers.mjs';

export const ENGINES = { chromium, firefox, webkit };

/** Where a program is, or null. */
function programOf(...names) {
  for (const name of names) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch { /* the next one */ }
  }
  return null;
}

async function chromium() {
  const browser = await openBrowser();
  const page = await browser.newPage();
  return {
    name: `Chromium ${browser.version()}`,
    goto: (url) => page.goto(url), evaluate: (text) => page.evaluate(text), reload: () => page.reload(), close: () => browser.close(),
  };
}

/** The Firefox of the system, through WebDriver BiDi. */
async function firefox() {
  const program = programOf('firefox-esr', 'firefox');
  if (!program) return null;
  const { default: puppeteer } = await import('puppeteer-core');
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: program, headless: true });
  const page = await browser.newPage();
  return {
    name: await browser.version(),
    goto: (url) => page.goto(url), evaluate: (text) => page.evaluate(text), reload: () => page.reload(), close: () => browser.close(),
  };
}

const DRIVER_PORT = 4455;
const DRIVER_STARTS_MS = 10_000;

/** WebKitGTK's small browser, the engine of Safari, through its own WebDriver, in a screen of its own. */
async function webkit() {
  const [driver, screen] = [programOf('WebKitWebDriver'), programOf('xvfb-run')];
  const program = ['/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser', '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser'].find(existsSync);
  if (!driver || !screen || !program) return null;
  // In the locale C the browser names no language ("C"), which no page can format numbers in.
  const environment = { ...process.env, LANG: 'en_US.UTF-8', LC_ALL: 'en_US.UTF-8' };
  const running = spawn(screen, ['-a', '-s', '-screen 0 1400x1000x24', driver, `--port=${DRIVER_PORT}`], { stdio: 'ignore', env: environment, detached: true });
  const stop = () => { try { process.kill(-running.pid); } catch { /* it is gone */ } };
  const call = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${DRIVER_PORT}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(value));
    return value;
  };
  try {
    await answering(`http://127.0.0.1:${DRIVER_PORT}/status`);
    const options = { binary: program, args: ['--automation'] };
    const { sessionId, capabilities } = await call('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } } });
    const session = `/session/${sessionId}`;
    return {
      name: `WebKitGTK ${capabilities.browserVersion}`,
      goto: (url) => call('POST', `${session}/url`, { url }),
      evaluate: (text) => call('POST', `${session}/execute/sync`, { script: `return (${text})`, args: [] }),
      reload: () => call('POST', `${session}/refresh`, {}),
      close: async () => {
        await call('DELETE', session).catch(() => {});
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

async function answering(url) {
  for (const end = Date.now() + DRIVER_STARTS_MS; ;) {
    try {
      return await fetch(url);
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 200); });
    }
  }
}
