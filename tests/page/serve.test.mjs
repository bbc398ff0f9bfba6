// scripts/serve.mjs: the right files with the right types, and never a file outside the folder.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from '../../scripts/serve.mjs';

let folder;
let server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
  mkdirSync(join(folder, 'public/models'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'public-secret.txt'), 'secret');
  writeFileSync(join(folder, 'public/index.html'), '<!doctype html>page');
  writeFileSync(join(folder, 'public/library.wasm'), '\0asm');
  writeFileSync(join(folder, 'public/models/a b.json'), '{}');
  server = await startServer({ folder: join(folder, 'public'), base: '/some/path/' });
});
after(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

/** A request whose path is sent as it is written, unlike fetch's. */
function request(path, headers = {}) {
  const { port } = new URL(server.url);
  return new Promise((done, fail) => {
    get({ port, path, headers, host: '127.0.0.1' }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => { body += text; });
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body }));
    }).on('error', fail);
  });
}

test('a folder is its index.html, and each file has its media type', async () => {
  const page = await request('/some/path/?x=1');
  assert.deepEqual([page.status, page.body, page.headers['content-type']], [200, '<!doctype html>page', 'text/html; charset=utf-8']);
  assert.equal((await request('/some/path/library.wasm')).headers['content-type'], 'application/wasm');
  assert.match((await request('/some/path/models/a%20b.json')).headers['content-type'], /^application\/json/);
});

test('an unchanged file is answered with 304', async () => {
  const { headers } = await request('/some/path/library.wasm');
  assert.equal((await request('/some/path/library.wasm', { 'if-none-match': headers.etag })).status, 304);
});

test('nothing outside the folder is served', async () => {
  for (const path of [
    '/some/path/../secret.txt', '/some/path/../../secret.txt', '/some/path/%2e%2e/secret.txt',
    '/some/path/..%2fsecret.txt', '/some/path/models/../../secret.txt', '/some/path/../public-secret.txt',
    '/some/path/..%5csecret.txt', '/some/path/%', '/some/path/%00', '/secret.txt', '/', '/some/path/models',
  ]) {
    const { status, body } = await request(path);
    assert.deepEqual([path, status, body.includes('secret')], [path, 404, false]);
  }
});

test('a taken port gives a free one', async () => {
  const { port } = new URL(server.url);
  const other = await startServer({ folder, port: Number(port) });
  try {
    assert.notEqual(new URL(other.url).port, port);
  } finally {
    await other.close();
  }
});
