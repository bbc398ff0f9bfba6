// @ts-check
/** Virtual tokens in front of a frozen model, and the one place the gradient reaches. */
import { html } from '../ui.js';

const WORDS = ['How', 'do', 'I', 'reset'];

/** @param {{prefix: string}} props */
export const TechniqueDiagram = ({ prefix }) => html`
  <figure class="diagram">
    <svg viewBox="0 0 360 252" role="img" aria-label="Four trained virtual tokens and the embeddings of the words go side by side into the frozen language model. The loss on the response flows back through the model, but only the virtual tokens are changed.">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0l8 4-8 4z" class="d-arrowhead" /></marker>
        <marker id="arrow-back" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0l8 4-8 4z" class="d-arrowhead-back" /></marker>
      </defs>
      <text x="180" y="16" text-anchor="middle" class="d-label">response, compared with yours</text>
      <path d="M180 66V26" class="d-line" marker-end="url(#arrow)" />
      <rect x="12" y="68" width="336" height="64" rx="10" class="d-model" />
      <g transform="translate(83 89)" class="d-lock"><rect x="0" y="9" width="16" height="12" rx="2" /><path d="M3.5 9V5.5a4.5 4.5 0 019 0V9" /></g>
      <text x="110" y="105" class="d-model-text">frozen language model</text>
      ${WORDS.map((_, index) => html`<path d=${`M${30 + index * 38} 178V138`} class="d-line" marker-end="url(#arrow)" />`)}
      ${WORDS.map((_, index) => html`<path d=${`M${199 + index * 44} 178V138`} class="d-line" marker-end="url(#arrow)" />`)}
      ${WORDS.map((_, index) => html`<g>
        <rect x=${14 + index * 38} y="180" width="32" height="32" rx="6" class="d-virtual" />
        <text x=${30 + index * 38} y="201" text-anchor="middle" class="d-virtual-text">v${index + 1}</text></g>`)}
      ${WORDS.map((word, index) => html`<g>
        <rect x=${179 + index * 44} y="180" width="40" height="32" rx="6" class="d-word" />
        <text x=${199 + index * 44} y="201" text-anchor="middle" class="d-word-text">${word}</text></g>`)}
      <path d="M204 66V48H8c-4 0-6 2-6 6v136c0 4 2 6 6 6h3" class="d-back" marker-end="url(#arrow-back)" />
      <text x="22" y="42" class="d-back-text">gradient</text>
      <text x="87" y="234" text-anchor="middle" class="d-label">${prefix.length > 22 ? `${prefix.slice(0, 21)}…` : prefix}: trained</text>
      <text x="265" y="234" text-anchor="middle" class="d-label">the inquiry</text>
    </svg>
  </figure>`;
