// @ts-check
/** Where things stand on the map of the prompt's path, in pixels: points, words, and labels that do not overlap. */

/** @typedef {import('../../../protocol.js').PromptPath} PromptPath */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */
/** @typedef {Point & {text: string, label: Point}} Labelled  `label`: the left end of its base line */
/** @typedef {{width: number, height: number}} Size */

const MARGIN = 26;
const MOST_WORDS = 12;
/** Of a letter, at the 12 pixels of the map's texts. */
const LETTER = 7;
const ASCENT = 9;
const DESCENT = 3;
const GAP = 6;

/** The words nearest to where the virtual tokens ended. @param {PromptPath} path */
export function chosenWords({ steps, vocabulary }) {
  const ends = steps.at(-1)?.points ?? [];
  const away = (/** @type {Point} */ word) => Math.min(...ends.map(({ x, y }) => Math.hypot(x - word.x, y - word.y)));
  return vocabulary.map((word) => ({ ...word, away: away(word) })).sort((a, b) => a.away - b.away).slice(0, MOST_WORDS);
}

/**
 * From the map to pixels, the same scale on both axes.
 * @param {readonly Point[]} points all that has to be seen
 * @param {Size} size
 * @returns {(point: Point) => Point}
 */
export function fitted(points, { width, height }) {
  const range = (/** @type {number[]} */ values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  const [[left, right], [low, high]] = [range(points.map(({ x }) => x)), range(points.map(({ y }) => y))];
  const scale = Math.min((width - 2 * MARGIN) / (right - left || 1e-9), (height - 2 * MARGIN) / (high - low || 1e-9));
  const factor = right - left > 0 || high - low > 0 ? scale : 1;
  return ({ x, y }) => ({ x: width / 2 + (x - (left + right) / 2) * factor, y: height / 2 - (y - (low + high) / 2) * factor });
}

/**
 * Puts each label right, left, above or below of its point; one without a free place is left out.
 * @param {readonly (Point & {text: string})[]} items in pixels, the most important first
 * @param {Box[]} taken gets the boxes of the labels
 * @param {Size} size
 * @returns {Labelled[]}
 */
export function labelled(items, taken, { width, height }) {
  return items.flatMap((item) => {
    const length = [...item.text].length * LETTER;
    const places = [
      { x: item.x + GAP, y: item.y + ASCENT / 2 },
      { x: item.x - GAP - length, y: item.y + ASCENT / 2 },
      { x: item.x - length / 2, y: item.y - GAP - DESCENT },
      { x: item.x - length / 2, y: item.y + GAP + ASCENT },
    ];
    for (const label of places) {
      const box = { left: label.x, top: label.y - ASCENT, right: label.x + length, bottom: label.y + DESCENT };
      const inside = box.left >= 0 && box.top >= 0 && box.right <= width && box.bottom <= height;
      if (!inside || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      return [{ ...item, label }];
    }
    return [];
  });
}

/** @param {Point} point */
export const boxOf = ({ x, y }) => ({ left: x - 4, top: y - 4, right: x + 4, bottom: y + 4 });

/** @param {Box} one @param {Box} other */
const overlap = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
