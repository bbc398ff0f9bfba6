// @ts-check
/**
 * A sequence of tokens as chips. One chip (and the fold, if there is one) is in the tab order, the arrow keys move along the line;
 * the line below says what the chip under the pointer or the keyboard is.
 */
import { Button, classes, formatNumber, html, plural, useEffect, useRef, useState } from '../ui.js';
import { focusOn, positionOf, reached } from './roving.js';

/** @typedef {import('../protocol.js').PromptToken} PromptToken */

const PAGE = 300;
/** How far the down key goes. */
const DOWN = 10;
const KIND_NAMES = { virtual: 'virtual token', word: 'word of the template', template: 'chat template', input: 'input', response: 'response' };

/** Spaces and newlines made visible. @param {string} text */
export const visibleText = (text) => text.replaceAll(' ', '·').replaceAll('\n', '↵').replaceAll('\t', '⇥');

/** More virtual tokens in a row than this are folded into one chip, between the first and the last ones. */
const LONGEST_RUN = 24;
const [FIRST_OF_RUN, LAST_OF_RUN] = [8, 2];

/** The positions that the fold hides, from and to (exclusive); equal where nothing is folded. @param {PromptToken[]} tokens @returns {[number, number]} */
const foldOf = (tokens) => {
  const start = tokens.findIndex((token) => token.kind === 'virtual');
  let end = start;
  while (tokens[end]?.kind === 'virtual') end++;
  return end - start > LONGEST_RUN ? [start + FIRST_OF_RUN, end - LAST_OF_RUN] : [0, 0];
};

/** What is written on a chip: virtual tokens are counted, words in between are not. @param {PromptToken[]} tokens @returns {string[]} */
const chipTexts = (tokens) => {
  let virtual = 0;
  return tokens.map((token) => (token.kind === 'virtual' ? `v${++virtual}` : visibleText(token.text) || '∅'));
};

/** @param {{token: PromptToken, position: number}} props */
const Detail = ({ token, position }) => html`
  <span class="figure">Position ${formatNumber(position + 1)}</span>
  <span class=${`token-kind is-${token.kind}`}>${KIND_NAMES[token.kind]}</span>
  ${token.kind === 'virtual' ? html`<span>of the soft prompt, no token id</span>`
    : html`<span class="figure">id ${token.id}</span><code class="token-text">${visibleText(token.text)}</code>`}
  <span>${token.learned ? 'learned from: the model has to predict it' : token.kind === 'virtual' ? 'trained, not predicted' : 'read only'}</span>`;

/** @param {{tokens: PromptToken[]}} props */
export const TokenLine = ({ tokens }) => {
  const [limit, setLimit] = useState(PAGE);
  const [active, setActive] = useState(0);
  const [unfolded, setUnfolded] = useState(false);
  const line = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => { setLimit(PAGE); setActive(0); }, [tokens]);
  useEffect(() => { if (unfolded) /** @type {HTMLElement|null|undefined} */ (line.current?.querySelector('[tabindex="0"]'))?.focus(); }, [unfolded]);
  const shown = tokens.slice(0, limit);
  const texts = chipTexts(shown);
  const at = Math.min(active, shown.length - 1);
  const [hiddenFrom, hiddenTo] = unfolded ? [0, 0] : foldOf(shown);
  const hides = (/** @type {number} */ position) => position >= hiddenFrom && position < hiddenTo;

  const follow = (/** @type {Event} */ event) => { const position = positionOf(event); if (position !== null) setActive(position); };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const wanted = reached(event.key, at, shown.length, DOWN);
    if (wanted === null) return;
    event.preventDefault();
    const next = !hides(wanted) ? wanted : wanted > at ? hiddenTo : hiddenFrom - 1;
    setActive(next);
    focusOn(line.current, next);
  };
  return html`
    <div class="token-box">
      <p class="token-detail" aria-hidden="true">${shown[at] && html`<${Detail} token=${shown[at]} position=${at} />`}</p>
      <div class="token-line" ref=${line} role="group" aria-label="Tokens of this example; the arrow keys move along them"
        onPointerOver=${follow} onFocusIn=${follow} onKeyDown=${onKeyDown}>
        ${shown.map((token, position) => (hides(position) ? position === hiddenFrom && html`
          <button key="fold" type="button" class="token is-virtual is-fold" onClick=${() => { setActive(hiddenFrom); setUnfolded(true); }}
            aria-label=${`Show ${plural(hiddenTo - hiddenFrom, 'more virtual token')}`}>+${hiddenTo - hiddenFrom}</button>` : html`
          <button key=${position} type="button" data-position=${position} tabindex=${position === at ? 0 : -1}
            class=${classes('token', `is-${token.kind}`, token.learned && 'is-learned', /^<\|.*\|>$/.test(token.text) && 'is-special', position === at && 'is-active')}
            aria-label=${`Position ${position + 1}, “${texts[position]}”, ${KIND_NAMES[token.kind]}${token.kind === 'virtual' ? '' : `, id ${token.id}`}${token.learned ? ', learned from' : ''}`}
          >${texts[position]}</button>${token.text.endsWith('\n') && token.kind !== 'virtual' ? html`<span class="token-break"></span>` : null}`))}
      </div>
      ${tokens.length > limit && html`<p class="token-more"><${Button} onClick=${() => setLimit(limit + PAGE)}>Show ${formatNumber(Math.min(PAGE, tokens.length - limit))} more of ${formatNumber(tokens.length - limit)}<//></p>`}
    </div>`;
};
