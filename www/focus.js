// @ts-check
/** Where the keyboard goes when the control that has the focus goes away. */
import { useLayoutEffect } from './ui.js';

/** Whether the keyboard is nowhere: the control that had it is gone, or cannot be pressed any more. */
const isLost = () => document.activeElement === document.body || Boolean(document.activeElement?.matches(':disabled'));

/**
 * For the component that draws a group of controls: where the one with the focus goes, the first that fits takes its place, and
 * where none fits the group itself (which has a tabindex of -1 for that).
 * @param {{current: HTMLElement|null}} group @param {...string} selectors the preferred one first
 */
export function useSuccessor(group, ...selectors) {
  const held = group.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    if (!held || !isLost()) return;
    const found = selectors.map((selector) => group.current?.querySelector(selector)).find(Boolean) ?? group.current;
    /** @type {HTMLElement|null|undefined} */ (found)?.focus();
  });
}
