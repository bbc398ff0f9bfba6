// @ts-check
/** The settings of how an answer is decoded: their names on the page and what they may be. */

/** @typedef {import('./protocol.js').GenerationSettings} GenerationSettings */

/** @typedef {{name: keyof GenerationSettings, label: string, help: string, min: number, max: number, step: number, whole?: boolean, above?: boolean}} DecodingField */

/** @type {DecodingField[]} */
export const FIELDS = [
  { name: 'temperature', label: 'Temperature', help: '0 always takes the likeliest token after the repetition penalty (greedy); higher is more varied.', min: 0, max: 5, step: 0.1 },
  { name: 'top_p', label: 'Top-p', help: 'Draws only from the likeliest tokens that add up to this share.', min: 0, max: 1, step: 0.05, above: true },
  { name: 'repetition_penalty', label: 'Repetition penalty', help: 'Above 1 makes words that were used already less likely; 1 is off.', min: 1, max: 3, step: 0.05 },
  { name: 'max_new_tokens', label: 'Maximum length', help: 'An answer is cut after this many tokens.', min: 1, max: 2000, step: 10, whole: true },
  { name: 'seed', label: 'Seed', help: 'The same seed draws the same answer.', min: 0, max: 2 ** 32 - 1, step: 1, whole: true },
];

/** Text with a decimal point or comma as a number. @param {string} text */
export const numberOf = (text) => (text.trim() === '' ? NaN : Number(text.replace(',', '.')));

/** @param {DecodingField} field @param {string} text @returns {string} a sentence, or "" */
export function problem({ min, max, whole, above }, text) {
  if (whole && /,/.test(text)) return 'Write a whole number without a comma.';
  const value = numberOf(text);
  const fits = Number.isFinite(value) && value <= max && (above ? value > min : value >= min) && (!whole || Number.isInteger(value));
  if (fits) return '';
  return `Use a ${whole ? 'whole number' : 'number'} ${above ? `above ${min}, up to ${max}` : `from ${min} to ${max}`}.`;
}
