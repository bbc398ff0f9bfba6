// @ts-check
/** What kind of example is missing: the rows that the tuned model finds hardest, and in them the tokens that it did not expect. */
import { downloadCsv } from '../../csv.js';
import { engine } from '../../engine.js';
import { loss as formatLoss } from '../../report/numbers.js';
import { activePrefix, activePrompt, announce, model, softPromptOf } from '../../state.js';
import { keep } from '../../store.js';
import { Button, Notice, html, plural, sentenceOf, shortened, signal } from '../../ui.js';
import { groups } from './inside/choices.js';
import { isOfNow, promptKey } from './measure.js';
import { nameOf } from './row_names.js';

/** @typedef {import('../../protocol.js').Example} Example */
/** A token of the ideal response of `example` that cost much. @typedef {{example: Example, before: string, text: string, loss: number, likeliest: string}} HardToken */
/** @typedef {{key: string, prefix: string, unseen: boolean, of: number, rows: {example: Example, loss: number}[], tokens: HardToken[]}} Hardest */

const ROWS = 3;
const TOKENS = 10;
/** Tokens shown before a hard one, so that its place is seen. */
const BEFORE = 6;

export const hardest = signal(/** @type {Hardest|null} */ (null));
keep('hardest', hardest, (saved) =>
  saved && typeof saved.key === 'string' && typeof saved.prefix === 'string' && [saved.rows, saved.tokens].every((list) => Array.isArray(list) && list.every(isOfExample)) ? saved : undefined);
/** @param {any} saved */
const isOfExample = (saved) => typeof saved?.example?.input === 'string' && typeof saved.example.output === 'string';
const busy = signal(false);
const problem = signal('');

/** Rows that the prompt has surely not seen, where there are any. */
function rowsToAsk() {
  const unseen = groups.value.filter((group) => group.unseen).flatMap(({ examples }) => examples);
  return unseen.length > 0 ? { unseen: true, examples: unseen } : { unseen: false, examples: groups.value.flatMap(({ examples }) => examples) };
}

async function look() {
  const prompt = activePrompt.value;
  if (!prompt || busy.value) return;
  busy.value = true;
  problem.value = '';
  const { examples, unseen } = rowsToAsk();
  const [key, prefix, softPrompt] = [promptKey(), activePrefix.value, softPromptOf(prompt)];
  try {
    const report = await engine.request('evaluate', { examples, softPrompt });
    const rows = examples.map((example, index) => ({ example, loss: report.examples[index].loss })).sort((a, b) => b.loss - a.loss).slice(0, ROWS);
    /** @type {HardToken[]} */
    const tokens = [];
    for (const { example } of rows) {
      const losses = await engine.request('tokenLosses', { example, softPrompt });
      losses.forEach(({ text, loss, likeliest, correct }, at) => {
        if (!correct) tokens.push({ example, before: losses.slice(Math.max(0, at - BEFORE), at).map((token) => token.text).join(''), text, loss, likeliest });
      });
    }
    hardest.value = { key, prefix, unseen, of: examples.length, rows, tokens: tokens.sort((a, b) => b.loss - a.loss).slice(0, TOKENS) };
    announce('The hardest rows and tokens are found.');
  } catch (error) {
    problem.value = sentenceOf(error);
  }
  busy.value = false;
}

export function Hardest() {
  const ready = model.value.status === 'ready' && activePrompt.value !== null && rowsToAsk().examples.length > 0;
  return html`
    <section class="part" aria-labelledby="hardest-title">
      <h3 class="part-title" id="hardest-title">What kind of example is missing?</h3>
      <p class="part-intro">The rows that the model with your prompt finds hardest, and the tokens in them that it did not expect. If they have a topic or a form in common, examples of it may help; with so few rows it can be chance. A name or a number that stands nowhere in your rows is always hard: a soft prompt sets style, it does not know facts.</p>
      <p><${Button} icon="play" disabled=${!ready} inactive=${busy.value} onClick=${() => void look()}>${busy.value ? 'Looking …' : 'Find the hardest rows and tokens'}<//></p>
      ${problem.value && html`<${Notice} kind="error" onClose=${() => { problem.value = ''; }}>${problem.value}<//>`}
      ${hardest.value && html`<${Found} found=${hardest.value} />`}
    </section>`;
}

/** @param {{found: Hardest}} props */
function Found({ found: { key, prefix, unseen, of, rows, tokens } }) {
  return html`
    ${!isOfNow(key) && html`<p class="part-caution">This is about another prompt or model (${prefix}); look again for what is chosen now.</p>`}
    ${!unseen && html`<p class="part-caution">These rows may have been trained on, as none is known to be new to the prompt: what is hard in them even so is hard indeed.</p>`}
    <p class="hint">Of ${plural(of, unseen ? 'row that the prompt has not seen' : 'row', unseen ? 'rows that the prompt has not seen' : 'rows')}, by their loss:</p>
    <ul class="hardest-rows">${rows.map(({ example, loss }) => html`<li key=${example.input}>${nameOf(example)}: ${shortened(example.input)} <span class="figure">${formatLoss(loss)}</span></li>`)}</ul>
    <div class="table-scroll" tabindex="0" role="region" aria-label="Tokens that were not expected">
      <table class="plain-table">
        <thead><tr><th scope="col">Before it</th><th scope="col">Token</th><th scope="col">Expected instead</th><th scope="col" class="number">Loss</th><th scope="col">Where</th></tr></thead>
        <tbody>${tokens.map((token, index) => html`
          <tr key=${index}><td>…${token.before}</td><th scope="row"><code>${token.text}</code></th><td><code>${token.likeliest}</code></td><td class="number">${formatLoss(token.loss)}</td><td>${nameOf(token.example)}</td></tr>`)}</tbody>
      </table>
    </div>
    <p><${Button} kind="quiet" icon="download" onClick=${() => downloadCsv('hardest-tokens.csv', ['where', 'before', 'token', 'expected', 'loss'],
      tokens.map((token) => [nameOf(token.example), token.before, token.text, token.likeliest, token.loss]))}>Download hardest tokens as CSV<//></p>`;
}
