// The site is kept in the browser: it opens without its server, and a new version takes over whole, on a later visit.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from '../../scripts/serve.mjs';
import { modelReady, openBrowser, project, runStatus, startLong, train, trapNext, until } from './helpers.mjs';

const BASE = '/people/someone/playground/';
const KEPT = 'The page is kept there too';
const TITLE = 'Ten examples teach a frozen language model your voice';

let browser;
before(async () => {
  assert.ok(existsSync(`${project}/site/index.html`), 'run "make site" first');
  browser = await openBrowser();
});
after(() => browser?.close());

/** A copy of the site on a server of its own, in a profile of its own. */
async function withSite(body) {
  const folder = mkdtempSync(join(tmpdir(), 'site-'));
  const context = await browser.newContext();
  let server;
  try {
    cpSync(`${project}/site`, folder, { recursive: true });
    server = await startServer({ folder, base: BASE });
    const { url } = server;
    const visit = async () => {
      const page = await context.newPage();
      await page.goto(url);
      await modelReady(page);
      return page;
    };
    await body({
      folder, url, visit, context, requested: server.requested,
      stopServer: () => server.close(),
      async serve(other) { server = await startServer({ folder: other, base: BASE, port: Number(new URL(url).port) }); assert.equal(server.url, url); },
    });
  } finally {
    await context.close();
    await server?.close().catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first visit, until everything is kept. */
async function firstVisit({ visit }) {
  const page = await visit();
  await page.getByText(KEPT).waitFor();
  return page;
}

/** The same site with another title. `listed: false` leaves the list of its files as it was. */
function deploy(folder, title, { listed = true } = {}) {
  const file = join(folder, 'app.js');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/<h1 class="page-title">[^<]*/, `<h1 class="page-title">${title}`));
  if (listed) execFileSync(`${project}/scripts/list-kept-files.sh`, [folder]);
}

/** Resolves when the version that the server has now waits for the next visit. */
const waiting = (page) => page.evaluate(async () => {
  const registration = await navigator.serviceWorker.ready;
  for (let end = performance.now() + 20_000; !registration.waiting; await new Promise((done) => setTimeout(done, 50))) {
    if (performance.now() > end) throw new Error('no version is waiting');
  }
});

const title = (page) => page.getByRole('heading', { level: 1 }).innerText();

test('after one visit the page opens, trains and comes back after a crash without its server', () => withSite(async (site) => {
  await (await firstVisit(site)).close();
  await site.stopServer();
  const page = await site.visit();
  await page.getByText(KEPT).waitFor();
  await train(page, 2);
  await startLong(page);
  await trapNext(page.workers().find((worker) => worker.url().endsWith('/worker.js')));
  await page.getByText(/The computation stopped because of a fault/).first().waitFor();
  await modelReady(page);
  await train(page, 2);
  assert.match(await runStatus(page).innerText(), /Finished/);
}));

test('what the first visit has loaded is not downloaded again to be kept, and the next visit downloads no file', () => withSite(async (site) => {
  const page = await firstVisit(site);
  const large = site.requested.filter((address) => /\.(wasm|safetensors)$/.test(address));
  assert.equal(large.length, 2, large.join());
  await page.close();
  site.requested.length = 0;
  const again = await site.visit();
  await again.getByText(KEPT).waitFor();
  assert.deepEqual(site.requested.filter((address) => !/service_worker(_files)?\.js$/.test(address)), []);
}));

test('a new version is fetched in the background and takes over on the next visit, not under an open tab', () => withSite(async (site) => {
  await (await firstVisit(site)).close();
  deploy(site.folder, 'The second version');
  const [first, other] = [await site.visit(), await site.visit()];
  assert.equal(await title(first), TITLE);
  await waiting(first);
  await other.reload();
  await modelReady(other);
  assert.equal(await title(other), TITLE, 'the first tab is still open');
  await first.close();
  const neighbour = await other.context().newPage();
  await neighbour.goto(new URL('/', site.url).href); // another site of the same origin does not count
  site.requested.length = 0;
  await other.reload();
  await other.getByRole('heading', { level: 1, name: 'The second version' }).waitFor();
  await modelReady(other);
  await other.getByText(KEPT).waitFor();
  assert.deepEqual(site.requested.filter((address) => /\.(wasm|safetensors)$/.test(address)), [], 'what has not changed is not fetched');
  const kept = await other.evaluate(async () => {
    const [name, ...more] = await caches.keys();
    const paths = (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname);
    return { name, more, twice: paths.filter((path, index) => paths.indexOf(path) !== index) };
  });
  assert.deepEqual(kept, { name: `prompt-playground ${BASE}`, more: [], twice: [] });
}));

test('a version whose files are not those of its list is not taken', () => withSite(async (site) => {
  await (await firstVisit(site)).close();
  deploy(site.folder, 'Half uploaded', { listed: false });
  appendFileSync(join(site.folder, 'service_worker_files.js'), "self.KEPT_FILES['app.js'] = '00'.repeat(32);\n");
  site.requested.length = 0;
  const page = await site.visit();
  await until(() => site.requested.some((address) => address.endsWith('/app.js')), Boolean, { what: 'the other version asked for what has changed' });
  await page.waitForTimeout(500); // time enough to be taken
  await page.close();
  const again = await site.visit();
  assert.equal(await title(again), TITLE);
  assert.equal(await again.evaluate(async () => (await navigator.serviceWorker.ready).waiting), null);
}));

test('a host that redirects its .html files is no obstacle', () => withSite(async (site) => {
  const answerTo = async ({ url }, response) => {
    const path = new URL(url, site.url).pathname;
    if (path.endsWith('.html')) return response.writeHead(308, { location: path.slice(0, -'.html'.length) }).end();
    const answer = await fetch(new URL(path === `${BASE}example` ? `${path}.html` : path, site.url));
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') }).end(Buffer.from(await answer.arrayBuffer()));
  };
  const host = createServer((request, response) => { answerTo(request, response).catch(() => response.destroy()); });
  await new Promise((started) => { host.listen(0, '127.0.0.1', started); });
  try {
    const page = await site.context.newPage();
    await page.goto(`http://127.0.0.1:${host.address().port}${BASE}`);
    await page.getByText(KEPT).waitFor({ timeout: 60_000 });
    await page.goto(`http://127.0.0.1:${host.address().port}${BASE}example.html`);
    assert.equal(await page.evaluate(() => navigator.serviceWorker.controller !== null), true);
    assert.notEqual(await page.locator('body').innerText(), '');
  } finally {
    host.closeAllConnections();
    host.close();
  }
}));

test('where the sources are served from the address of a site, the service worker removes itself', () => withSite(async (site) => {
  await (await firstVisit(site)).close();
  await site.stopServer();
  await site.serve(`${project}/www`);
  const isGone = async () => (await navigator.serviceWorker.getRegistrations()).length === 0 && (await caches.keys()).length === 0;
  // The first visit is still as it was kept; the service worker goes then, or when that page is closed.
  const visit = async () => {
    const page = await site.visit();
    if (await page.locator('meta[name="service-worker"]').count() === 0) return page;
    await page.waitForTimeout(3000);
    await page.close();
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
    return null;
  };
  const page = (await visit()) ?? (await visit()) ?? (await visit());
  assert.ok(page, 'the page of the sources, at the third visit at the latest');
  await until(() => page.evaluate(isGone), Boolean, { what: 'no service worker and nothing kept' });
  assert.equal(await page.locator('meta[name="service-worker"]').count(), 0, 'the page of the sources');
  assert.equal(await page.getByText(KEPT).count(), 0);
}));
