// @ts-check
/** A reload comes back to where the person was. The browser can't do it, as the steps come one after another. */
import { stepCards } from './ui.js';

const KEY = 'place';
/** The page has its size after this time, mostly. */
const HELD_MS = 10_000;

/** @typedef {{id: string, top: number}} Place  a step and where its top was in the window */

/** The last step that begins above the middle of the window. @returns {Place|null} null above all steps */
const placeNow = () => {
  const places = stepCards().map((section) => ({ id: section.id, top: section.getBoundingClientRect().top }));
  return places.findLast(({ top }) => top < innerHeight / 2) ?? null;
};

/** Remembers the place for as long as the tab is open, and asks the browser not to go to one of its own when the page is loaded again. */
export const keepPlace = () => {
  addEventListener('pagehide', () => {
    history.scrollRestoration = 'manual';
    try {
      sessionStorage.setItem(KEY, JSON.stringify(scrollY > 0 ? placeNow() : null));
    } catch { /* storage is forbidden: a reload begins at the top */ }
  });
  addEventListener('pageshow', ({ persisted }) => { if (persisted) history.scrollRestoration = 'auto'; }); // it came back as it was
};

/** After a reload, once the steps are there, unless the person has scrolled meanwhile. From here on Back and Forward within the page are the browser's. */
export const returnToPlace = () => {
  history.scrollRestoration = 'auto';
  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType('navigation'));
  if (scrollY > 0 || !['reload', 'back_forward'].includes(navigation?.type)) return;
  try {
    const place = /** @type {Place|null} */ (JSON.parse(sessionStorage.getItem(KEY) ?? 'null'));
    const section = place && document.getElementById(place.id);
    if (section) hold(section, place.top);
  } catch { /* no place is known */ }
};

/** Keeps a step where it was while the steps above still grow (their tokens arrive), unless the person does something.
 * @param {Element} section @param {number} top */
const hold = (section, top) => {
  const aim = () => scrollBy({ top: section.getBoundingClientRect().top - top, behavior: 'instant' });
  const growth = new ResizeObserver(aim);
  growth.observe(document.body);
  const held = new AbortController();
  held.signal.addEventListener('abort', () => growth.disconnect());
  for (const name of ['wheel', 'touchmove', 'keydown', 'pointerdown', 'click', 'popstate', 'hashchange']) addEventListener(name, () => held.abort(), { signal: held.signal, passive: true });
  setTimeout(() => held.abort(), HELD_MS);
  aim();
};
