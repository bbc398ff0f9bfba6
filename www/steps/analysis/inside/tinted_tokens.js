// @ts-check
/**
 * Tokens of a response, each tinted by a number. One of them is in the tab order, the arrow keys move along; the one
 * under the pointer or the keyboard is the active one, and whoever shows the line says what it is.
 */
import { Button, classes, formatNumber, html, useRef, useState } from '../../../ui.js';
import { shownToken } from './formats.js';
import { focusOn, positionOf, reached } from '../../roving.js';

/** `heat`: the tint, 0 to 1; `label`: what it is, in words; `marked`: underlined.
 * @typedef {{text: string, heat: number, label: string, marked?: boolean}} Tinted */

const PAGE = 300;

/** @param {{tokens: Tinted[], label: string, active: number, onActive: (position: number) => void}} props */
export function TintedTokens({ tokens, label, active, onActive }) {
  const line = useRef(/** @type {HTMLElement|null} */ (null));
  const [limit, setLimit] = useState(PAGE);
  const shown = tokens.slice(0, limit);
  const at = Math.min(active, shown.length - 1);
  const follow = (/** @type {Event} */ event) => {
    const position = positionOf(event);
    if (position !== null) onActive(position);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const next = reached(event.key, at, shown.length, 10);
    if (next === null) return;
    event.preventDefault();
    onActive(next);
    focusOn(line.current, next);
  };
  return html`
    <div class="token-line tinted-line" ref=${line} role="group" aria-label=${`${label}; the arrow keys move along the tokens`}
      onPointerOver=${follow} onFocusIn=${follow} onKeyDown=${onKeyDown}>
      ${shown.map((token, position) => html`
        <button key=${position} type="button" data-position=${position} tabindex=${position === at ? 0 : -1} style=${{ '--heat': clamped(token.heat) }}
          class=${classes('token', 'tinted', token.marked && 'is-marked', position === at && 'is-active')}
          aria-label=${`Token ${position + 1}, “${shownToken(token.text)}”: ${token.label}`}>${shownToken(token.text)}</button>${token.text.endsWith('\n') ? html`<span class="token-break"></span>` : null}`)}
      ${tokens.length > limit && html`<${Button} onClick=${() => setLimit(limit + PAGE)}>Show ${formatNumber(Math.min(PAGE, tokens.length - limit))} more tokens<//>`}
    </div>`;
}

/** What the tints mean. @param {{marks: {heat: number, text: string}[], children?: import('../../../ui.js').Children}} props */
export const TintLegend = ({ marks, children }) => html`
  <ul class="tint-legend">
    ${marks.map(({ heat, text }) => html`<li key=${text}><span class="tinted tint-swatch" style=${{ '--heat': clamped(heat) }}></span>${text}</li>`)}
    ${children}
  </ul>`;

/** @param {number} heat */
const clamped = (heat) => (Number.isFinite(heat) ? Math.min(1, Math.max(0, heat)) : 1);
