// @ts-check
/** Numbers as text in a report. What is missing or not a number is a dash. */

export const NONE = '–';

/** @typedef {number|null|undefined} Maybe */
/** @param {Maybe} value @returns {value is number} */
export const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/** @param {Maybe} value @param {number} [digits] after the decimal point */
export const number = (value, digits = 0) =>
  isNumber(value) ? value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }) : NONE;

/** A loss, in nats, with as many digits as tell two runs apart. @param {Maybe} value */
export function loss(value) {
  if (!isNumber(value)) return NONE;
  const digits = Math.abs(value) < 10 ? value.toFixed(3) : Math.abs(value) < 1e5 ? value.toFixed(1) : value.toExponential(1).replace('e+', 'e');
  return digits.replace('-', '−');
}

/** @param {Maybe} value from 0 to 1 */
export const percent = (value) => (isNumber(value) ? `${number(value * 100, value > 0 && value < 0.1 ? 1 : 0)} %` : NONE);

/** A share that may be tiny. @param {number} value from 0 to 1 */
export function share(value) {
  if (!isNumber(value)) return NONE;
  return `${value >= 0.01 ? number(value * 100, 1) : Number((value * 100).toPrecision(2))} %`;
}

/** @param {Maybe} milliseconds */
export function duration(milliseconds) {
  if (!isNumber(milliseconds)) return NONE;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** "1 row", "3 rows". @param {number} count @param {string} one @param {string} [many] */
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** A tick of an axis: as few digits as tell it from its neighbour. @param {number} value @param {number} step */
export function tick(value, step) {
  if (Math.abs(value) >= 1e5) return value.toExponential(0).replace('e+', 'e');
  return number(value, Math.min(6, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))));
}

/** @param {string} iso */
export const date = (iso) => {
  const day = new Date(iso);
  return Number.isNaN(day.getTime()) ? NONE : day.toLocaleDateString('en', { dateStyle: 'long' });
};
