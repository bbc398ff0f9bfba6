// @ts-check
/** A step that grows above the window moves nothing in it: most browsers see to that themselves (CSS `overflow-anchor`), Safari does not. */
import { stepCards } from './ui.js';

/** Starts it where the browser does not; the steps have to be there. What else scrolls when the page grows (`place.js`, `app.js`) comes after. */
export const anchorScrolling = () => {
  if (getComputedStyle(document.documentElement).getPropertyValue('overflow-anchor') === 'auto') return;
  /** @type {Map<Element, number>} */
  const heights = new Map();
  const observer = new ResizeObserver((entries) => {
    let grown = 0;
    let grownAbove = 0;
    for (const { target } of entries) { // in the order of the page
      const { bottom, height } = target.getBoundingClientRect();
      const more = height - (heights.get(target) ?? height);
      heights.set(target, height);
      grown += more;
      if (bottom - grown <= 0) grownAbove += more;
    }
    if (grownAbove !== 0) scrollBy({ top: grownAbove, behavior: 'instant' });
  });
  stepCards().forEach((card) => observer.observe(card));
};
