// @ts-check
/** The words of the vocabulary that lie nearest to each virtual token. */
import { engine } from '../../engine.js';
import { activePrefix, activePrompt, model, softPromptOf } from '../../state.js';
import { effect, html, signal } from '../../ui.js';

const NEAREST = 4;
/** Virtual tokens shown before the person asks for all. */
const FIRST = 20;
/** What stands for bytes that are no letter by themselves. */
const NO_LETTER = '\ufffd';

/** @typedef {import('../../protocol.js').Neighbour} Neighbour */

const nearest = signal(/** @type {Neighbour[][]|null} */ (null));
const problem = signal('');
const showAll = signal(false);
let latest = 0;

effect(() => {
  const prompt = activePrompt.value;
  const ready = model.value.status === 'ready';
  const request = ++latest;
  if (!prompt || !ready || prompt.kind === 'keys_values') {
    nearest.value = null;
    problem.value = '';
    return;
  }
  const softPrompt = softPromptOf(prompt);
  engine.request('nearestTokens', { softPrompt, k: NEAREST }).then(
    (found) => { if (request === latest) { nearest.value = found; problem.value = ''; } },
    (error) => { if (request === latest) { nearest.value = null; problem.value = error.message; } },
  );
});

export function NearestTokens() {
  const rows = nearest.value;
  const inLayers = activePrompt.value?.kind === 'keys_values';
  return html`
    <section class="part" aria-labelledby="nearest-title">
      <h3 class="part-title" id="nearest-title">What do the virtual tokens look like?</h3>
      ${!inLayers && html`<p class="part-intro">A virtual token is a vector like a word’s embedding, but of no word. These are the words nearest to each${activePrefix.value && rows ? html` of <span class="voice-tag">${activePrefix.value}</span>` : ''}, with their cosine similarity (1 is the same direction).</p>`}
      ${problem.value && html`<p class="field-error">${problem.value}</p>`}
      ${rows
        ? html`
          <ol class="nearest">
            ${(showAll.value ? rows : rows.slice(0, FIRST)).map((near, index) => html`<${VirtualToken} key=${index} near=${near} number=${index + 1} />`)}
          </ol>
          ${rows.length > FIRST && html`<button type="button" class="text-button" onClick=${() => { showAll.value = !showAll.value; }}>${showAll.value ? `Show the first ${FIRST}` : `Show all ${rows.length}`}</button>`}
          <p class="part-caution">Read this with care: a soft prompt works through directions that no word has, so the nearest words are a hint at best. Where training started from words (by default those of the objective), it is they that are here.${rows.flat().some(({ token }) => token.includes(NO_LETTER)) && ` A “${NO_LETTER}” is a part of a letter: rare letters are written as several tokens.`}</p>`
        : !problem.value && html`<p class="hint">${inLayers
          ? 'Prefix tuning trains keys and values inside every layer. They lie in another space than the words’ embeddings, so no word is near to them.'
          : 'They appear here once a prompt is trained.'}</p>`}
    </section>`;
}

/** @param {{near: Neighbour[], number: number}} props */
const VirtualToken = ({ near, number }) => html`
  <li class="virtual-token">
    <span class="virtual-number">v${number}</span>
    <span class="virtual-near">
      ${near.map(({ token, similarity }, rank) => html`
        <span key=${rank} class=${rank === 0 ? 'near is-first' : 'near'}><span class="near-token">${visible(token)}</span><span class="near-similarity">${similarity.toFixed(2)}</span></span>`)}
    </span>
  </li>`;

/** A token with its white space made visible. @param {string} token */
function visible(token) {
  return token.replaceAll(' ', '␣').replaceAll('\n', '↵').replaceAll('\t', '⇥') || '∅';
}
