// How long a first and a next visit take on a slow network: `node benches/visits.mjs [KBIT_PER_S ...]` (after `make site`).
// All requests share one line of that speed; text and wasm are sent gzipped, as GitHub Pages does. No latency is added.
import { existsSync } from 'node:fs';
import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { startServer } from '../scripts/serve.mjs';
import { modelReady, openBrowser, project } from '../tests/page/helpers.mjs';

const PIECE = 4096;
const GZIPPED = /^text\/|json|wasm|svg/;

/** What the project's own server answers, gzipped where GitHub Pages would. */
async function answerOf(address) {
  const answer = await fetch(address);
  const [whole, type] = [Buffer.from(await answer.arrayBuffer()), answer.headers.get('content-type')];
  const isGzipped = answer.ok && GZIPPED.test(type);
  return { status: answer.status, bytes: isGzipped ? gzipSync(whole) : whole, headers: { 'content-type': type, ...(isGzipped && { 'content-encoding': 'gzip' }) } };
}

/** The site behind a line of so many kbit/s, which every answer waits for. */
async function slowSite(kilobits) {
  const site = await startServer({ folder: `${project}/site` });
  const line = { freeAt: 0, sent: 0 };
  const server = http.createServer(async ({ url }, response) => {
    const { status, bytes, headers } = await answerOf(new URL(url, site.url));
    response.writeHead(status, { ...headers, 'content-length': bytes.length });
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      line.sent += piece.length;
      line.freeAt = Math.max(line.freeAt, performance.now()) + (8 * piece.length) / kilobits;
      await new Promise((done) => setTimeout(done, line.freeAt - performance.now()));
      response.write(piece);
    }
    response.end();
  });
  await new Promise((started) => server.listen(0, '127.0.0.1', started));
  const close = () => { server.close(); return site.close(); };
  return { url: `http://127.0.0.1:${server.address().port}/`, line, close };
}

/** Opens the page and says when it was there and when it could train. Resolves to the page. */
async function visit(context, { url, line }, name) {
  const [page, start, sent] = [await context.newPage(), performance.now(), line.sent];
  const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
  await page.goto(url, { waitUntil: 'commit' });
  await page.getByRole('button', { name: 'Add a row' }).waitFor({ timeout: 0 });
  const shown = seconds();
  await modelReady(page, { timeout: 0 });
  console.log(`  ${name}: the page after ${shown} s, the model after ${seconds()} s, ${megabytes(line.sent - sent)}`);
  return page;
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

async function visits(kilobits) {
  const site = await slowSite(kilobits);
  const browser = await openBrowser();
  try {
    console.log(`${kilobits / 1000} Mbit/s`);
    const context = await browser.newContext();
    const page = await visit(context, site, 'first visit');
    const sent = site.line.sent;
    await page.getByText('The page is kept there too').waitFor({ timeout: 0 });
    console.log(`  to keep it: ${megabytes(site.line.sent - sent)} more`);
    await page.close();
    await visit(context, site, 'next visit');
  } finally {
    await browser.close();
    await site.close();
  }
}

if (!existsSync(`${project}/site/index.html`)) throw new Error('There is no site/ to visit: run "make site" first.');
for (const kilobits of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1600, 10_000]) await visits(kilobits);
