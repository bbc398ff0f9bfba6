// Serves a folder of static files on 127.0.0.1, the way GitHub Pages would: no rewriting, no special headers.
//
//   node scripts/serve.mjs [folder] [--port 8080] [--base /sub/path/]
//
// If the port is taken, a free one is used. Prints one line with the address. Also a module: `startServer(options)`.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MEDIA_TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
};

/** Starts a server; resolves to its address, the paths it was asked for, and a function that stops it. */
export async function startServer({ folder = 'www', port = 0, base = '/' } = {}) {
  const root = resolve(folder);
  const requested = [];
  const server = createServer((request, response) => {
    requested.push(request.url);
    answer(root, base, request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  const listening = await listen(server, port);
  return {
    url: `http://127.0.0.1:${listening}${base}`,
    requested,
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

/** Listens on `port`, or on a free one if it is taken; resolves to the port. */
function listen(server, port) {
  return new Promise((done, fail) => {
    server.once('error', (error) => {
      if (error.code !== 'EADDRINUSE' || port === 0) return fail(error);
      console.error(`Port ${port} is taken; using a free one.`);
      done(listen(server, 0));
    });
    server.listen(port, '127.0.0.1', () => done(server.address().port));
  });
}

async function answer(root, base, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') return fail(response, 405);
  const path = await fileFor(root, base, request.url);
  if (path === null) return fail(response, 404);
  const { size, mtimeMs } = await stat(path);
  const headers = {
    'content-type': MEDIA_TYPES[extname(path)] ?? 'application/octet-stream',
    'content-length': size,
    'cache-control': 'no-cache', // ask again every time; answered with 304 while the file is the same
    etag: `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`,
  };
  if (request.headers['if-none-match'] === headers.etag) {
    response.writeHead(304, { etag: headers.etag, 'cache-control': 'no-cache' });
    return response.end();
  }
  response.writeHead(200, headers);
  if (request.method === 'HEAD') return response.end();
  createReadStream(path).on('error', () => response.destroy()).pipe(response);
}

/** The file that a URL names, or null: never one outside `root`. */
async function fileFor(root, base, url) {
  let path;
  try {
    path = decodeURIComponent(url.split(/[?#]/, 1)[0]);
  } catch {
    return null; // a broken percent escape
  }
  if (!path.startsWith(base) || path.includes('\0')) return null;
  let file = join(root, normalize(`/${path.slice(base.length)}`));
  if (file !== root && !file.startsWith(root.endsWith(sep) ? root : root + sep)) return null;
  const found = await stat(file).catch(() => null);
  if (found?.isDirectory() && path.endsWith('/')) {
    file = join(file, 'index.html');
    return (await stat(file).catch(() => null))?.isFile() ? file : null;
  }
  return found?.isFile() ? file : null;
}

function fail(response, status) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(status === 404 ? 'Not found\n' : 'Only GET and HEAD\n');
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string', default: '8080' }, base: { type: 'string', default: '/' } },
  });
  const server = await startServer({ folder: positionals[0], port: Number(values.port), base: values.base });
  console.log(`Serving the playground at ${server.url} (Ctrl+C stops it)`);
}
