// How long a first visit takes on a slow network: `node benches/first_visit.mjs [KBIT_PER_S ...]` (after `make site`).
// All requests share one line of that speed; text and wasm are sent gzipped, as GitHub Pages does. No latency is added.
import { existsSync, readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { modelReady, openBrowser, project } from '../tests/page/helpers.mjs';

const SITE = join(project, 'site');
const PIECE = 4096;
const GZIPPED = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.wasm': 'application/wasm', '.svg': 'image/svg+xml',
};

/** The file of an address: its headers and its bytes; null where there is none. */
function fileOf(address) {
  const { pathname } = new URL(address, 'http://localhost');
  const path = join(SITE, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
  if (!existsSync(path) || statSync(path).isDirectory()) return null;
  const type = GZIPPED[extname(path)];
  const bytes = type ? gzipSync(readFileSync(path)) : readFileSync(path);
  return { bytes, headers: { 'Content-Type': type ?? 'application/octet-stream', 'Content-Length': bytes.length, ...(type && { 'Content-Encoding': 'gzip' }) } };
}

/** A server behind a line of so many kbit/s, which every answer waits for. */
function slowServer(kilobits) {
  const line = { freeAt: 0, sent: 0 };
  const server = http.createServer(async ({ url }, response) => {
    const file = fileOf(url);
    response.writeHead(file ? 200 : 404, file?.headers);
    for (let at = 0; file && at < file.bytes.length; at += PIECE) {
      const piece = file.bytes.subarray(at, at + PIECE);
      line.sent += piece.length;
      line.freeAt = Math.max(line.freeAt, performance.now()) + (8 * piece.length) / kilobits;
      await new Promise((done) => setTimeout(done, line.freeAt - performance.now()));
      response.write(piece);
    }
    response.end();
  });
  return new Promise((started) => server.listen(0, '127.0.0.1', () => started({ server, line, url: `http://127.0.0.1:${server.address().port}/` })));
}

async function visit(kilobits) {
  const { server, line, url } = await slowServer(kilobits);
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    const start = performance.now();
    const seconds = () => ((performance.now() - start) / 1000).toFixed(1);
    await page.goto(url, { waitUntil: 'commit' });
    await page.getByRole('button', { name: 'Add a row' }).waitFor({ timeout: 0 });
    const shown = seconds();
    await modelReady(page, { timeout: 0 });
    console.log(`${kilobits / 1000} Mbit/s: the page after ${shown} s, the model after ${seconds()} s, ${(line.sent / 1e6).toFixed(2)} MB`);
  } finally {
    await browser.close();
    server.close();
  }
}

if (!existsSync(join(SITE, 'index.html'))) throw new Error('There is no site/ to visit: run "make site" first.');
for (const kilobits of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1600, 10_000]) await visit(kilobits);
