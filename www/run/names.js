// @ts-check
/** A memorable name for every run, the same for the same number. */

const FIRST = ['calm', 'brave', 'quick', 'quiet', 'bright', 'gentle', 'merry', 'clever', 'early', 'golden', 'polite', 'sunny', 'silver', 'honest', 'lucky', 'neat', 'proud'];
const SECOND = ['otter', 'heron', 'maple', 'falcon', 'willow', 'badger', 'cedar', 'robin', 'comet', 'lynx', 'poppy', 'walrus', 'birch', 'magpie', 'harbour', 'fern', 'osprey', 'clover', 'tulip'];

/** @param {number} number from 1; names come again only after 17 x 19 runs @returns {string} for example "brave-heron" */
export function nameOfRun(number) {
  return `${FIRST[number % FIRST.length]}-${SECOND[number % SECOND.length]}`;
}
