// @ts-check
/** How much the heads of every layer look at the virtual tokens while they predict the response. */
import { classes, html, useRef, useState } from '../../../ui.js';
import { mean } from '../../../metrics.js';
import { indexOfLargest, percent, quoted } from './formats.js';
import { Frame } from './frame.js';
import { focusOn, positionOf, reached } from '../../roving.js';
import { TintLegend, TintedTokens } from './tinted_tokens.js';

/** @typedef {import('../../../protocol.js').AttentionReport} AttentionReport */

/** Virtual tokens shown before the person asks for all. */
const FIRST = 40;
const LEGEND = [0, 0.25, 0.5, 0.75, 1].map((heat) => ({ heat, text: percent(heat) }));

/** @param {{report: AttentionReport}} props */
export function Attention({ report }) {
  const { totals, weights, evenShare } = report;
  const [chosen, setChosen] = useState(/** @type {number|null} */ (null));
  const heads = totals[0]?.length ?? 0;
  const all = totals.flat();
  const at = Math.min(chosen ?? indexOfLargest(all), all.length - 1);
  if (at < 0) return null;
  return html`
    <${Frame} title="Attention to the virtual tokens" summary=${summaryOf(report)} table=${tableOf(report)}
      read=${`Each number is the share of its attention that a head spends on all virtual tokens together while it predicts the response; if it looked everywhere alike, it would be the even share of ${percent(evenShare)}, and numbers above that are bold.`}
      caution="Attention is not importance: in most models many heads rest on the first positions, whatever stands there, and a weight says neither what was read nor whether it changed the answer.">
      <${TintLegend} marks=${LEGEND}><li class="tint-note">share of the attention; even share: ${percent(evenShare)}</li><//>
      <${HeatTable} totals=${totals} evenShare=${evenShare} at=${at} onChoose=${setChosen} />
      <${Bars} weights=${weights[Math.floor(at / heads)][at % heads]} name=${cellName(at, heads)} />
      <${TokenTotals} report=${report} />
    <//>`;
}

/** @param {number} at @param {number} heads */
const cellName = (at, heads) => `Layer ${Math.floor(at / heads) + 1}, head ${(at % heads) + 1}`;

/** @param {{totals: number[][], evenShare: number, at: number, onChoose: (at: number) => void}} props */
function HeatTable({ totals, evenShare, at, onChoose }) {
  const body = useRef(/** @type {HTMLElement|null} */ (null));
  const heads = totals[0].length;
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const next = reached(event.key, at, totals.length * heads, heads);
    if (next === null) return;
    event.preventDefault();
    onChoose(next);
    focusOn(body.current, next);
  };
  const onClick = (/** @type {Event} */ event) => {
    const position = positionOf(event);
    if (position !== null) onChoose(position);
  };
  return html`
    <div class="table-scroll">
      <table class="plain-table heat-table">
        <caption>Attention to all virtual tokens; choose a cell to see them one by one (the arrow keys move between the cells)</caption>
        <thead><tr><th scope="col">Layer</th>${totals[0].map((_, head) => html`<th key=${head} scope="col" class="number">Head ${head + 1}</th>`)}</tr></thead>
        <tbody ref=${body} onKeyDown=${onKeyDown} onClick=${onClick}>
          ${totals.map((row, layer) => html`
            <tr key=${layer}>
              <th scope="row">${layer + 1}</th>
              ${row.map((total, head) => {
                const position = layer * heads + head;
                return html`
                  <td key=${head}>
                    <button type="button" data-position=${position} tabindex=${position === at ? 0 : -1} aria-pressed=${position === at ? 'true' : 'false'} style=${{ '--heat': total }}
                      class=${classes('tinted', 'heat-cell', total > evenShare && 'is-above')}
                      aria-label=${`${cellName(position, heads)}: ${percent(total)}${total > evenShare ? ', above the even share' : ''}`}>${total > 0 && total < 0.0005 ? '< 0.1 %' : percent(total)}</button>
                  </td>`;
              })}
            </tr>`)}
        </tbody>
      </table>
    </div>`;
}

/** The virtual tokens as one head sees them. @param {{weights: number[], name: string}} props */
function Bars({ weights, name }) {
  const [showAll, setShowAll] = useState(false);
  const most = indexOfLargest(weights);
  return html`
    <div class="look-bars-box">
      <p class="line-name" role="status">${name}: ${percent(weights.reduce((sum, weight) => sum + weight, 0))} in all, most of it on v${most + 1} (${percent(weights[most])})</p>
      <ol class="look-bars" aria-label=${`${name}, share of each virtual token`}>
        ${(showAll ? weights : weights.slice(0, FIRST)).map((weight, index) => html`
          <li key=${index}>
            <span class="virtual-number">v${index + 1}</span>
            <span class="look-bar"><span style=${{ '--part': weights[most] > 0 ? weight / weights[most] : 0 }}></span></span>
            <span class="number">${percent(weight)}</span>
          </li>`)}
      </ol>
      ${weights.length > FIRST && html`<button type="button" class="text-button" onClick=${() => setShowAll(!showAll)}>${showAll ? `Show the first ${FIRST} virtual tokens` : `Show all ${weights.length} virtual tokens`}</button>`}
    </div>`;
}

/** @param {{report: AttentionReport}} props */
function TokenTotals({ report: { tokens } }) {
  const [active, setActive] = useState(0);
  const at = Math.min(active, tokens.length - 1);
  if (at < 0) return null;
  return html`
    <div class="token-box">
      <p class="token-detail" aria-hidden="true"><span class="figure">Token ${at + 1}</span> <code class="token-text">${quoted(tokens[at].text)}</code><span>${percent(tokens[at].total)} of the attention on the virtual tokens when it is predicted, mean over all layers and heads</span></p>
      <${TintedTokens} tokens=${tokens.map(({ text, total }) => ({ text, heat: total, label: `${percent(total)} on the virtual tokens` }))}
        label="Response tokens by attention to the virtual tokens" active=${at} onActive=${setActive} />
    </div>`;
}

/** @param {AttentionReport} report */
function summaryOf({ totals, tokens, evenShare }) {
  const all = totals.flat();
  const most = indexOfLargest(all);
  const above = all.filter((total) => total > evenShare).length;
  const least = indexOfLargest(tokens.map(({ total }) => -total));
  const largest = indexOfLargest(tokens.map(({ total }) => total));
  return [
    `On average the virtual tokens get ${percent(mean(all) ?? 0)} of the attention; the even share would be ${percent(evenShare)}, and ${above} of ${all.length} heads are above it.`,
    `Most: ${cellName(most, totals[0].length)} with ${percent(all[most])}.`,
    tokens.length > 0 && `Of the response tokens, ${quoted(tokens[largest].text)} looks at them most (${percent(tokens[largest].total)}) and ${quoted(tokens[least].text)} least (${percent(tokens[least].total)}).`,
  ].filter(Boolean).join(' ');
}

/** @param {AttentionReport} report @returns {import('./frame.js').Table} */
function tableOf({ weights, totals, tokens, evenShare }) {
  return {
    file: 'attention.csv',
    header: ['what', 'layer', 'head', 'position', 'token', 'share of the attention'],
    rows: () => [
      ['even share', null, null, null, null, evenShare],
      ...totals.flatMap((row, layer) => row.map((total, head) => ['all virtual tokens', layer + 1, head + 1, null, null, total])),
      ...weights.flatMap((row, layer) => row.flatMap((head, place) => head.map((weight, index) => ['virtual token', layer + 1, place + 1, index + 1, `v${index + 1}`, weight]))),
      ...tokens.map(({ text, total }, index) => ['response token', null, null, index + 1, text, total]),
    ],
  };
}
