// @ts-check
/** A line chart as SVG text: axes, lines, bands and marks. Colours and sizes of text come from style.js. */
import { Markup, escaped, markup } from './markup.js';
import { isNumber, tick } from './numbers.js';

const WIDTH = 640;
const HEIGHT = 320;
const [LEFT, RIGHT, TOP, BOTTOM] = [88, 20, 30, 62];
/** Places of a line, more than which no screen shows. */
const MOST_POINTS = 600;

/** @typedef {{x: number, y: number}} Point */
/** `color`: its number, 0 to 7; `dashed`, `faint`, `dots`: how it is drawn. @typedef {{points: Point[], color: number, dashed?: boolean, faint?: boolean, dots?: boolean|'only'}} Line */
/** @typedef {object} Chart
 * @property {string} id           of this chart in its document
 * @property {string} title
 * @property {string} description  for who can't see it
 * @property {string} xLabel
 * @property {string} yLabel
 * @property {Line[]} lines
 * @property {{x: number, low: number, high: number}[]} [band]
 * @property {{y: number, label: string, color: number}[]} [levels]  dashed across
 * @property {(Point & {label: string, color: number})|null} [mark]
 * @property {{x: number, low: number, high: number}[]} [spreads]   error bars
 * @property {boolean} [fromZero]  the horizontal axis begins at 0 */

/** Round numbers from below `low` to above `high`. @param {number} low @param {number} high @param {number} count @param {boolean} [whole] */
export function ticks(low, high, count, whole = false) {
  const rough = Math.max((high - low) / count, Math.abs(high) * 1e-9, 1e-9);
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10;
  const step = whole ? Math.max(1, Math.round(nice * power)) : nice * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return { step, values: Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step) };
}

/** The lowest and the highest place of each of so many stretches, in order. @param {Point[]} points @returns {Point[]} */
export function thinned(points) {
  if (points.length <= MOST_POINTS) return points;
  const stretch = Math.ceil((2 * points.length) / MOST_POINTS);
  const kept = [points[0]];
  for (let from = 0; from < points.length; from += stretch) {
    const some = points.slice(from, from + stretch);
    const [low, high] = some.reduce(([least, most], point) => [point.y < least.y ? point : least, point.y > most.y ? point : most], [some[0], some[0]]);
    kept.push(...(low.x <= high.x ? [low, high] : [high, low]));
  }
  return [...kept, points[points.length - 1]];
}

const places = (/** @type {number} */ value) => value.toFixed(1);

/** @param {Chart} chart @returns {Markup} of nothing where there is nothing to draw */
export function chart({ id, title, description, xLabel, yLabel, lines, band = [], levels = [], mark = null, spreads = [], fromZero = false }) {
  const drawn = lines.map((line) => ({ ...line, points: line.points.filter(({ x, y }) => isNumber(x) && isNumber(y)) })).filter(({ points }) => points.length > 0);
  const area = band.filter(({ low, high }) => isNumber(low) && isNumber(high));
  const flat = levels.filter(({ y }) => isNumber(y));
  const xs = [...drawn.flatMap(({ points }) => points.map(({ x }) => x)), ...area.map(({ x }) => x)];
  if (xs.length === 0) return new Markup('');
  const bars = spreads.filter(({ low, high }) => isNumber(low) && isNumber(high));
  const ys = [...drawn.flatMap(({ points }) => points.map(({ y }) => y)), ...[...area, ...bars].flatMap(({ low, high }) => [low, high]), ...flat.map(({ y }) => y)];
  const across = ticks(fromZero ? 0 : least(xs), most(xs), 6, true);
  const up = ticks(least(ys), most(ys), 5);
  const [left, right] = [across.values[0], Math.max(most(xs), across.values[0] + across.step)];
  const [bottom, top] = [up.values[0], up.values[up.values.length - 1]];
  const px = (/** @type {number} */ x) => LEFT + ((x - left) / (right - left)) * (WIDTH - LEFT - RIGHT);
  const py = (/** @type {number} */ y) => HEIGHT - BOTTOM - ((y - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const at = (/** @type {Point} */ { x, y }) => `${places(px(x))},${places(py(y))}`;
  const path = (/** @type {Point[]} */ points) => points.map(at).join(' ');
  const parts = [
    ...up.values.map((y) => `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${places(py(y))}" y2="${places(py(y))}"/>`
      + `<text class="tick" x="${LEFT - 10}" y="${places(py(y))}" dy="0.35em" text-anchor="end">${escaped(tick(y, up.step))}</text>`),
    ...across.values.filter((x) => x <= right).map((x) => `<text class="tick" x="${places(px(x))}" y="${HEIGHT - BOTTOM + 24}" text-anchor="middle">${escaped(tick(x, across.step))}</text>`),
    `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}"/>`,
    `<text class="label" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text class="label" transform="translate(20 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
    area.length > 1 ? `<polygon class="band" points="${path(area.map(({ x, low }) => ({ x, y: low })))} ${path(area.map(({ x, high }) => ({ x, y: high })).reverse())}"/>` : '',
    ...bars.map(({ x, low, high }) => `<line class="spread" x1="${places(px(x))}" x2="${places(px(x))}" y1="${places(py(low))}" y2="${places(py(high))}"/>`),
    ...flat.map(({ y, color }) => `<line class="line c${color} dashed" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${places(py(y))}" y2="${places(py(y))}"/>`),
    ...drawn.map(lineText),
    mark && isNumber(mark.y) ? markText(mark) : '',
  ];
  return new Markup(`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-description">
<title id="${id}-title">${escaped(title)}</title>
<desc id="${id}-description">${escaped(description)}</desc>
${parts.filter((part) => part !== '').join('\n')}
</svg>`);

  /** @param {Line} line */
  function lineText({ points, color, dashed = false, faint = false, dots = false }) {
    const few = thinned(points);
    const kind = `c${color}${dashed ? ' dashed' : ''}${faint ? ' faint' : ''}`;
    const line = dots === 'only' || few.length < 2 ? '' : `<polyline class="line ${kind}" points="${path(few)}"/>`;
    const shown = dots || few.length < 2 ? few.map((point) => `<circle class="dot ${kind}" cx="${places(px(point.x))}" cy="${places(py(point.y))}" r="${dots === 'only' ? 3 : 3.5}"/>`).join('') : '';
    return line + shown;
  }

  /** @param {Point & {label: string, color: number}} mark */
  function markText({ x, y, label, color }) {
    const anchor = px(x) > WIDTH * 0.7 ? 'end' : px(x) < WIDTH * 0.3 ? 'start' : 'middle';
    return `<line class="mark c${color}" x1="${places(px(x))}" x2="${places(px(x))}" y1="${TOP - 6}" y2="${HEIGHT - BOTTOM}"/>`
      + `<circle class="ring c${color}" cx="${places(px(x))}" cy="${places(py(y))}" r="6"/>`
      + `<text class="marked" x="${places(px(x))}" y="${TOP - 12}" text-anchor="${anchor}">${escaped(label)}</text>`;
  }
}

const least = (/** @type {number[]} */ values) => values.reduce((low, value) => Math.min(low, value), Infinity);
const most = (/** @type {number[]} */ values) => values.reduce((high, value) => Math.max(high, value), -Infinity);

/** What the lines are. @param {{label: string, color: number, dashed?: boolean, faint?: boolean, band?: boolean}[]} entries */
export const legend = (entries) => markup`<ul class="legend">${entries.map(({ label, color, dashed, faint, band }) =>
  markup`<li><svg class="key" viewBox="0 0 28 10" aria-hidden="true">${new Markup(band
    ? '<rect class="band" width="28" height="10"/>'
    : `<line class="line c${color}${dashed ? ' dashed' : ''}${faint ? ' faint' : ''}" x1="0" x2="28" y1="5" y2="5"/>`)}</svg>${label}</li>`)}</ul>`;
