// @ts-check
/** Shares and tokens as text, for the parts of "Look inside". */
import { formatNumber } from '../../../ui.js';
import { visibleText } from '../../token_line.js';

/** "34 %", small ones with a digit more, tiny ones as "under 0.1 %". @param {number} share 0 to 1 */
export const percent = (share) => {
  if (share > 0 && share < 0.0005) return 'under 0.1 %';
  return `${formatNumber(100 * share, share > 0 && share < 0.0995 ? 1 : 0)} %`;
};

/** A token in quotation marks, its spaces made visible. @param {string} token */
export const quoted = (token) => `“${shownToken(token)}”`;

/** @param {string} token */
export const shownToken = (token) => visibleText(token) || '∅';

/** The place of the largest value; -1 where there is none. @param {number[]} values */
export const indexOfLargest = (values) => values.reduce((best, value, index) => (best < 0 || value > values[best] ? index : best), -1);
