// @ts-check
/** A flat map of the way of the virtual tokens during training, among the words near to them. */
import { formatValue } from '../../../plots.js';
import { Field, html, plural, useEffect, useMemo, useRef, useState } from '../../../ui.js';
import { mean } from '../../../metrics.js';
import { indexOfLargest, percent, shownToken } from './formats.js';
import { Frame } from './frame.js';
import { boxOf, chosenWords, fitted, labelled } from './path_layout.js';

/** @typedef {import('../../../protocol.js').PromptPath} PromptPath */
/** @typedef {import('./look.js').Way} Way */
/** @typedef {import('./path_layout.js').Point} Point */
/** @typedef {import('./path_layout.js').Box} Box */

const FIRST_WIDTH = 640;

/** @param {{way: Way, promptStep: number}} props  `promptStep`: of the prompt in use */
export function PathMap({ way, promptStep }) {
  const { map, kind, width: numbers } = way;
  const [chosen, setChosen] = useState(/** @type {number|null} */ (null));
  const last = map.steps.length - 1;
  const at = Math.min(chosen ?? last, last);
  if (at < 0) return null;
  const [x, y] = map.varianceShares;
  const lastStep = map.steps[last].step;
  return html`
    <${Frame} title="Map of the virtual tokens" summary=${summaryOf(map)} table=${tableOf(map)}
      read=${`Each line is the way of one virtual token, from the ring where it began to where it was after step ${lastStep}; the dots with numbers show the step that you choose${kind === 'embeddings' ? ', and the small words are words of the vocabulary near to the end' : ''}.`}
      caution=${`Only two of ${numbers} directions are drawn: what lies side by side here can be far apart in the others, so don't take a word for the meaning of the dot beside it.`}>
      ${kind === 'keys_values' && html`<p class="hint">No words are drawn: prefix tuning trains keys and values, which lie in another space than the words.</p>`}
      <figure class="look-map">
        <${Drawing} map=${map} at=${at} />
        <figcaption class="plot-summary">The two directions of this map hold ${percent(x)} (across) and ${percent(y)} (upwards) of the differences between all these points (their variance); ${percent(Math.max(0, 1 - x - y))} cannot be seen on it.</figcaption>
      </figure>
      ${last > 0 && html`
        <div class="look-slider">
          <${Field} label="Step on the map">
            <input type="range" min="0" max=${last} step="1" value=${at} aria-valuetext=${`step ${map.steps[at].step} of ${lastStep}`}
              onInput=${(/** @type {Event & {currentTarget: HTMLInputElement}} */ event) => setChosen(Number(event.currentTarget.value))} />
          <//>
          <span class="figure" aria-hidden="true">Step ${map.steps[at].step} of ${lastStep}</span>
        </div>`}
      ${promptStep !== lastStep && html`<p class="hint">The prompt in use was reached by step ${promptStep}; the lines go on to step ${lastStep}.</p>`}
    <//>`;
}

/** @param {{map: PromptPath, at: number}} props */
function Drawing({ map, at }) {
  const box = useRef(/** @type {SVGSVGElement|null} */ (null));
  const [width, setWidth] = useState(FIRST_WIDTH);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(240, Math.round(entry.contentRect.width))));
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const still = useMemo(() => stillParts(map, width), [map, width]);
  const points = still.steps[at];
  const labels = labelled(numbered(points), [...still.wordBoxes, ...points.map(boxOf)], still.size);
  return html`
    <svg ref=${box} class="look-svg" viewBox=${`0 0 ${still.size.width} ${still.size.height}`} role="img" aria-label=${`Map of the virtual tokens after step ${map.steps[at].step}. ${summaryOf(map)}`}>
      ${still.segments.map((d, index) => html`<path key=${index} class="map-way" d=${d} style=${{ '--fade': 0.15 + (0.65 * (index + 1)) / still.segments.length }} />`)}
      ${still.words.map((word, index) => html`
        <g key=${index} class="map-word"><circle cx=${word.x} cy=${word.y} r="2" /><text x=${word.label.x} y=${word.label.y}>${word.text}</text></g>`)}
      ${still.steps[0].map((point, index) => html`<circle key=${index} class="map-start" cx=${point.x} cy=${point.y} r="3" />`)}
      ${points.map((point, index) => html`<circle key=${index} class="map-point" cx=${point.x} cy=${point.y} r="4" />`)}
      ${labels.map(({ text, label }) => html`<text key=${text} class="map-number" x=${label.x} y=${label.y}>${text}</text>`)}
    </svg>`;
}

/** @param {Point[]} points */
const numbered = (points) => points.map((point, index) => ({ ...point, text: `v${index + 1}` }));

/** What stays in its place when the slider moves. The words leave room for the numbers of the last step.
 * @param {PromptPath} map @param {number} width px */
function stillParts(map, width) {
  const size = { width, height: Math.round(Math.min(440, Math.max(260, 0.62 * width))) };
  const words = chosenWords(map);
  const place = fitted([...map.steps.flatMap(({ points }) => points), ...words], size);
  const steps = map.steps.map(({ points }) => points.map(place));
  const end = steps[steps.length - 1];
  /** @type {Box[]} */
  const taken = end.map(boxOf);
  labelled(numbered(end), taken, size);
  const before = taken.length;
  const shown = labelled(words.map((word) => ({ ...place(word), text: shownToken(word.text) })), taken, size);
  const segments = steps.slice(1).map((points, index) => points.map(({ x, y }, token) => `M${pixel(steps[index][token].x)} ${pixel(steps[index][token].y)}L${pixel(x)} ${pixel(y)}`).join(''));
  return { size, steps, segments, words: shown, wordBoxes: taken.slice(before) };
}

/** @param {number} value */
const pixel = (value) => value.toFixed(1);

/** @param {PromptPath} map */
function summaryOf({ steps, moved }) {
  const distances = moved.map(({ distance }) => distance);
  const [most, least] = [indexOfLargest(distances), indexOfLargest(distances.map((distance) => -distance))];
  if (most < 0) return 'There are no virtual tokens.';
  const cosines = moved.flatMap(({ cosine }) => cosine ?? []);
  return [
    `From step ${steps[0].step} to step ${steps[steps.length - 1].step}, ${plural(moved.length, 'virtual token')} moved by ${formatValue(mean(distances) ?? 0)} on average, in all directions together:`,
    `v${most + 1} farthest (${formatValue(distances[most])}), v${least + 1} least (${formatValue(distances[least])}).`,
    cosines.length > 0 && `Between beginning and end the cosine similarity is ${(mean(cosines) ?? 0).toFixed(2)} on average (1: the direction is still the same).`,
  ].filter(Boolean).join(' ');
}

/** @param {PromptPath} map @returns {import('./frame.js').Table} */
function tableOf({ steps, vocabulary, moved }) {
  return {
    file: 'prompt_map.csv',
    header: ['what', 'step', 'name', 'x', 'y', 'distance from the beginning to the end', 'cosine of the end with the beginning'],
    rows: () => [
      ...steps.flatMap(({ step, points }, index) => points.map(({ x, y }, token) =>
        ['virtual token', step, `v${token + 1}`, x, y, ...(index === steps.length - 1 ? [moved[token].distance, moved[token].cosine] : [null, null])])),
      ...vocabulary.map(({ text, x, y }) => ['word', null, text, x, y, null, null]),
    ],
  };
}
