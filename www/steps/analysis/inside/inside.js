// @ts-check
/** A look inside: what one response token costs, where the model looks, which way the virtual tokens went. */
import { activePrefix, activePrompt, model } from '../../../state.js';
import { Button, Field, Notice, Progress, classes, formatNumber, html } from '../../../ui.js';
import { Attention } from './attention.js';
import { choose, chosenPlace, groups, offered } from './choices.js';
import { busy, canLook, lookInside, seen } from './look.js';
import { NearestPath } from './nearest_path.js';
import { PathMap } from './path.js';
import { TokenLosses } from './token_losses.js';

/** @typedef {import('./look.js').Seen} Seen */

const LABEL_LENGTH = 70;

export function Inside() {
  const found = seen.value;
  const obstacle = obstacleNow();
  return html`
    <section class="part inside" aria-labelledby="inside-title">
      <h3 class="part-title" id="inside-title">Look inside</h3>
      <p class="part-intro">One example under the lens: which tokens of its response the prompt makes likelier, how much the model looks at the virtual tokens, and which way they went during training.</p>
      ${offered.value.length > 0 && html`<${ExampleChooser} />`}
      <div class="part-actions">
        <${Button} icon="play" disabled=${!canLook.value} inactive=${busy.value} onClick=${lookInside}>Look inside<//>
      </div>
      ${obstacle && html`<p class="hint">${obstacle}</p>`}
      ${busy.value && html`<${Progress} label="Looking inside" text="Looking inside …" />`}
      ${found && html`<${Result} found=${found} />`}
    </section>`;
}

/** Why there is nothing to look at, or "". */
function obstacleNow() {
  if (model.value.status !== 'ready') return 'This works once the language model is there.';
  if (!activePrompt.value) return 'Train a prompt in step 5 first.';
  return offered.value.length === 0 ? 'Fill in a row of step 1 first, or write a reference for an inquiry in step 6.' : '';
}

function ExampleChooser() {
  let place = 0;
  return html`
    <${Field} label="Example to look into" class="inside-example" help="Rows that the prompt was not trained on tell more than those it was trained on.">
      <select value=${String(chosenPlace.value)} onChange=${(/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) => choose(Number(event.currentTarget.value))}>
        ${groups.value.map(({ title, all, examples }) => html`
          <optgroup key=${title} label=${examples.length < all ? `${title} (${formatNumber(examples.length)} of ${formatNumber(all)})` : title}>
            ${examples.map((example) => html`<option key=${place} value=${String(place++)}>${shortened(example.input)}</option>`)}
          </optgroup>`)}
      </select>
    <//>`;
}

/** @param {string} text */
function shortened(text) {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LABEL_LENGTH ? `${line.slice(0, LABEL_LENGTH - 1)}…` : line;
}

/** @param {{found: Seen}} props */
function Result({ found }) {
  const { example, prefix, step, losses, attention, way, noWay, problems } = found;
  return html`
    <div class=${classes('looks', busy.value && 'is-stale')} aria-busy=${busy.value ? 'true' : 'false'}>
      <p class="look-about" role="status">Looked into “${shortened(example.input)}” with ${prefix === activePrefix.value ? html`<span class="voice-tag">${prefix}</span>` : prefix}.</p>
      ${problems.map((problem) => html`<${Notice} key=${problem} kind="error">${problem}<//>`)}
      ${losses && html`<${TokenLosses} losses=${losses} />`}
      ${attention && html`<${Attention} report=${attention} />`}
      ${way && html`<${PathMap} way=${way} promptStep=${step} />`}
      ${way && html`<${NearestPath} way=${way} />`}
      ${noWay && html`
        <section class="look" aria-labelledby="no-way-title">
          <h4 class="look-title" id="no-way-title">The way of the virtual tokens</h4>
          <p class="hint">${noWay}</p>
        </section>`}
    </div>`;
}
