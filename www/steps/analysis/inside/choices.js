// @ts-check
/** The examples that can be looked into, and the run that made the prompt. */
import { MOST_MEASURED_ROWS, spread } from '../../../limits.js';
import { runOf } from '../../../run.js';
import { restedInquiries, settled } from '../../../settled.js';
import { activePrompt, usableExamples } from '../../../state.js';
import { computed, signal } from '../../../ui.js';
import { readInquiry } from '../../../inquiry.js';

/** @typedef {import('../../../protocol.js').Example} Example */
/** `all`: how many there are; `examples`: those offered; `unseen`: the prompt was surely not trained on them.
 * @typedef {{title: string, all: number, examples: Example[], unseen: boolean}} Group */

/** The run that made the prompt in use, while the page still has it; the current run comes as a new copy at every change. */
export const itsRun = computed(() => (activePrompt.value ? runOf(activePrompt.value) : null));
/** Of that run; they stay the same objects while it goes on. */
export const itsRows = computed(() => itsRun.value?.examples ?? null);
export const itsSplit = computed(() => itsRun.value?.split ?? null);

/** @param {string} title @param {readonly Example[]} examples @param {boolean} unseen @returns {Group} */
const group = (title, examples, unseen) => ({ title, all: examples.length, examples: spread(examples, MOST_MEASURED_ROWS), unseen });

const restedRows = settled(usableExamples);

/** What the prompt has not seen comes first. */
export const groups = computed(() => {
  const [rows, split] = [itsRows.value, itsSplit.value];
  const test = restedInquiries.value
    .map(({ question, reference }) => ({ input: readInquiry(question).text, output: reference.trim() }))
    .filter(({ input, output }) => input !== '' && output !== '');
  const known = rows && split
    ? [group('Held-out rows', split.heldOut.map((index) => rows[index]), true), group('Training rows', split.train.map((index) => rows[index]), false)]
    : [group('Rows of step 1', restedRows.value, false)];
  return [...known, group('Test inquiries with a reference', test, true)].filter(({ all }) => all > 0);
});

/** @param {Example} example */
const keyOf = ({ input, output }) => JSON.stringify([input, output]);
const chosenKey = signal('');

/** All offered examples, in the order of the groups. */
export const offered = computed(() => groups.value.flatMap(({ examples }) => examples));
/** The place of the chosen one among them; -1 where there are none. */
export const chosenPlace = computed(() => Math.max(offered.value.findIndex((example) => keyOf(example) === chosenKey.value), Math.min(0, offered.value.length - 1)));
export const chosenExample = computed(() => offered.value[chosenPlace.value] ?? null);

/** @param {number} place */
export const choose = (place) => { if (offered.peek()[place]) chosenKey.value = keyOf(offered.peek()[place]); };
