// @ts-check
/** What an example is called: by its number among some rows, or as an inquiry of step 6. */
import { examples, testRows } from '../../state.js';
import { readInquiry } from '../../inquiry.js';

/** @typedef {import('../../protocol.js').Example} Example */

/** "row 3", "inquiry 1", or that it is neither any more. @param {Example} example @param {readonly Example[]} [rows] those of step 1 where they are left out */
export function nameOf({ input, output }, rows = examples.value) {
  const row = rows.findIndex((other) => other.input === input && other.output === output) + 1;
  if (row > 0) return `row ${row}`;
  const inquiry = testRows.value.findIndex(({ question, reference }) => readInquiry(question).text === input && reference.trim() === output) + 1;
  return inquiry > 0 ? `inquiry ${inquiry}` : 'changed since';
}
