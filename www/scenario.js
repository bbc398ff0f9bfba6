// @ts-check
/** The chapter's scenario, as it lies in cases/. */

/** @type {Promise<import('./state.js').Case>|null} */
let asked = null;

/** @returns {Promise<import('./state.js').Case>} rejects when the file can't be read; the next call tries again */
export const chapterCase = () => {
  asked ??= fetch(new URL('./cases/smarthome.json', import.meta.url)).then((response) => {
    if (!response.ok) throw new Error(`cases/smarthome.json: ${response.status}`);
    return response.json();
  });
  asked.catch(() => { asked = null; });
  return asked;
};
