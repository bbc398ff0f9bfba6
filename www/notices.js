// @ts-check
/**
 * What the page says by itself: notices in its corner, and sentences for screen readers alone. Both stand in live regions that
 * are there before they are filled, as a region that comes with its text is often not read.
 */
import { announced, closeNotice, notices } from './state.js';
import { useSuccessor } from './focus.js';
import { html, Notice, useLayoutEffect, useRef } from './ui.js';

/** @param {{on: boolean}} props `on`: this is the place to say it; what lies behind an open dialog can neither be read nor pressed */
export const Notices = ({ on }) => {
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  /** What had the focus before a notice did. */
  const before = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(place, 'button');
  useLayoutEffect(() => {
    if (document.activeElement === place.current && before.current?.isConnected) before.current.focus();
  });
  const onFocusIn = (/** @type {FocusEvent & {relatedTarget: HTMLElement|null}} */ { relatedTarget: from }) => {
    if (from && !place.current?.contains(from)) before.current = from;
  };
  return html`
    <div class="notices" ref=${place} role="status" aria-atomic="false" tabindex="-1" onfocusin=${onFocusIn}>
      ${on && notices.value.map(({ id, kind, text, action }) => html`
        <${Notice} key=${id} kind=${kind} isRegion=${kind === 'error'} onClose=${() => closeNotice(id)}>
          ${text}${action && html` <button type="button" class="text-button" onClick=${() => { action.run(); closeNotice(id); }}>${action.label}</button>`}
        <//>`)}
    </div>
    <p class="visually-hidden" role="status">${on ? announced.value : ''}</p>`;
};
