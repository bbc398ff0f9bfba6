// @ts-check
/**
 * Keeps the page in the browser, so that it opens at once on the next visit, and without a network.
 *
 * `make site` lists the files of the site with their SHA-256 (service_worker_files.js). Each is kept under its path and
 * hash, so two versions stand side by side: the one in use finds its own files until the next one takes over. A new
 * version fetches what has changed in the background; it takes over when the page is opened next (offline.js).
 * With an empty list the service worker removes itself: so it does where the sources are served from an address that
 * had a site before.
 */
importScripts('./service_worker_files.js');

const worker = /** @type {ServiceWorkerGlobalScope & {KEPT_FILES: Record<string, string>}} */ (/** @type {unknown} */ (self));
const FILES = worker.KEPT_FILES;
/** An origin (someone.github.io) can have several sites. */
const CACHE = `prompt-playground ${new URL(worker.registration.scope).pathname}`;
/** A tab that is closed is gone after this time. */
const CLOSING_MS = 500;
/** Two builds of the same library, of which a browser needs one: the page says which. */
const isLibrary = (/** @type {string} */ path) => path.endsWith('.wasm');

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('message', (event) => event.waitUntil(answer(event)));
worker.addEventListener('fetch', (event) => {
  const path = pathOf(event.request);
  if (path !== null) event.respondWith(kept(path).then((response) => response ?? fetched(path).catch(() => fetch(event.request))));
});

async function install() {
  if (isEmpty()) return worker.skipWaiting();
  const before = (await keptKeys()).map((url) => new URL(url).pathname);
  const inUse = (/** @type {string} */ path) => before.includes(new URL(path, worker.registration.scope).pathname);
  await keepAll(Object.keys(FILES).filter((path) => !isLibrary(path) || inUse(path)));
}

async function activate() {
  if (isEmpty()) return removeItself();
  await worker.clients.claim();
  if (worker.registration.installing || worker.registration.waiting) return; // what the next version has put there is its own; it clears up
  const [cache, current] = [await caches.open(CACHE), Object.keys(FILES).map(keyOf)];
  for (const key of await keptKeys()) if (!current.includes(key)) await cache.delete(key);
}

/** @param {ExtendableMessageEvent & {data: import('./protocol.js').KeepingRequest}} event */
async function answer({ data, ports: [port] }) {
  if (isEmpty()) { // the page that was kept has registered it once more
    port.postMessage(false);
    await removeItself();
  } else if (data === 'take over') {
    const begins = await isOnlyTab();
    port.postMessage(begins);
    if (begins) await worker.skipWaiting();
  } else {
    const wanted = Object.keys(FILES).filter((path) => !isLibrary(path) || path === data.keep);
    port.postMessage(await keepAll(wanted).then(() => true, () => false));
  }
}

/** The version before may be writing still, so what is kept is deleted once more. */
async function removeItself() {
  await caches.delete(CACHE);
  await worker.registration.unregister();
  await caches.delete(CACHE);
}

/** Waits a moment for a tab that is just closing, or for what a reload leaves behind. */
async function isOnlyTab() {
  for (const end = performance.now() + CLOSING_MS; ; await new Promise((done) => setTimeout(done, 50))) {
    const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
    if (windows.filter(({ url }) => url.startsWith(worker.registration.scope)).length === 1) return true;
    if (performance.now() > end) return false;
  }
}

/** @param {string[]} paths @throws where one can't be fetched as it is in the list */
async function keepAll(paths) {
  const [cache, there] = [await caches.open(CACHE), await keptKeys()];
  const missing = paths.filter((path) => !there.includes(keyOf(path)));
  await Promise.all(missing.map(async (path) => cache.put(keyOf(path), await fetched(path))));
}

/** What the browser has just loaded for the page is taken from its HTTP cache, if it is the file of the list. @param {string} path */
async function fetched(path) {
  const integrity = `sha256-${btoa(String.fromCharCode(...(FILES[path].match(/../g) ?? []).map((/** @type {string} */ byte) => Number.parseInt(byte, 16))))}`;
  const address = new URL(path === 'index.html' ? './' : path, worker.registration.scope);
  const response = await fetch(address, { integrity, cache: 'force-cache' }).catch(() => fetch(address, { integrity, cache: 'reload' }));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.redirected ? new Response(response.body, response) : response; // a navigation takes none that was redirected
}

/** The file of the list that a request asks for, or null. @param {Request} request */
function pathOf({ method, url, headers }) {
  const [{ origin, pathname }, scope] = [new URL(url), new URL(worker.registration.scope)];
  if (method !== 'GET' || headers.has('range') || origin !== scope.origin || !pathname.startsWith(scope.pathname)) return null;
  const path = pathname.slice(scope.pathname.length) || 'index.html';
  return Object.hasOwn(FILES, path) ? path : null;
}

/** What is kept of a file; undefined where nothing is, or storage fails: then the network answers. @param {string} path */
const kept = (path) => caches.open(CACHE).then((cache) => cache.match(keyOf(path))).catch(() => undefined);

/** The keys of all that is kept, of every version. */
const keptKeys = async () => (await (await caches.open(CACHE)).keys()).map(({ url }) => url);

/** @param {string} path */
const keyOf = (path) => new URL(`${path}?${FILES[path]}`, worker.registration.scope).href;

const isEmpty = () => Object.keys(FILES).length === 0;
