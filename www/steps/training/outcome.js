// @ts-check
/** What a run has led to: which prompt is kept, more steps, and the runs before it. */
import { Button, Field, formatNumber, html, plural, signal } from '../../ui.js';
import { earlierRuns, isActive, keepPrompt, run, usePromptOf } from '../../run.js';
import { experimentInTheWay } from '../../experiments/under_way.js';
import { nameOfRun } from '../../run/names.js';
import { bestEvaluation, isMean, keptPrompt, promptName, samePrompt, stepsOf } from '../../run/record.js';
import { trainedPrompts } from '../../state.js';
import { loss as formatLoss } from '../../report/numbers.js';
import { measuredHeldOut } from '../../limits.js';
import { nameOf } from '../analysis/row_names.js';
import { goOn } from './controls.js';

/** @typedef {import('../../run/record.js').Run} Run */

const more = signal(50);

export function Outcome() {
  const now = run.value;
  if (!now || !['finished', 'stopped', 'failed'].includes(now.status) || !now.last) return null;
  const kept = keptPrompt(now);
  const valid = Number.isInteger(more.value) && more.value > 0 && more.value <= 10_000;
  return html`
    <div class="outcome">
      ${now.stoppedEarly > 0 && html`<p class="outcome-sentence">Stopped early, at step ${now.stoppedEarly}: ${plural(now.settings.early_stopping_patience, 'measurement')} in a row brought no better held-out loss.</p>`}
      ${now.interrupted && html`<p class="outcome-sentence">The page was closed or reloaded while this run was under way; it is kept up to step ${formatNumber(now.last.step)}.</p>`}
      <p class="outcome-sentence">${outcomeSentence(now)}</p>
      ${kept && !stands(now) && html`<p><${Button} onClick=${() => keepPrompt(now.kept)}>Use the ${promptName(kept)}<//></p>`}
      ${now.best && now.best.step !== now.last.step && html`<${KeptChoice} now=${now} />`}
      ${now.status !== 'failed' && html`<div class="outcome-more">
        ${now.stoppedEarly > 0 && now.last.step < now.settings.steps && html`<${Button} icon="play" disabled=${experimentInTheWay() !== ''} onClick=${() => goOn(0)}>Continue to step ${now.settings.steps}<//>`}
        <${Field} label="More steps" class="more-steps" error=${valid ? null : 'Use a whole number from 1 to 10,000.'}>
          <input type="number" min="1" max="10000" step="10" value=${Number.isFinite(more.value) ? more.value : ''}
            onInput=${(/** @type {InputEvent & {currentTarget: HTMLInputElement}} */ event) => { more.value = event.currentTarget.valueAsNumber; }} />
        <//>
        <${Button} icon="plus" disabled=${!valid || experimentInTheWay() !== ''} onClick=${() => goOn(more.value)}>Train ${valid ? more.value : ''} more steps<//>
      </div>
      ${now.settings.lr_scheduler_type !== 'constant' && html`<p class="field-help">With more steps the learning rate is planned anew to the new end: it rises again, and the loss may jump at first. To compare run lengths, set Steps in step 3 and start a new run.</p>`}`}
    </div>`;
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Whether the prompt of the run is the one under its prefix token: not after a reload in the middle of it, and not
 * once the prompt of an earlier run was brought back. @param {Run} now */
function stands(now) {
  const kept = keptPrompt(now);
  const trained = trainedPrompts.value[now.settings.prefix_token];
  return Boolean(kept && trained && samePrompt(kept.softPrompt, trained));
}

/** @param {Run} now */
function outcomeSentence(now) {
  const kept = keptPrompt(now);
  const start = now.evaluations.find((point) => point.step === 0);
  if (!kept) return null;
  if (!stands(now)) {
    const prefix = html`<b>${now.settings.prefix_token}</b>`;
    return html`This run has reached step ${now.last?.step}. ${trainedPrompts.value[now.settings.prefix_token]
      ? html`Under ${prefix} stands the prompt of another run.` : html`No prompt is saved as ${prefix} yet.`}`;
  }
  if (kept.heldOutLoss === null || !start) return html`The ${promptName(kept)} now stands under <b>${now.settings.prefix_token}</b>.`;
  if (kept.step === 0 && !isMean(kept)) {
    return html`Training did not lower the held-out loss below ${formatLoss(start.heldOutLoss)}, where it started. A lower learning rate or more varied examples may help.`;
  }
  const all = now.split.heldOut.length;
  const measured = measuredHeldOut(all);
  return html`
    On ${measured < all ? `${formatNumber(measured)} of ` : ''}the ${plural(all, 'example')} that ${all === 1 ? 'was' : 'were'} held out${heldOutRows(now)}, the loss went from ${formatLoss(start.heldOutLoss)}, with the untrained prompt, to <b>${formatLoss(kept.heldOutLoss)}</b>.${' '}
    ${now.kept === 'best' && now.best && 'They also chose the prompt, so new inquiries may do a little worse. '}The ${promptName(kept)} now stands under <b>${now.settings.prefix_token}</b>.`;
}

/** More held-out rows than this are not listed. */
const MOST_LISTED = 5;

/** The held-out rows by their numbers in step 1, where they are few; the numbers of then where the rows have changed. @param {Run} now */
function heldOutRows({ split, examples, asked }) {
  if (split.heldOut.length > MOST_LISTED) return '';
  const names = split.heldOut.map((index) => nameOf(examples[index], asked.examples)).join(', ');
  const isOfNow = split.heldOut.every((index) => nameOf(examples[index]) === nameOf(examples[index], asked.examples));
  return isOfNow ? ` (${names})` : ` (${names}, as they were numbered then)`;
}

/** @param {{now: Run}} props */
function KeptChoice({ now }) {
  const { best, last } = now;
  if (!best || !last) return null;
  /** @type {['best'|'last', string, string][]} */
  const choices = [
    ['best', `${capital(stepsOf(best))}, ${isMean(best) ? `mean of ${best.averaged} prompts` : 'the lowest loss'}`, `recommended, held-out loss ${formatLoss(best.heldOutLoss ?? NaN)}`],
    ['last', `Step ${last.step}, the last`, last.heldOutLoss === null ? 'held-out loss not measured' : `held-out loss ${formatLoss(last.heldOutLoss)}`],
  ];
  return html`
    <fieldset class="kept">
      <legend>Which prompt should answer in step 6?</legend>
      <div class="kept-choices">
        ${choices.map(([which, name, detail]) => html`
          <label key=${which} class="kept-choice">
            <input type="radio" name="kept" checked=${stands(now) && now.kept === which} onChange=${() => keepPrompt(which)} />
            <span>${name} <small>${detail}</small></span>
          </label>`)}
      </div>
      <p class="field-help">With few examples a prompt begins to repeat them word for word, so where the held-out loss is lowest is the safer choice. Later prompts whose loss lies within 3 % of it do about as well; their mean with it is steadier than one step.</p>
    </fieldset>`;
}

export function EarlierRuns() {
  if (earlierRuns.value.length === 0) return null;
  return html`
    <details class="earlier">
      <summary>Earlier runs (${earlierRuns.value.length})</summary>
      <div class="table-scroll" tabindex="0" role="region" aria-label="Earlier runs">
        <table class="plain-table">
          <thead><tr><th scope="col">Run</th><th scope="col">What was different</th><th scope="col" class="number">Steps</th><th scope="col" class="number">Best held-out loss</th><th scope="col"><span class="visually-hidden">Action</span></th></tr></thead>
          <tbody>${earlierRuns.value.map((earlier) => html`<${EarlierRun} key=${earlier.number} earlier=${earlier} />`)}</tbody>
        </table>
      </div>
    </details>`;
}

/** @param {{earlier: Run}} props */
function EarlierRun({ earlier }) {
  const best = bestEvaluation(earlier);
  return html`
    <tr>
      <th scope="row">${earlier.number}, ${nameOfRun(earlier.number)}<br /><small>${earlier.settings.prefix_token}</small></th>
      <td>${earlier.changes.length > 0 ? earlier.changes.join('; ') : earlier.number === 1 ? 'the first run' : 'nothing'}</td>
      <td class="number">${formatNumber(earlier.steps.at(-1)?.step ?? 0)}</td>
      <td class="number">${best ? `${formatLoss(best.heldOutLoss)} (step ${best.step})` : '–'}</td>
      <td>${keptPrompt(earlier) && html`<${Button} kind="quiet" disabled=${isActive.value} onClick=${() => usePromptOf(earlier)}>Use this prompt<//>`}</td>
    </tr>`;
}
