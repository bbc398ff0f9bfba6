// @ts-check
/** The sections of a report on two questions of step 7: what is hard for the tuned model, and does it answer alike. */
import { Markup, markup, table, words } from './markup.js';
import { isNumber, loss, number, plural } from './numbers.js';
import { section } from './setup.js';

/** @typedef {import('./collect.js').Report} Report */

const MOST_IN_CELL = 200;

/** @param {{ofPrompt: boolean, prefix: string}} of */
const otherPrompt = ({ ofPrompt, prefix }) => !ofPrompt && markup`<p class="note">These numbers belong to another prompt or model${prefix && ` (${prefix})`} than the one chosen when the report was made.</p>`;

/** @param {number} row its number among the examples; 0 for an inquiry */
const nameOf = (row) => (row > 0 ? `row ${row}` : 'inquiry');

/** @param {Report} report */
export function hardestSection({ hardest }) {
  if (!hardest) return new Markup('');
  const { unseen, of, rows, tokens } = hardest;
  return section('What is hardest for the tuned model', otherPrompt(hardest),
    markup`<p>Of ${plural(of, 'row')} ${unseen ? 'that the prompt has not seen' : 'that may have been trained on'}, by their loss:</p>`,
    markup`<ul>${rows.map(({ input, row, loss: lossOf }) => markup`<li>${nameOf(row)}: ${words(input, MOST_IN_CELL)} (${loss(lossOf)})</li>`)}</ul>`,
    tokens.length > 0 && table({
      caption: 'Tokens in them that were not expected, the highest loss first', columns: [{ name: 'Before it' }, { name: 'Token' }, { name: 'Expected instead' }, { name: 'Loss', number: true }, { name: 'Where' }],
      rows: tokens, cells: ({ before, text, likeliest, loss: lossOf, row }) => [words(`…${before}`), markup`<code>${text}</code>`, markup`<code>${likeliest}</code>`, loss(lossOf), nameOf(row)],
    }));
}

/** @param {Report} report */
export function consistencySection({ consistency }) {
  if (!consistency) return new Markup('');
  const { questions, base, tuned } = consistency;
  const shown = (/** @type {number|null} */ agreement) => number(agreement, 1);
  return section('The same question in other words', otherPrompt(consistency),
    markup`<p>Agreement is the mean chrF between the answers to one question, from 0 (no letters in common) to 100 (the same).${isNumber(tuned) && ` On average ${isNumber(base) ? `${shown(base)} (base) and ` : ''}${shown(tuned)} (tuned).`} It misleads where a model always says the same.</p>`,
    table({
      caption: 'Agreement of the answers, from 0 to 100', stacked: true, columns: [{ name: 'Question' }, { name: 'Wordings', number: true }, { name: 'Base', number: true }, { name: 'Tuned', number: true }],
      rows: questions, cells: (one) => [words(one.question, MOST_IN_CELL), number(one.texts.length), shown(one.base.agreement), shown(one.tuned.agreement)],
    }));
}
