// @ts-check
/** Step 7: what was learned, what it is worth, and what to do next. */
import { conclusions, model } from '../state.js';
import { Card, GrowingText, html, useEffect, useRef, useSignal } from '../ui.js';
import { Comparison } from './analysis/comparison.js';
import { comparison } from './analysis/measure.js';
import { CopyingPart } from './analysis/copying.js';
import { Consistency } from './analysis/consistency.js';
import { Forgetting } from './analysis/forgetting.js';
import { CrossValidation } from './analysis/cross_validation.js';
import { LearningCurve } from './analysis/learning_curve.js';
import { Hardest } from './analysis/hardest.js';
import { Frozen } from './analysis/frozen.js';
import { Inside } from './analysis/inside/inside.js';
import { NearestTokens } from './analysis/nearest_tokens.js';
import { Patterns } from './analysis/patterns.js';
import { Reading } from './analysis/reading.js';
import { Report } from './analysis/report.js';
import { Rows } from './analysis/rows.js';

export function AnalysisStep() {
  return html`
    <${Card} step=${7} name="analysis" title="Analyse"
      intro="Did the prompt learn the objective, or only its examples? Each part below answers one question, and says where its answer can mislead.">
      <${Contents} />
      <${Comparison} />
      <${Rows} />
      <${Patterns} />
      <${CopyingPart} />
      <${Reading} />
      <${CrossValidation} />
      <${LearningCurve} />
      <${Hardest} />
      <${Consistency} />
      <${Forgetting} />
      <${Frozen} />
      <${NearestTokens} />
      <${Inside} />
      <${Conclusions} />
      <${Report} />
    <//>`;
}

/** The questions of this step, as they stand above its parts, as links. */
function Contents() {
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  const questions = useSignal(/** @type {{id: string, text: string}[]} */ ([]));
  useEffect(() => {
    const titles = list.current?.closest('.card')?.querySelectorAll('.part-title') ?? [];
    questions.value = [...titles].map(({ id, textContent }) => ({ id, text: textContent ?? '' }));
  }, [model.value.status, comparison.value !== null]); // some parts wait for the model, or for what was measured
  return html`
    <nav class="contents" ref=${list} aria-label="Questions of step 7">
      <ul>${questions.value.map(({ id, text }) => html`<li key=${id}><a href=${`#${id}`}>${text}</a></li>`)}</ul>
    </nav>`;
}

function Conclusions() {
  return html`
    <section class="part" aria-labelledby="conclusions-title">
      <h3 class="part-title" id="conclusions-title">Your conclusions</h3>
      <p class="part-intro">Which of the three answers would you send to a customer, and why? Would you train longer, or write more examples? Your notes are kept in this browser.</p>
      <${GrowingText} class="conclusions" aria-labelledby="conclusions-title" value=${conclusions.value} placeholder="What did you see?"
        onInput=${(/** @type {string} */ text) => { conclusions.value = text; }} />
    </section>`;
}
