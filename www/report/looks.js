// @ts-check
/** The sections of a report on three questions of step 7: does it repeat its examples, what is hard for it, does it answer alike. */
import { Markup, markup, table, words } from './markup.js';
import { NONE, isNumber, loss, number, percent, plural } from './numbers.js';
import { section } from './setup.js';

/** @typedef {import('./collect.js').Report} Report */

const MOST_IN_CELL = 200;

/** @param {{ofPrompt: boolean, prefix: string}} of */
const otherPrompt = ({ ofPrompt, prefix }) => !ofPrompt && markup`<p class="note">These numbers belong to another prompt or model${prefix && ` (${prefix})`} than the one chosen when the report was made.</p>`;

/** @param {Report} report */
export function copyingSection({ copying }) {
  if (!copying) return new Markup('');
  const { base, tuned, answers, isTrained } = copying;
  if (!isNumber(tuned)) return new Markup('');
  return section('Does it repeat its examples?',
    markup`<p>Of the words of the tuned answers, ${percent(tuned)} stand in a passage of five words or more of a response that was trained on${isNumber(base) && `, of those of the base model ${percent(base)}`}. What most responses say does not count.</p>`,
    !isTrained && markup`<p class="note">Which rows the prompt was trained on was not known any more, so the answers were compared with all rows.</p>`,
    answers.some(({ upToDate }) => !upToDate) && markup`<p class="note">Some of these answers were asked before something changed.</p>`,
    table({
      caption: 'Copied words', captionIsHidden: true, stacked: true, columns: [{ name: 'Inquiry' }, { name: 'Base', number: true }, { name: 'Tuned', number: true }, { name: 'Longest passage in the tuned answer' }],
      rows: answers, cells: (one) => [words(one.question, MOST_IN_CELL), percent(one.base), percent(one.tuned), one.longest ? markup`“${words(one.longest.text, MOST_IN_CELL)}” <small>${plural(one.longest.words, 'word')}, ${one.from}</small>` : NONE],
    }));
}

/** @param {Report} report */
export function hardestSection({ hardest }) {
  if (!hardest) return new Markup('');
  const { unseen, of, rows, tokens } = hardest;
  return section('What is hardest for the tuned model', otherPrompt(hardest),
    markup`<p>Of ${plural(of, 'row')} ${unseen ? 'that the prompt has not seen' : 'that may have been trained on'}, by their loss:</p>`,
    markup`<ul>${rows.map(({ where, input, loss: lossOf }) => markup`<li>${where}: ${words(input, MOST_IN_CELL)} (${loss(lossOf)})</li>`)}</ul>`,
    tokens.length > 0 && table({
      caption: 'Tokens in them that were not expected, the highest loss first', columns: [{ name: 'Before it' }, { name: 'Token' }, { name: 'Expected instead' }, { name: 'Loss', number: true }, { name: 'Where' }],
      rows: tokens, cells: ({ where, before, text, likeliest, loss: lossOf }) => [words(`…${before}`), markup`<code>${text}</code>`, markup`<code>${likeliest}</code>`, loss(lossOf), where],
    }));
}

/** @param {Report} report */
export function consistencySection({ consistency }) {
  if (!consistency) return new Markup('');
  const { questions, base, tuned, isWhole } = consistency;
  const shown = (/** @type {number|null} */ agreement) => number(agreement, 1);
  return section('The same question in other words', otherPrompt(consistency),
    markup`<p>Agreement is the mean chrF between the answers to one question, from 0 (no letters in common) to 100 (the same).${isNumber(tuned) && ` On average ${isNumber(base) ? `${shown(base)} (base) and ` : ''}${shown(tuned)} (tuned).`} It misleads where a model always says the same.</p>`,
    !isWhole && markup`<p class="note">Not all wordings were asked.</p>`,
    table({
      caption: 'Agreement of the answers, from 0 to 100', stacked: true, columns: [{ name: 'Question' }, { name: 'Wordings', number: true }, { name: 'Base', number: true }, { name: 'Tuned', number: true }],
      rows: questions, cells: (one) => [words(one.question, MOST_IN_CELL), number(one.texts.length), shown(one.base.agreement), shown(one.tuned.agreement)],
    }));
}
