// @ts-check
/** What is trained, where it enters the frozen model, and where the gradient goes. */
import { html } from '../../ui.js';

/** @typedef {import('../../protocol.js').PeftType} PeftType */

const WORDS = ['How', 'do', 'I', 'reset'];

/** @type {Record<PeftType, string>} */
const DESCRIPTIONS = {
  PROMPT_TUNING: 'Four trained virtual tokens and the embeddings of the words go side by side into the frozen language model. The loss on the response flows back through the model, but only the virtual tokens are changed.',
  PREFIX_TUNING: 'The embeddings of the words go into the frozen language model. In each of its layers trained keys and values stand in front of those of the words. The loss on the response flows back through the model, but only those keys and values are changed.',
  P_TUNING: 'A small trained network makes four virtual tokens, which go side by side with the embeddings of the words into the frozen language model. The loss on the response flows back through the model and the virtual tokens, and only the small network is changed.',
};

/** @param {string} text */
const short = (text) => (text.length > 22 ? `${text.slice(0, 21)}…` : text);

/** @param {{prefix: string, technique: PeftType}} props */
export const TechniqueDiagram = ({ prefix, technique }) => html`
  <figure class="diagram">
    <svg viewBox="0 0 360 296" role="img" aria-label=${DESCRIPTIONS[technique]}>
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0l8 4-8 4z" class="d-arrowhead" /></marker>
        <marker id="arrow-back" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0l8 4-8 4z" class="d-arrowhead-back" /></marker>
      </defs>
      <text x="180" y="16" text-anchor="middle" class="d-label">response, compared with yours</text>
      <path d="M180 58V26" class="d-line" marker-end="url(#arrow)" />
      <${Model} layers=${technique === 'PREFIX_TUNING'} />
      <${Words} />
      ${technique === 'PREFIX_TUNING' ? html`<${Prefix} />` : html`<${VirtualTokens} />`}
      ${technique === 'P_TUNING' && html`<${Encoder} />`}
      <path d=${BACK[technique]} class="d-back" marker-end="url(#arrow-back)" />
      <text x="22" y="36" class="d-back-text">gradient</text>
      <text x=${technique === 'PREFIX_TUNING' ? 14 : 87} y=${technique === 'P_TUNING' ? 290 : 238} text-anchor=${technique === 'PREFIX_TUNING' ? 'start' : 'middle'} class="d-label">${short(prefix)}: trained</text>
      <text x="265" y="238" text-anchor="middle" class="d-label">the inquiry</text>
    </svg>
  </figure>`;

/** The way of the gradient, from the loss to what is trained. @type {Record<PeftType, string>} */
const BACK = {
  PROMPT_TUNING: 'M204 58V42H8c-4 0-6 2-6 6v142c0 4 2 6 6 6h3',
  PREFIX_TUNING: 'M204 58V42H8c-4 0-6 2-6 6v46c0 4 2 6 6 6h9',
  P_TUNING: 'M204 58V42H8c-4 0-6 2-6 6v203c0 4 2 6 6 6h9',
};

/** @param {{layers: boolean}} props */
const Model = ({ layers }) => html`
  <g>
    <rect x="12" y="60" width="336" height="80" rx="10" class="d-model" />
    ${layers && [86, 114].map((y) => html`<path key=${y} d=${`M12 ${y}H348`} class="d-layer" />`)}
    <g transform=${`translate(${layers ? 120 : 83} 89)`} class="d-lock"><rect x="0" y="9" width="16" height="12" rx="2" /><path d="M3.5 9V5.5a4.5 4.5 0 019 0V9" /></g>
    <text x=${layers ? 147 : 110} y="105" class="d-model-text">frozen language model</text>
  </g>`;

const Words = () => html`
  <g>
    ${WORDS.map((word, index) => html`<g key=${word}>
      <path d=${`M${199 + index * 44} 180V146`} class="d-line" marker-end="url(#arrow)" />
      <rect x=${179 + index * 44} y="182" width="40" height="32" rx="6" class="d-word" />
      <text x=${199 + index * 44} y="203" text-anchor="middle" class="d-word-text">${word}</text></g>`)}
  </g>`;

const VirtualTokens = () => html`
  <g>
    ${WORDS.map((_, index) => html`<g key=${index}>
      <path d=${`M${30 + index * 38} 180V146`} class="d-line" marker-end="url(#arrow)" />
      <rect x=${14 + index * 38} y="182" width="32" height="32" rx="6" class="d-virtual" />
      <text x=${30 + index * 38} y="203" text-anchor="middle" class="d-virtual-text">v${index + 1}</text></g>`)}
  </g>`;

/** Keys and values at the left of every layer. */
const Prefix = () => html`
  <g>
    ${[65, 91, 119].map((y) => [0, 1, 2].map((index) => html`
      <rect key=${`${y}${index}`} x=${20 + index * 29} y=${y} width="25" height="16" rx="4" class="d-virtual" />
      <text key=${`${y}${index}t`} x=${32.5 + index * 29} y=${y + 12} text-anchor="middle" class="d-virtual-text d-small">k,v</text>`))}
  </g>`;

const Encoder = () => html`
  <g>
    ${WORDS.map((_, index) => html`<path key=${index} d=${`M${30 + index * 38} 240V221`} class="d-line" marker-end="url(#arrow)" />`)}
    <rect x="20" y="242" width="134" height="30" rx="8" class="d-encoder" />
    <text x="87" y="262" text-anchor="middle" class="d-encoder-text">prompt encoder</text>
  </g>`;
