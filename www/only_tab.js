// @ts-check
/** Of several tabs with this page one alone saves: each holds everything in memory, and the last to write would win. */

const NAME = 'prompt-playground';
const WAIT_MS = 1000;

/** Waits a moment for a tab that is just closing. Held until this tab is closed. @returns {Promise<boolean>} whether this tab may save */
export const holdTheStore = () => new Promise((resolve) => {
  if (!navigator.locks) { resolve(true); return; }
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), WAIT_MS);
  const held = () => {
    clearTimeout(timer);
    resolve(true);
    return new Promise(() => {});
  };
  navigator.locks.request(NAME, { signal: waiting.signal }, held).catch((reason) => {
    clearTimeout(timer);
    resolve(reason?.name !== 'AbortError'); // where locks are forbidden, the tab saves as without them
  });
});
