// @ts-check
/** One inquiry with its optional reference and its three answers. */
import { addNotice, model, testRows, trainedPrompts, updateTestRow } from '../../state.js';
import { Button, GrowingText, Icon, classes, formatNumber, html, shortened, useState } from '../../ui.js';
import { VARIANT_NAMES } from '../../report/variants.js';
import { VARIANTS, answersOf, ask, isAskingRow, isStale, obstacleTo } from './answers.js';
import { readInquiry } from '../../inquiry.js';
import { repeats } from './duplicates.js';

/** @typedef {import('../../state.js').TestRow} TestRow */
/** @typedef {import('../../protocol.js').Variant} Variant */
/** @typedef {import('./answers.js').Written} Written */

/** @param {{row: TestRow, number: number}} props */
export function Inquiry({ row, number }) {
  const asking = isAskingRow(row.id);
  const canAsk = model.value.status === 'ready' && readInquiry(row.question).text !== '';
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (canAsk && !asking) ask([row]);
  };
  return html`
    <li class="inquiry">
      <div class="inquiry-head">
        <span class="inquiry-number" aria-hidden="true">${number}</span>
        <${GrowingText} id=${`inquiry-${row.id}`} class="inquiry-question" value=${row.question} aria-label=${`Inquiry ${number}`} placeholder="What would a customer ask?"
          aria-keyshortcuts="Control+Enter" onKeyDown=${onKeyDown} onInput=${(/** @type {string} */ question) => updateTestRow(row.id, { question })} />
        <div class="inquiry-actions">
          <${Button} icon="play" inactive=${asking} disabled=${!canAsk} title="From the inquiry: Ctrl+Enter"
            aria-label=${`Ask inquiry ${number}`} onClick=${() => ask([row])}>Ask<//>
          <${Button} kind="quiet" icon="trash" iconOnly id=${`inquiry-delete-${row.id}`} onClick=${() => remove(row)}>${`Delete inquiry ${number}`}<//>
        </div>
      </div>
      <${Repeat} rowId=${row.id} />
      <${UnknownTag} question=${row.question} />
      <div class="answers">
        ${VARIANTS.map((variant) => html`<${AnswerCell} key=${variant} row=${row} variant=${variant} />`)}
      </div>
      <${Reference} row=${row} number=${number} />
    </li>`;
}

/** @param {{rowId: string}} props */
function Repeat({ rowId }) {
  const repeat = repeats.value.get(rowId);
  if (!repeat) return null;
  return html`
    <p class="inquiry-warning"><${Icon} name="warning" />
      <span>This nearly repeats row ${repeat.row} of the dataset (“${repeat.input}”), so a good answer may only be a remembered one.</span>
    </p>`;
}

/** An inquiry that begins like a tag, but names no trained prompt. @param {{question: string}} props */
function UnknownTag({ question }) {
  const [tag] = /^\[[\p{L}\p{N}_-]+\]/u.exec(readInquiry(question).text) ?? [];
  if (!tag) return null;
  return html`
    <p class="inquiry-warning"><${Icon} name="warning" />
      <span>No prompt is trained under ${tag}, so the model reads it as part of the inquiry.${' '}
        ${trainedPrompts.value[tag.toUpperCase()] ? `There is one named ${tag.toUpperCase()}.` : ''}</span>
    </p>`;
}

/** @param {{row: TestRow, variant: Variant}} props */
function AnswerCell({ row, variant }) {
  const written = answersOf(row.id).value[variant];
  const obstacle = obstacleTo(row, variant);
  const stale = isStale(written, row, variant);
  const prefix = written?.prefix || readInquiry(row.question).prefix;
  return html`
    <section class=${classes('answer', `answer-${variant}`, stale && 'is-stale')} aria-busy=${written?.status === 'writing' ? 'true' : undefined}>
      <h4 class="answer-name">${VARIANT_NAMES[variant]}${variant === 'tuned' && prefix && html` <span class="voice-tag">${prefix}</span>`}</h4>
      <${AnswerBody} written=${written} obstacle=${obstacle} />
      ${written && html`<p class="answer-note">${stale ? 'Asked before the last change; ask again.' : footnote(written)}</p>`}
    </section>`;
}

/** @param {{written: Written|undefined, obstacle: string}} props */
function AnswerBody({ written, obstacle }) {
  if (!written) return html`<p class="answer-empty">${obstacle || 'Not asked yet.'}</p>`;
  if (written.status === 'failed') return html`<p class="answer-error"><${Icon} name="error" /><span>${written.error}</span></p>`;
  if (written.status === 'waiting') return html`<p class="answer-empty">Waiting for its turn …</p>`;
  const caret = written.status === 'writing' && html`<span class="caret" aria-hidden="true"></span>`;
  if (written.text === '' && !caret) return html`<p class="answer-empty">The model ended at once: an empty answer.</p>`;
  return html`<p class="answer-text">${written.text}${caret}</p>`;
}

/** @param {Written} written */
function footnote({ answer }) {
  if (!answer) return '';
  const seconds = answer.milliseconds / 1000;
  const speed = seconds > 0 ? `, ${formatNumber(answer.tokens / seconds)} tokens/s` : '';
  const end = { stop: '', length: ', cut at the maximum length', cancelled: ', stopped by you' }[answer.finishReason];
  return `${formatNumber(answer.tokens)} tokens${speed}${end}`;
}

/** @param {{row: TestRow, number: number}} props */
function Reference({ row, number }) {
  const [open, setOpen] = useState(row.reference !== '');
  if (!open) {
    return html`<${Button} kind="quiet" icon="plus" class="reference-add" aria-label=${`Add a reference answer to inquiry ${number}`} onClick=${() => {
      setOpen(true);
      requestAnimationFrame(() => document.getElementById(`reference-${row.id}`)?.focus());
    }}>Add a reference answer<//>`;
  }
  return html`
    <div class="reference">
      <label for=${`reference-${row.id}`}>Reference answer <span>(optional; step 7 measures against it)</span></label>
      <${GrowingText} id=${`reference-${row.id}`} value=${row.reference} placeholder="The ideal response"
        onInput=${(/** @type {string} */ reference) => updateTestRow(row.id, { reference })} />
    </div>`;
}

/** Deletes an inquiry; a notice brings it back. @param {TestRow} row */
function remove(row) {
  const index = testRows.value.findIndex(({ id }) => id === row.id);
  if (index < 0) return;
  const next = testRows.value[index + 1] ?? testRows.value[index - 1];
  document.getElementById(next ? `inquiry-delete-${next.id}` : 'inquiry-add')?.focus();
  testRows.value = testRows.value.filter(({ id }) => id !== row.id);
  const name = row.question.trim() === '' ? '' : ` (“${shortened(row.question.trim())}”)`;
  addNotice('info', `Inquiry ${index + 1}${name} was deleted.`, { label: 'Bring it back', run: () => bringBack(row, index) });
}

/** @param {TestRow} row @param {number} index where it stood */
function bringBack(row, index) {
  testRows.value = [...testRows.value.slice(0, index), row, ...testRows.value.slice(index)];
  requestAnimationFrame(() => document.getElementById(`inquiry-${row.id}`)?.focus());
}
