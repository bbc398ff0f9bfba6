// @ts-check
/** Which test inquiries nearly repeat a training question: an answer to them proves little. */
import { engine } from '../../engine.js';
import { readInquiry } from '../../inquiry.js';
import { examples, testRows, trainedPrompts } from '../../state.js';
import { debounce, effect, signal } from '../../ui.js';

/** The row of step 1 that an inquiry repeats, by the inquiry's id. `row` counts from 1; `similarity` is 0 to 1.
 * @typedef {{row: number, input: string, similarity: number}} Repeats */

export const repeats = signal(/** @type {Map<string, Repeats>} */ (new Map()));

const WAIT_MS = 400;
let latest = 0;

const look = debounce(async () => {
  const rows = testRows.value;
  const inputs = examples.value.map((row) => row.input);
  const asked = ++latest;
  try {
    const found = await engine.request('nearDuplicates', { questions: rows.map((row) => readInquiry(row.question).text), inputs });
    if (asked !== latest) return;
    const byId = new Map();
    for (const { question, input, similarity } of found) {
      const known = byId.get(rows[question].id);
      if (!known || similarity > known.similarity) byId.set(rows[question].id, { row: input + 1, input: inputs[input], similarity });
    }
    repeats.value = byId;
  } catch {
    // A crash of the worker is told elsewhere; the comparison is made again with the next change.
  }
}, WAIT_MS);

effect(() => {
  void [testRows.value, examples.value, trainedPrompts.value];
  look();
});
