// @ts-check
/**
 * What the page says by itself: notices in its corner, and sentences for screen readers alone. Both stand in live regions that
 * are there before they are filled, as a region that comes with its text is often not read.
 */
import { announced, closeNotice, notices } from './state.js';
import { html, Notice } from './ui.js';

/** @param {{on: boolean}} props `on`: this is the place to say it; what lies behind an open dialog can neither be read nor pressed */
export const Notices = ({ on }) => html`
  <div class="notices" role="status" aria-atomic="false">
    ${on && notices.value.map(({ id, kind, text, action }) => html`
      <${Notice} key=${id} kind=${kind} isRegion=${kind === 'error'} onClose=${() => closeNotice(id)}>
        ${text}${action && html` <button type="button" class="text-button" onClick=${() => { action.run(); closeNotice(id); }}>${action.label}</button>`}
      <//>`)}
  </div>
  <p class="visually-hidden" role="status">${on ? announced.value : ''}</p>`;
