// A local stand-in for the Hugging Face hub: its listing of a repository and its files, with ranges and with failures.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { project } from './helpers.mjs';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** The files of a folder of the project, by name. */
export function folder(path, names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']) {
  return Object.fromEntries(names.map((name) => [name, readFileSync(`${project}/${path}/${name}`)]));
}

/**
 * Starts a hub with `repositories`: {"owner/name": {files, status, licence}}. What a test changes in them takes effect
 * at the next request. `answer(request, response)` may answer first; it returns whether it did.
 */
export async function startHub(repositories) {
  const hub = { requests: [], answer: null, repositories };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://hub');
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'Range');
    response.setHeader('Access-Control-Expose-Headers', 'Content-Range, Retry-After');
    if (request.method === 'OPTIONS') return response.end();
    hub.requests.push({ path: pathname, range: request.headers.range ?? '' });
    if (hub.answer?.(request, response)) return undefined;
    const listing = pathname.match(/^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/);
    const file = pathname.match(/^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/);
    const repository = repositories[(listing ?? file)?.[1]];
    if (!repository) return end(response, 404);
    if (repository.status) return end(response, repository.status, repository.retryAfter ? { 'Retry-After': repository.retryAfter } : {});
    if (listing) return json(response, describe(repository));
    const bytes = [COMMIT, 'main'].includes(file[2]) ? repository.files[decodeURIComponent(file[3])] : undefined;
    return bytes ? send(request, response, bytes) : end(response, 404);
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  hub.url = `http://127.0.0.1:${server.address().port}`;
  hub.close = () => new Promise((done) => { server.closeAllConnections(); server.close(done); });
  return hub;
}

function describe({ files, licence = 'apache-2.0', hashes = {} }) {
  const siblings = Object.entries(files).map(([rfilename, bytes]) => ({
    rfilename,
    size: bytes.length,
    ...(/\.(safetensors|gguf)$/.test(rfilename) && { lfs: { size: bytes.length, sha256: hashes[rfilename] ?? createHash('sha256').update(bytes).digest('hex') } }),
  }));
  return { sha: COMMIT, cardData: { license: licence }, siblings };
}

/** As the hub's storage does: the whole file, or what a range asks for. */
function send(request, response, bytes) {
  const from = Number(request.headers.range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length - from };
  if (request.headers.range) response.writeHead(206, { ...headers, 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
  else response.writeHead(200, headers);
  response.end(bytes.subarray(from));
}

/** Sends the beginning of a file and then breaks the connection; less than that may have come to the page by then. */
export function sendHalf(response, bytes, share = 0.5) {
  const half = Math.floor(bytes.length * share);
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length });
  response.write(bytes.subarray(0, half), () => setTimeout(() => response.destroy(), 500));
}

function json(response, value) {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

function end(response, status, headers = {}) {
  response.writeHead(status, headers);
  response.end();
}
