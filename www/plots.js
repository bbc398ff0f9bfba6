// @ts-check
/**
 * Line plots over training steps, drawn by uPlot.
 *
 * A plot has a text alternative (`summary`), a readout under the pointer, and takes its colours from CSS variables,
 * so it follows the light and the dark theme. Data are redrawn at most once per animation frame.
 */
import uPlot from './vendor/uplot/uPlot.js';
import { html, useEffect, useRef } from './ui.js';

/** One line of a plot. `values[i]` belongs to `steps[i]`; null where there is none.
 * @typedef {object} Line
 * @property {string} label
 * @property {string} color      name of a CSS variable, for example "--chart-train"
 * @property {(number|null)[]} values
 * @property {number} [width]    px
 * @property {number[]} [dash]
 * @property {boolean} [points]  draws a dot at every value
 * @property {number} [alpha] */

/** What is drawn over the lines. `level`: a dashed horizontal line; `step`: a marked point of a line.
 * @typedef {{level?: {value: number, label: string, color: string}|null,
 *            point?: {step: number, value: number, label: string, color: string}|null}} Marks */

/** @typedef {object} PlotProps
 * @property {string} title
 * @property {string} summary   the text alternative: one sentence with the values that matter
 * @property {number[]} steps
 * @property {number} lastStep  right end of the axis
 * @property {Line[]} lines
 * @property {boolean} [log]    logarithmic vertical axis
 * @property {Marks} [marks]
 * @property {number} [height]  px
 * @property {string} [unit]    what the horizontal axis counts; "Step" where it is left out
 * @property {number} [firstStep] left end of the axis
 * @property {(value: number) => string} [format] */

/** @param {PlotProps} props */
export function Plot(props) {
  const { title, summary, lines, height = 260 } = props;
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const readout = useRef(/** @type {HTMLElement|null} */ (null));
  const latest = useRef(props);
  const plot = useRef(/** @type {uPlot|null} */ (null));
  const drawnShape = useRef('');
  latest.current = props;
  const shape = plotShape(props);

  useEffect(() => {
    const element = /** @type {HTMLElement} */ (box.current);
    const resized = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (plot.current && width > 0 && width !== plot.current.width) plot.current.setSize({ width, height });
    });
    const forget = onThemeChange(() => plot.current?.redraw(false, true));
    let gone = false;
    inItsOwnTask(() => {
      if (gone) return;
      plot.current = makePlot(element, latest, readout, height);
      drawnShape.current = plotShape(latest.current);
      resized.observe(element);
    });
    return () => {
      gone = true;
      forget();
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, height]);

  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      // Other lines since the last frame: the effect above is about to make another plot.
      if (drawnShape.current === plotShape(latest.current)) plot.current?.setData(columns(latest.current));
    });
    return () => cancelAnimationFrame(frame);
  });

  return html`
    <figure class="plot">
      <div class="plot-head">
        <span class="plot-title">${title}</span>
        <span class="plot-readout" ref=${readout} aria-hidden="true"></span>
        ${lines.length > 1 && html`<span class="plot-legend" aria-hidden="true">
          ${lines.map((line) => html`
            <span key=${line.label} class="plot-key">
              <span class="plot-swatch ${line.points ? 'is-dotted' : ''}"
                style=${{ '--swatch': `var(${line.color})`, '--swatch-alpha': line.alpha ?? 1 }}></span>${line.label}
            </span>`)}
        </span>`}
      </div>
      <div class="plot-canvas" ref=${box} role="img" aria-label=${`${title}. ${summary}`} style=${{ height: `${height}px` }}></div>
      <figcaption class="plot-summary">${summary}</figcaption>
    </figure>`;
}

/**
 * @param {HTMLElement} element
 * @param {{current: PlotProps}} latest
 * @param {{current: HTMLElement|null}} readout
 * @param {number} height px
 * @returns {uPlot}
 */
function makePlot(element, latest, readout, height) {
  const css = (/** @type {string} */ name) => getComputedStyle(element).getPropertyValue(name).trim() || 'currentColor';
  const format = (/** @type {number} */ value) => (latest.current.format ?? formatValue)(value);
  const font = () => `12px ${getComputedStyle(element).fontFamily}`;
  /** @type {uPlot.Axis} */
  const axis = {
    stroke: () => css('--chart-axis'),
    grid: { stroke: () => css('--chart-grid'), width: 1 },
    ticks: { show: false },
    font: font(),
    gap: 6,
  };
  return new uPlot({
    width: Math.max(element.clientWidth, 120),
    height,
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: () => [latest.current.firstStep ?? 0, Math.max(latest.current.lastStep, (latest.current.firstStep ?? 0) + 1)] },
      y: { distr: latest.current.log ? 3 : 1, range: (_, low, high) => verticalRange(latest.current, low, high) },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, label: latest.current.unit ?? 'Step', labelFont: font(), labelSize: 18, labelGap: 0, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : '')) },
      { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))) },
    ],
    series: [{}, ...latest.current.lines.map((line) => ({
      label: line.label,
      stroke: () => css(line.color),
      width: line.width ?? 2,
      dash: line.dash,
      alpha: line.alpha ?? 1,
      spanGaps: true,
      points: { show: line.points ?? false, size: 5, fill: () => css(line.color) },
    }))],
    hooks: {
      draw: [(self) => drawMarks(self, latest.current.marks, css, font())],
      setCursor: [(self) => showReadout(self, latest.current, readout.current, format)],
    },
  }, columns(latest.current), element);
}

/** What a plot can't change once it is made: its lines and its vertical axis. @param {PlotProps} props */
const plotShape = ({ lines, log = false }) => JSON.stringify([log, ...lines.map((line) => line.label)]);

/** @param {PlotProps} props @returns {uPlot.AlignedData} */
function columns({ steps, lines, log }) {
  const values = lines.map((line) => (log ? line.values.map((value) => (value !== null && value > 0 ? value : null)) : line.values));
  return /** @type {uPlot.AlignedData} */ ([steps, ...values]);
}

/**
 * The visible range: the data and the dashed level, with some air.
 * @param {PlotProps} props
 * @param {number|null} low
 * @param {number|null} high
 * @returns {[number, number]}
 */
function verticalRange({ marks, log }, low, high) {
  let from = low ?? 0;
  let to = high ?? 1;
  if (marks?.level) {
    from = low === null ? marks.level.value : Math.min(from, marks.level.value);
    to = high === null ? marks.level.value : Math.max(to, marks.level.value);
  }
  if (log) {
    const start = Math.max(from, 1e-9);
    return [start / 1.25, Math.max(to, start) * 1.25];
  }
  const air = Math.max((to - from) * 0.08, Math.abs(to) * 0.02, 1e-9);
  return [from >= 0 ? Math.max(0, from - air) : from - air, to + air];
}

/**
 * @param {uPlot} plot
 * @param {Marks|undefined} marks
 * @param {(name: string) => string} css
 * @param {string} font
 */
function drawMarks(plot, marks, css, font) {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = font.replace(/^(\d+)px/, (_, size) => `${Number(size) * ratio}px`);
  ctx.lineWidth = 1.5 * ratio;
  // Text with a rim of paper, so that it can be read over the lines.
  const label = (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y) => {
    ctx.setLineDash([]);
    ctx.strokeStyle = css('--surface');
    ctx.lineJoin = 'round';
    ctx.lineWidth = 5 * ratio;
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
    ctx.lineWidth = 1.5 * ratio;
  };
  if (marks?.level) {
    const y = plot.valToPos(marks.level.value, 'y', true);
    ctx.strokeStyle = ctx.fillStyle = css(marks.level.color);
    ctx.setLineDash([6 * ratio, 5 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.textAlign = 'right';
    ctx.textBaseline = 'bottom';
    label(marks.level.label, bbox.left + bbox.width - 4 * ratio, y - 4 * ratio);
  }
  if (marks?.point) {
    const x = plot.valToPos(marks.point.step, 'x', true);
    const y = plot.valToPos(marks.point.value, 'y', true);
    ctx.strokeStyle = ctx.fillStyle = css(marks.point.color);
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.arc(x, y, 5 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = css('--surface');
    ctx.fill();
    ctx.lineWidth = 2 * ratio;
    ctx.stroke();
    ctx.fillStyle = css(marks.point.color);
    const right = x > bbox.left + bbox.width * 0.7;
    const low = y > bbox.top + bbox.height * 0.75;
    ctx.textAlign = right ? 'right' : 'left';
    ctx.textBaseline = 'bottom';
    label(marks.point.label, x + (right ? -8 : 8) * ratio, low ? y - 10 * ratio : bbox.top + bbox.height - 4 * ratio);
  }
  ctx.restore();
}

/**
 * Writes the values under the pointer.
 * @param {uPlot} plot
 * @param {PlotProps} props
 * @param {HTMLElement|null} readout
 * @param {(value: number) => string} format
 */
function showReadout(plot, { steps, lines, unit = 'Step' }, readout, format) {
  if (!readout) return;
  const at = plot.cursor.idx;
  if (at === null || at === undefined || steps[at] === undefined) {
    readout.textContent = '';
    return;
  }
  const values = lines
    .map((line) => ({ label: line.label, value: line.values[at] }))
    .filter((entry) => entry.value !== null && entry.value !== undefined)
    .map((entry) => `${entry.label} ${format(/** @type {number} */ (entry.value))}`);
  readout.textContent = [`${unit} ${steps[at]}`, ...values].join(' · ');
}

/** @param {number} value @returns {string} */
export function formatValue(value) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.01) return value.toFixed(size >= 1 ? 2 : 3).replace(/0+$/, '').replace(/\.$/, '');
  return value.toExponential(1).replace('e-', 'e−');
}

/** @type {Promise<void>} */
let lastTask = Promise.resolve();

/** Runs `work` in a task of its own, so that several plots do not hold up the page together. @param {() => void} work */
function inItsOwnTask(work) {
  lastTask = lastTask.then(() => new Promise((resolve) => {
    setTimeout(() => {
      resolve();
      work();
    });
  }));
}

/** Calls `listener` when the theme changes, by the system or by the page's toggle. @param {() => void} listener */
function onThemeChange(listener) {
  const media = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(listener);
  media.addEventListener('change', listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class', 'style'] });
  return () => {
    media.removeEventListener('change', listener);
    observer.disconnect();
  };
}
