// @ts-check
/**
 * What the page says by itself: notices in its corner, and sentences for screen readers alone. Both stand in live regions that
 * are there before they are filled, as a region that comes with its text is often not read.
 */
import { announced, closeNotice, notices } from './state.js';
import { useSuccessor } from './focus.js';
import { html, Notice, plural, signal, useLayoutEffect, useRef } from './ui.js';

/** So many stand in the corner, the newest ones; those before them are a press away. */
const MOST_SHOWN = 2;
const showAll = signal(false);

/** Leads to the notices, which stand at the end of the page. */
export const NoticesLink = () => notices.value.length > 0 && html`
  <a class="skip-link" href="#notices" onClick=${(/** @type {MouseEvent} */ event) => { event.preventDefault(); document.getElementById('notices')?.focus(); }}>Go to the messages</a>`;

/** @param {{on: boolean}} props `on`: this is the place to say it; what lies behind an open dialog can neither be read nor pressed */
export const Notices = ({ on }) => {
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  /** What had the focus before a notice did. */
  const before = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(place, 'button');
  useLayoutEffect(() => {
    if (document.activeElement === place.current && notices.value.length === 0 && before.current?.isConnected) before.current.focus();
    if (on) keepClear(place.current);
    if (notices.value.length <= MOST_SHOWN) showAll.value = false;
  });
  const onFocusIn = (/** @type {FocusEvent & {relatedTarget: HTMLElement|null}} */ { relatedTarget: from }) => {
    if (from && !place.current?.contains(from)) before.current = from;
  };
  const older = notices.value.length - MOST_SHOWN;
  const shown = showAll.value ? notices.value : notices.value.slice(-MOST_SHOWN);
  const onKeyDown = (/** @type {KeyboardEvent & {target: HTMLElement}} */ event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault(); // a dialog around it stays open
    const at = [...(place.current?.querySelectorAll('.notice') ?? [])].indexOf(/** @type {Element} */ (event.target.closest('.notice')));
    const closed = shown.at(at); // the last one where the focus is on none
    if (closed) closeNotice(closed.id);
  };
  return html`
    <div class="notices" id=${on ? 'notices' : undefined} ref=${place} role="status" aria-atomic="false" aria-label="Messages" tabindex="-1" onfocusin=${onFocusIn} onKeyDown=${onKeyDown}>
      ${on && older > 0 && !showAll.value && html`
        <button type="button" key="older" class="notices-older text-button" onClick=${() => { showAll.value = true; }}>Show ${plural(older, 'older message')}</button>`}
      ${on && shown.map(({ id, kind, text, action }) => html`
        <${Notice} key=${id} kind=${kind} isRegion=${kind === 'error'} onClose=${() => closeNotice(id)}>
          ${text}${action && html` <button type="button" class="text-button" onClick=${() => { action.run(); closeNotice(id); }}>${action.label}</button>`}
        <//>`)}
    </div>
    <p class="visually-hidden" role="status">${on ? announced.value : ''}</p>`;
};

/** What gets the focus is scrolled to where no notice covers it. @param {HTMLElement|null} place */
function keepClear(place) {
  const height = place?.offsetHeight ?? 0;
  document.documentElement.style.scrollPaddingBottom = height > 0 ? `calc(${height}px + var(--space-6))` : '';
}
