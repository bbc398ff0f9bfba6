// @ts-check
/** A text of any length in a table or a list: its beginning, and the rest on request. */
import { html } from '../../ui.js';

const SHORT = 140;

/** @param {{text: string|null}} props null: there is none */
export function LongText({ text }) {
  if (text === null) return html`<span class="no-text">–</span>`;
  if (text.trim() === '') return html`<span class="no-text">(empty)</span>`;
  if (text.length <= SHORT) return html`<span class="whole-text">${text}</span>`;
  const start = [...text.slice(0, 2 * SHORT)].slice(0, SHORT).join(''); // whole characters
  return html`
    <details class="long-text">
      <summary><span class="long-start">${start.trimEnd()} … </span><span class="long-more">Show all</span><span class="long-less">Show less</span></summary>
      <span class="whole-text">${text}</span>
    </details>`;
}
