// @ts-check
/** Step 6: new inquiries, each answered by the base model, by the base model with the objective in words, and tuned. */
import { model, newId, testRows } from '../state.js';
import { useSuccessor } from '../focus.js';
import { Button, Card, html, plural, useRef } from '../ui.js';
import { Adapters } from './test/adapters.js';
import { answersLeft, ask, askingEnded, isAsking, stopAsking } from './test/answers.js';
import { Decoding } from './test/decoding.js';
import { Inquiry } from './test/inquiry.js';
import { Variants } from './test/variants.js';

export function TestStep() {
  return html`
    <${Card} step=${6} name="test" title="Test on new inquiries"
      intro="Ask what the prompt was not trained on, and read three answers side by side. All three are decoded in the same way, so what differs is only what stands in front of the inquiry. Judge voice and form: names, numbers and steps are often invented.">
      <${Variants} />
      <${Decoding} />
      <${AskBar} />
      <ol class="inquiries">
        ${testRows.value.map((row, index) => html`<${Inquiry} key=${row.id} row=${row} number=${index + 1} />`)}
      </ol>
      ${testRows.value.length === 0 && html`<p class="hint">There is no inquiry. Add one to test the prompt.</p>`}
      <${Button} icon="plus" class="inquiry-add" id="inquiry-add" onClick=${addInquiry}>Add an inquiry<//>
      <${Adapters} />
    <//>`;
}

const ENDS = { '': '', done: 'Done: the answers are below.', stopped: 'Stopped.' };

function AskBar() {
  const ready = model.value.status === 'ready';
  const group = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(group, 'button:enabled');
  return html`
    <div class="ask-bar" ref=${group} tabindex="-1">
      <${Button} kind="primary" icon="play" disabled=${!ready || testRows.value.length === 0} inactive=${isAsking.value} onClick=${() => ask(testRows.value)}>Ask all<//>
      ${isAsking.value && html`<${Button} icon="stop" onClick=${stopAsking}>Stop<//>`}
      <p class="run-note">${isAsking.value && `Writing; ${plural(answersLeft.value, 'answer')} to go.`}<span role="status">${isAsking.value ? '' : !ready ? 'The language model is not ready yet.' : ENDS[askingEnded.value]}</span></p>
    </div>`;
}

/** Adds an empty inquiry and puts the cursor into it. */
function addInquiry() {
  const id = newId();
  testRows.value = [...testRows.value, { id, question: '', reference: '' }];
  requestAnimationFrame(() => document.getElementById(`inquiry-${id}`)?.focus());
}
