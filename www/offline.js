// @ts-check
/** Has a service worker keep the page in the browser (service_worker.js), where it is served as `make site` wrote it. */
import { signal } from './ui.js';

/** Whether everything that the page needs is in the browser, the bundled model too. */
export const isKept = signal(false);

/** The address of the service worker: `make site` puts it into index.html. */
const script = () => document.querySelector('meta[name="service-worker"]')?.getAttribute('content') ?? null;

/** A page that opens does not wait longer for another version. */
const PATIENCE_MS = 5000;

/** Begins with the version that was fetched during the last visit, by a reload, where no other tab has the page open.
 * To be called before the page does anything. */
export const takeNewVersion = async () => {
  const workers = script() && navigator.serviceWorker;
  if (!workers || !workers.controller) return;
  const next = (await workers.getRegistration().catch(() => undefined))?.waiting;
  if (!next) return;
  const takenOver = new Promise((done) => { workers.addEventListener('controllerchange', () => done(true), { once: true }); });
  const late = new Promise((done) => { setTimeout(() => done(false), PATIENCE_MS); });
  const begins = await Promise.race([ask(next, 'take over'), late]);
  if (!begins || !(await Promise.race([takenOver, late]))) return;
  location.reload();
  await new Promise(() => {}); // the page that comes does the rest
};

/** @param {ServiceWorker} worker @param {import('./protocol.js').KeepingRequest} request @returns {Promise<boolean>} */
const ask = (worker, request) => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => done(data);
  worker.postMessage(request, [port2]);
});

/** Keeps the page, once it has loaded what it needs: so nothing is downloaded twice. @param {string} library the WebAssembly file in use */
export const keepPage = async (library) => {
  const [address, workers] = [script(), navigator.serviceWorker];
  if (!address || !workers) return;
  try {
    const registration = await workers.register(address, { updateViaCache: 'none' });
    registration.update().catch(() => {}); // no network: this version goes on
    const { active } = await workers.ready;
    if (active) isKept.value = await ask(active, { keep: library });
  } catch { /* forbidden (a private window), or no network: the page works as it did without */ }
};
