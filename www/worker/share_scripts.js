// @ts-check
/**
 * The two scripts that a share worker needs, and from where it is started.
 *
 * They are fetched while the page opens and kept as Blobs, so that starting a worker later needs no network. Where that
 * does not work (a policy of the server forbids Blobs, a script has not arrived) the addresses of the page serve.
 */

/** Addresses of the scripts. @typedef {{share: string, library: string}} Scripts */

const FETCH_LIMIT_MS = 20_000;
const SHARE = new URL('./share.js', import.meta.url).href;
const LIBRARY = new URL('../pkg/prompt_playground.js', import.meta.url).href;

export class ShareScripts {
  /** @type {Scripts|null} null until they are there */ #kept = null;

  /** Begins to fetch them; nobody needs to wait for it, and nothing is lost where it fails. */
  constructor() {
    const limit = new AbortController();
    setTimeout(() => limit.abort(), FETCH_LIMIT_MS);
    Promise.all([keptScript(SHARE, limit.signal), keptScript(LIBRARY, limit.signal)]).then(
      ([share, library]) => { this.#kept = { share, library }; },
      () => {},
    );
  }

  /** Where to start a worker from, in the order in which that is tried. @returns {Scripts[]} */
  addresses() {
    const ofThePage = { share: SHARE, library: LIBRARY };
    return this.#kept ? [this.#kept, ofThePage] : [ofThePage];
  }
}

/** @param {string} address @param {AbortSignal} signal @returns {Promise<string>} the address of its Blob */
async function keptScript(address, signal) {
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: 'text/javascript' }));
}
