// What every page test needs: a browser, a page on the project's own server, and a watch over it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { startServer } from '../../scripts/serve.mjs';

export const project = fileURLToPath(new URL('../..', import.meta.url));
export const chapter = JSON.parse(readFileSync(`${project}/www/cases/smarthome.json`, 'utf8'));
/** Sizes of the bundled model, as its config.json names them. */
export const bundledConfig = JSON.parse(readFileSync(`${project}/www/models/bundled/config.json`, 'utf8'));

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** The first Chromium on PATH. */
function chromiumPath() {
  const names = 'command -v chromium || command -v chromium-browser || command -v google-chrome';
  return execFileSync('sh', ['-c', names], { encoding: 'utf8' }).trim();
}

export function openBrowser({ flags = [] } = {}) {
  return chromium.launch({ executablePath: chromiumPath(), args: [...FLAGS, ...flags] });
}

/**
 * One server and one browser for the tests of a file: `withPage(options, body)` runs `body` on a fresh profile and
 * then requires that the page stayed quiet. `close()` ends both.
 */
export async function startPlayground({ folder = `${project}/www`, base = '/', flags = [] } = {}) {
  const server = await startServer({ folder, base });
  const browser = await openBrowser({ flags }).catch(async (error) => { await server.close(); throw error; });
  return {
    url: server.url,
    async withPage(options, body) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options.context });
      try {
        const session = await openPage(context, server.url, options);
        const result = await body(session.page, session);
        session.assertQuiet();
        return result;
      } finally {
        await context.close();
      }
    },
    async close() {
      try {
        await browser.close();
      } finally {
        await server.close();
      }
    },
  };
}

/**
 * Opens the page and watches it. Options: `hash` of the address; `before(page, context)` runs before it is opened;
 * `expected`: a pattern of console messages that the test provokes; `origins`: other servers that it may ask; `wait: false` doesn't wait for the model.
 */
async function openPage(context, url, { hash = '', before, expected, origins = [], wait = true }) {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints = [];
  const requested = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error}`));
  context.on('request', (request) => requested.push(request.url()));
  await before?.(page, context);
  await page.goto(url + hash);
  if (wait) await modelReady(page);
  return {
    page,
    context,
    requested,
    assertQuiet() {
      assert.deepEqual(complaints.filter((text) => !expected?.test(text)), [], 'console errors and warnings');
      const allowed = [new URL('/', url).href, ...origins];
      const foreign = requested.filter((address) => !allowed.some((origin) => address.startsWith(origin)) && !/^(data|blob):/.test(address));
      assert.deepEqual(foreign, [], 'requests to other origins');
    },
  };
}

/** Polls `read` until `accept(value)` holds; resolves to the value. */
export async function until(read, accept, { what = String(accept), timeout = 30_000, every = 50 } = {}) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await read();
    if (accept(value)) return value;
    if (Date.now() > end) assert.fail(`waited ${timeout} ms for ${what}; last seen: ${JSON.stringify(value)}`);
    await new Promise((done) => setTimeout(done, every));
  }
}

/** The button that starts a run; its text depends on whether there was one before. */
export const startButton = (page) => page.getByRole('button', { name: /^Start (fine-tuning|again)/ });

/** Resolves when the bundled model is loaded: the button that starts training can be pressed. */
export async function modelReady(page, { timeout = 60_000 } = {}) {
  await startButton(page).and(page.locator(':enabled')).waitFor({ timeout });
}

/** A setting of step 3 by its name on the page, for example "Steps". */
export const setting = (page, label) => page.locator('#step-technique').getByLabel(label, { exact: true });

/** Opens a folded part by the words on it. While the page above it still grows, a click can miss. */
export const unfold = (page, name) => until(async () => {
  const summary = page.locator('summary').filter({ hasText: new RegExp(`^${name}$`) });
  const isOpen = () => summary.evaluate((element) => element.parentElement.open);
  if (!(await isOpen())) await summary.click();
  return isOpen();
}, (open) => open, { what: `“${name}” open` });

/** A box to type into, by its whole name: "Input of row 1", "Objective", "Inquiry 1" ... */
export const box = (page, name) => page.getByRole('textbox', { name, exact: true });

/** The choice of how many workers share a step. */
export const workersChoice = (page) => page.getByRole('combobox', { name: 'Workers', exact: true });

/** The workers that the first worker has started to share its steps. */
export const shareWorkers = (page) => page.workers().filter((worker) => worker.url().startsWith('blob:'));

/** The status of the run: "Training", "Paused", "Finished" ... */
export const runStatus = (page) => page.locator('#step-training').getByRole('status').filter({ hasText: /^\w+/ }).first();

/** A number of the running or finished run, by its name: "Step", "Training loss", "Held-out loss" ... */
export async function runNumber(page, name) {
  const term = page.locator('#step-training').getByRole('term').filter({ hasText: new RegExp(`^${name}$`) });
  if (await term.count() === 0) return NaN;
  return Number.parseFloat((await term.locator('xpath=following-sibling::dd').innerText()).replaceAll(',', ''));
}

/**
 * The longest task of the page's main thread while `work` runs, in ms of processor time: on the clock a task also waits
 * while workers, or other programs, hold the cores of a small machine.
 */
export async function longestTask(page, work) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel'] } });
  await work();
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await complete;
  const threads = new Map(events.filter((event) => event.name === 'thread_name').map((event) => [`${event.pid}/${event.tid}`, event.args.name]));
  const tasks = events.filter((event) => event.name.endsWith('RunTask') && event.tdur !== undefined && threads.get(`${event.pid}/${event.tid}`) === 'CrRendererMain');
  assert.ok(tasks.length > 100, `${tasks.length} tasks were seen`);
  return Math.max(...tasks.map((event) => event.tdur / 1000));
}

/** Trains `steps` steps with the settings of the page and waits for the end. */
export async function train(page, steps) {
  await setting(page, 'Steps').fill(String(steps));
  await startButton(page).click();
  await runStatus(page).filter({ hasText: 'Finished' }).waitFor({ timeout: 180_000 });
}

/** Trains with `workers` workers; the reports of its steps. */
export async function trainWith(page, workers, steps) {
  await workersChoice(page).selectOption(String(workers));
  await train(page, steps);
  return (await runCurve(page)).filter((point) => point.training_loss !== null);
}

/** Starts a long run and waits until it makes steps. */
export async function startLong(page) {
  await setting(page, 'Steps').fill('5000');
  await startButton(page).click();
  await until(() => runNumber(page, 'Step'), (step) => step >= 2);
}

/** Milliseconds in the page from a click on a button to the moment the text appears in step 5. */
export function clickUntil(page, name, text) {
  return page.evaluate(([label, pattern]) => new Promise((done, fail) => {
    const section = document.getElementById('step-training');
    const shown = () => new RegExp(pattern).test(section.innerText);
    const control = [...section.querySelectorAll('button')].find((one) => one.innerText.trim() === label);
    const start = performance.now();
    const finish = () => { observer.disconnect(); clearTimeout(timer); done(performance.now() - start); };
    const observer = new MutationObserver(() => { if (shown()) finish(); });
    observer.observe(section, { subtree: true, childList: true, characterData: true });
    const timer = setTimeout(() => fail(new Error(`"${label}" did not lead to ${pattern} in 20 s`)), 20_000);
    control.click();
  }), [name, text]);
}

/** The numbers that the prompt under a prefix token begins with. */
export const promptNumbers = (page, prefix) => page.evaluate(async (name) => {
  const { trainedPrompts } = await import(new URL('state.js', document.baseURI).href);
  return Array.from(trainedPrompts.value[name].vectors.slice(0, 8));
}, prefix);

/** Makes the first worker answer nothing, as one that is busy, until the returned function is called. */
export async function holdWorker(page) {
  const [worker] = page.workers();
  await worker.evaluate(() => {
    const [take, held] = [self.onmessage, []];
    self.onmessage = (message) => held.push(message);
    self.letGo = () => {
      self.onmessage = take;
      for (const message of held) take.call(self, message);
    };
  });
  return () => worker.evaluate(() => self.letGo());
}

/** The next look of a worker at the clock fails as a trap of its wasm instance does. */
export const trapNext = (worker) => worker.evaluate(() => { performance.now = () => { throw new WebAssembly.RuntimeError('unreachable'); }; });

/** The curves of the run as numbers, from the page's own CSV: one object per step. */
export async function runCurve(page) {
  const text = await downloaded(page, () => page.locator('#step-training').getByRole('button', { name: 'Download CSV' }).click());
  const [names, ...rows] = text.trim().split(/\r?\n/).map((line) => line.split(','));
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] === '' ? null : Number(row[index])])));
}

/** The three answers to an inquiry of step 6, once they are written: {base, discrete, tuned}. */
export async function answersTo(page, number, timeout = 60_000) {
  const inquiry = page.locator('#step-test').getByRole('listitem').filter({ has: page.getByRole('textbox', { name: `Inquiry ${number}`, exact: true }) });
  const names = { base: /^Base model/, discrete: /^Objective as text/, tuned: /^Tuned/ };
  const answers = {};
  for (const [variant, name] of Object.entries(names)) {
    const section = inquiry.locator('section').filter({ has: page.getByRole('heading', { name }) });
    await section.getByText(/^\d+ tokens/).waitFor({ timeout });
    answers[variant] = await section.getByRole('paragraph').first().innerText();
  }
  return answers;
}

/** The rows of the dataset that are on the page. */
export async function datasetRows(page) {
  const texts = (name) => page.getByRole('textbox', { name }).evaluateAll((boxes) => boxes.map((box) => box.value));
  const [inputs, outputs] = [await texts(/^Input of row/), await texts(/^Output of row/)];
  return inputs.map((input, index) => ({ input, output: outputs[index] }));
}

/** Imports a text in place of all rows, by paste. */
export async function importText(page, text, how = /^Replace all/) {
  await readPasted(page, text);
  await page.getByRole('button', { name: how }).click();
}

/** Opens the import and has a pasted text read. */
export async function readPasted(page, text) {
  const box = page.getByRole('textbox', { name: /^Paste rows here/ });
  if (!(await box.isVisible())) await page.getByRole('button', { name: 'Import', exact: true }).click();
  await box.fill(text);
  await page.getByRole('button', { name: 'Read the pasted text' }).click();
}

/** The text of a download that `trigger` starts. */
export async function downloaded(page, trigger) {
  const [download] = await Promise.all([page.waitForEvent('download'), trigger()]);
  return readFileSync(await download.path(), 'utf8');
}

/** A long run that is paused, continued and stopped: how long each took to show, in milliseconds. While it is paused no step is done. */
export async function pauseContinueStop(page) {
  await startLong(page);
  const paused = await clickUntil(page, 'Pause', '\\bPaused\\b');
  const step = await runNumber(page, 'Step');
  await page.waitForTimeout(700);
  assert.equal(await runNumber(page, 'Step'), step, 'no step while it is paused');
  const continued = await clickUntil(page, 'Continue', '\\bTraining\\b(?! loss)');
  await until(() => runNumber(page, 'Step'), (now) => now > step);
  const stopped = await clickUntil(page, 'Stop and keep', '\\bStopped\\b');
  return { paused, continued, stopped };
}
