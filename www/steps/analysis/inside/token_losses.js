// @ts-check
/** The loss of every token of the response, with the base and with the tuned model. */
import { loss as formatLoss } from '../../../report/numbers.js';
import { html, plural, useState } from '../../../ui.js';
import { mean } from '../../../metrics.js';
import { indexOfLargest, percent, quoted } from './formats.js';
import { Frame } from './frame.js';
import { TintLegend, TintedTokens } from './tinted_tokens.js';

/** @typedef {import('../../../protocol.js').TokenLoss} TokenLoss */
/** @typedef {{base: TokenLoss[], tuned: TokenLoss[]}} Losses */

/** The loss at which the tint is full. */
const FULL = 6;
const LEGEND = [0, 1, 2, 4, FULL].map((loss) => ({
  heat: loss / FULL,
  text: `${loss}${loss === FULL ? ' or more' : ''} (${loss === FULL ? 'at most ' : ''}${percent(Math.exp(-loss))})`,
}));
const COLUMNS = ['loss', 'probability', 'likeliest token', 'is the likeliest'];

/** @param {TokenLoss} token */
const described = ({ loss, probability, correct, likeliest }) =>
  `loss ${formatLoss(loss)}, probability ${percent(probability)}, ${correct ? 'the likeliest token' : `likeliest instead: ${quoted(likeliest)}`}`;

/** @param {TokenLoss[]} tokens */
const tinted = (tokens) => tokens.map((token) => ({ text: token.text, heat: token.loss / FULL, label: described(token), marked: !token.correct }));

/** @param {{losses: Losses}} props */
export function TokenLosses({ losses }) {
  const { base, tuned } = losses;
  const [active, setActive] = useState(0);
  const at = Math.min(active, tuned.length - 1);
  return html`
    <${Frame} title="Loss of every token" summary=${summaryOf(losses)} table=${tableOf(losses)}
      read="Each box is one token of the ideal response; the stronger its colour, the less the model expected it after all that stands before it. A loss of 0 means that it was certain, and an underlined token was not its first choice."
      caution="A strong colour is not a mistake by itself: often other words fit as well, and here only this one wording counts. The model also sees the right beginning of the response at every token, which it does not have when it writes on its own.">
      <${TintLegend} marks=${LEGEND}>
        <li class="tint-note">loss (probability that the model gave the token)</li>
      <//>
      <div class="token-box">
        <div class="token-detail look-detail" aria-hidden="true">
          ${tuned[at] && html`
            <p><span class="figure">Token ${at + 1}</span> <code class="token-text">${quoted(tuned[at].text)}</code></p>
            ${base[at] && html`<p>Base: ${described(base[at])}</p>`}
            <p>Tuned: ${described(tuned[at])}</p>`}
        </div>
        <p class="line-name">Base, mean loss ${formatLoss(meanLoss(base))}</p>
        <${TintedTokens} tokens=${tinted(base)} label="Response tokens, base model" active=${at} onActive=${setActive} />
        <p class="line-name">Tuned, mean loss ${formatLoss(meanLoss(tuned))}</p>
        <${TintedTokens} tokens=${tinted(tuned)} label="Response tokens, tuned model" active=${at} onActive=${setActive} />
      </div>
    <//>`;
}

/** @param {TokenLoss[]} tokens */
const meanLoss = (tokens) => mean(tokens.map(({ loss }) => loss));

/** @param {Losses} losses */
function summaryOf({ base, tuned }) {
  const right = (/** @type {TokenLoss[]} */ tokens) => tokens.filter(({ correct }) => correct).length;
  const hardest = tuned[indexOfLargest(tuned.map(({ loss }) => loss))];
  const gains = tuned.map(({ loss }, index) => (base[index]?.loss ?? loss) - loss);
  const gain = indexOfLargest(gains);
  return [
    `Mean loss over ${plural(tuned.length, 'response token')}: base ${formatLoss(meanLoss(base))}, tuned ${formatLoss(meanLoss(tuned))}.`,
    `The right token was the likeliest one at ${right(base)} of them for the base model and at ${right(tuned)} for the tuned one.`,
    hardest && `The hardest token for the tuned model is ${quoted(hardest.text)} with a loss of ${formatLoss(hardest.loss)}.`,
    gains[gain] > 0 && `The prompt helps most at ${quoted(tuned[gain].text)}: ${formatLoss(base[gain].loss)} becomes ${formatLoss(tuned[gain].loss)}.`,
  ].filter(Boolean).join(' ');
}

/** @param {Losses} losses @returns {import('./frame.js').Table} */
function tableOf({ base, tuned }) {
  const cells = (/** @type {TokenLoss|undefined} */ token) => (token ? [token.loss, token.probability, token.likeliest, token.correct ? 'yes' : 'no'] : COLUMNS.map(() => null));
  return {
    file: 'token_losses.csv',
    header: ['position', 'token', ...COLUMNS.map((name) => `${name}, base`), ...COLUMNS.map((name) => `${name}, tuned`)],
    rows: () => tuned.map((token, index) => [index + 1, token.text, ...cells(base[index]), ...cells(token)]),
  };
}
