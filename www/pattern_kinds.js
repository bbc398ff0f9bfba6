// @ts-check
/** @typedef {import('./protocol.js').Pattern} Pattern */

/** What a check can ask of an answer, and how the page says it. @type {[Pattern['kind'], string][]} */
export const PATTERN_KINDS = [
  ['contains', 'contains'], ['starts_with', 'starts with'], ['ends_with', 'ends with'], ['regex', 'matches the expression'],
  ['numbered_steps', 'has numbered steps'], ['at_most_words', 'has a length of'], ['valid_json', 'is valid JSON'],
];
