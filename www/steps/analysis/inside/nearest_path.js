// @ts-check
/** The word nearest to each virtual token at the beginning, in the middle and at the end of the training. */
import { classes, html, useState } from '../../../ui.js';
import { quoted, shownToken } from './formats.js';
import { Frame } from './frame.js';

/** @typedef {import('./look.js').Way} Way */
/** @typedef {NonNullable<Way['nearest']>} NearestSteps */

/** Virtual tokens shown before the person asks for all. */
const FIRST = 20;
/** Changed words that the summary names. */
const NAMED = 4;

/** @param {{way: Way}} props */
export function NearestPath({ way: { nearest } }) {
  const [showAll, setShowAll] = useState(false);
  if (!nearest) {
    return html`
      <section class="look" aria-labelledby="no-nearest-title">
        <h4 class="look-title" id="no-nearest-title">Nearest words during training</h4>
        <p class="hint">There is no such table here: prefix tuning trains keys and values, which lie in another space than the words, so no word is near to them.</p>
      </section>`;
  }
  const columns = columnsOf(nearest);
  const tokens = columns[0]?.tokens.map((_, index) => index) ?? [];
  return html`
    <${Frame} title="Nearest words during training" summary=${summaryOf(nearest)} table=${tableOf(nearest)}
      read="Each cell names the word whose embedding points most nearly the same way as the virtual token, with the cosine similarity (1 is the same direction); “changed” marks a word that is another than in the column before."
      caution="The nearest word is not what the virtual token says: a prompt can change much in what it does while its nearest words stay the same, and with a low similarity the word says nothing.">
      <div class="table-scroll" tabindex="0" role="region" aria-label="Nearest words">
        <table class="plain-table nearest-path">
          <caption class="visually-hidden">The nearest word to each virtual token</caption>
          <thead><tr><th scope="col">Token</th>${columns.map(({ name, step }) => html`<th key=${name} scope="col">${name} (step ${step})</th>`)}</tr></thead>
          <tbody>
            ${(showAll ? tokens : tokens.slice(0, FIRST)).map((token) => html`
              <tr key=${token}>
                <th scope="row" class="virtual-number">v${token + 1}</th>
                ${columns.map((column, index) => {
                  const changed = index > 0 && column.tokens[token].token !== columns[index - 1].tokens[token].token;
                  return html`
                    <td key=${index} class=${classes(changed && 'is-changed')}>
                      <span class="near-token">${shownToken(column.tokens[token].token)}</span> <span class="near-similarity">${column.tokens[token].similarity.toFixed(2)}</span>
                      ${changed && html` <span class="look-changed">changed</span>`}
                    </td>`;
                })}
              </tr>`)}
          </tbody>
        </table>
      </div>
      ${tokens.length > FIRST && html`<button type="button" class="text-button" onClick=${() => setShowAll(!showAll)}>${showAll ? `Show the first ${FIRST} rows` : `Show all ${tokens.length} rows`}</button>`}
    <//>`;
}

/** The first, the middle and the last step, as far as there are that many. @param {NearestSteps} steps */
function columnsOf(steps) {
  const last = steps.length - 1;
  const middle = Math.floor(last / 2);
  return [
    { name: 'Beginning', at: 0 },
    ...(middle > 0 ? [{ name: 'Middle', at: middle }] : []),
    ...(last > 0 ? [{ name: 'End', at: last }] : []),
  ].filter(({ at }) => steps[at]).map(({ name, at }) => ({ name, ...steps[at] }));
}

/** @param {NearestSteps} steps */
function summaryOf(steps) {
  const [first, last] = [steps[0], steps[steps.length - 1]];
  if (!first) return 'No step was kept.';
  const changes = last.tokens
    .map(({ token }, index) => ({ index, from: first.tokens[index].token, to: token }))
    .filter(({ from, to }) => from !== to);
  const named = changes.slice(0, NAMED).map(({ index, from, to }) => `v${index + 1} from ${quoted(from)} to ${quoted(to)}`).join(', ');
  const count = `From step ${first.step} to step ${last.step} the nearest word changed for ${changes.length} of ${last.tokens.length} virtual tokens`;
  return changes.length > 0 ? `${count}: ${named}${changes.length > NAMED ? ' and others' : ''}.` : `${count}.`;
}

/** @param {NearestSteps} steps @returns {import('./frame.js').Table} */
function tableOf(steps) {
  return {
    file: 'nearest_words.csv',
    header: ['step', 'virtual token', 'nearest word', 'cosine similarity'],
    rows: () => steps.flatMap(({ step, tokens }) => tokens.map(({ token, similarity }, index) => [step, `v${index + 1}`, token, similarity])),
  };
}
