// @ts-check
/** Groups with one member in the tab order, where the arrow keys lead to the others. */

/**
 * Where a key leads from `at`; null where the key means nothing here.
 * @param {string} key @param {number} at @param {number} count members @param {number} down how far the down key goes
 */
export function reached(key, at, count, down) {
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: down, ArrowUp: -down, Home: -count, End: count }[key];
  return by === undefined ? null : Math.min(count - 1, Math.max(0, at + by));
}

/** The member that an event happened in: the number in its `data-position`. @param {Event} event */
export function positionOf(event) {
  const member = event.target instanceof Element ? event.target.closest('[data-position]') : null;
  return member instanceof HTMLElement ? Number(member.dataset.position) : null;
}

/** @param {Element|null} group @param {number} position */
export function focusOn(group, position) {
  const member = group?.querySelector(`[data-position="${position}"]`);
  if (member instanceof HTMLElement) member.focus();
}
