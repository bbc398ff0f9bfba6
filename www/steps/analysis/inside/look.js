// @ts-check
/**
 * Asks the worker for all that "Look inside" shows: for the chosen example and the prompt in use, and for the way of
 * that prompt. The first look is the person's; then it is taken anew when the example or the prompt has changed.
 */
import { engine } from '../../../engine.js';
import { activePrefix, activePrompt, announce, model, softPromptOf } from '../../../state.js';
import { batch, computed, debounce, effect, sentenceOf, signal } from '../../../ui.js';
import { promptKey } from '../measure.js';
import { chosenExample, itsRun } from './choices.js';

/** @typedef {import('../../../protocol.js').Example} Example */
/** @typedef {import('../../../protocol.js').Requests} Requests */
/** @typedef {import('../../../protocol.js').TokenLoss} TokenLoss */
/** @typedef {import('../../../state.js').TrainedPrompt} TrainedPrompt */

/** The way of a run's prompt. `nearest`: null for keys and values. `width`: numbers of one virtual token.
 * @typedef {{kind: import('../../../protocol.js').PromptKind, width: number, map: import('../../../protocol.js').PromptPath,
 *            nearest: Requests['nearestPath']['result']|null}} Way */
/** What was seen; null where it could not be computed, `problems` say why. `noWay`: why there is no way to show, or "".
 * @typedef {{example: Example, prefix: string, step: number, losses: {base: TokenLoss[], tuned: TokenLoss[]}|null,
 *            attention: import('../../../protocol.js').AttentionReport|null, way: Way|null, noWay: string, problems: string[]}} Seen */

const WAIT_MS = 150;

export const seen = signal(/** @type {Seen|null} */ (null));
export const busy = signal(false);
const wanted = signal(false);

/** What the numbers depend on; "" while there is nothing to look at. */
const subject = computed(() => {
  const example = chosenExample.value;
  const { status } = model.value;
  return example && activePrompt.value && status === 'ready' ? JSON.stringify([promptKey(), example]) : '';
});
export const canLook = computed(() => subject.value !== '');

/** Answers to a look before this one are dropped. */
let latest = 0;

/** The way that was computed last: it does not depend on the example.
 * @type {{snapshots: object, weightsHash: string|undefined, way: Way}|null} */
let lastWay = null;

// The run is looked up after a pause: when a run ends, its prompt is in use a moment before its record is complete.
const look = debounce(async () => {
  const [example, prompt] = [chosenExample.peek(), activePrompt.peek()];
  if (!subject.peek() || !example || !prompt) return;
  const mine = ++latest;
  const prefix = activePrefix.peek();
  const softPrompt = softPromptOf(prompt);
  /** @type {Set<string>} */
  const problems = new Set();
  /** @template T @param {Promise<T>} asked @returns {Promise<T|null>} */
  const orProblem = (asked) => asked.catch((error) => { problems.add(sentenceOf(error)); return null; });
  const noWay = whyNoWay(prompt);
  const [base, tuned, attention, way] = await Promise.all([
    orProblem(engine.request('tokenLosses', { example, softPrompt: null })),
    orProblem(engine.request('tokenLosses', { example, softPrompt })),
    orProblem(engine.request('attention', { example, softPrompt })),
    noWay === '' ? orProblem(wayOfItsRun()) : null,
  ]);
  if (mine !== latest) return;
  batch(() => {
    seen.value = { example, prefix, step: prompt.step, losses: base && tuned ? { base, tuned } : null, attention, way, noWay, problems: [...problems] };
    busy.value = false;
  });
  announce('The look inside is done.');
}, WAIT_MS);

function start() {
  latest++;
  busy.value = true;
  look();
}

export function lookInside() {
  if (!canLook.peek()) return;
  if (wanted.peek()) start();
  else wanted.value = true;
}

effect(() => {
  if (subject.value !== '') {
    if (wanted.value) start();
    return;
  }
  latest++;
  seen.value = null;
  busy.value = false;
});

/** @param {TrainedPrompt} prompt */
function whyNoWay(prompt) {
  const made = itsRun.peek();
  if (prompt.origin) return `This prompt was opened from the adapter “${prompt.origin}”, and an adapter holds only the end of the training, so there is no way to draw. Train a prompt here to see one.`;
  if (!made) return 'The run that made this prompt is no longer in this browser, so the way of its virtual tokens is not known. Train again to see it.';
  if (made.path.length > 0) return '';
  return 'No step of this run was kept, as it is from an earlier version of the page. Train again to see the way of its virtual tokens.';
}

/** @returns {Promise<Way|null>} */
async function wayOfItsRun() {
  const made = itsRun.peek();
  const last = made?.last ?? made?.best;
  if (!made || !last) return null;
  const { path: snapshots } = made;
  const { kind, width } = last.softPrompt;
  const weightsHash = model.peek().info?.weightsHash;
  if (lastWay?.snapshots === snapshots && lastWay.weightsHash === weightsHash) return lastWay.way;
  const [map, nearest] = await Promise.all([
    engine.request('promptPath', { snapshots, width, kind }),
    kind === 'embeddings' ? engine.request('nearestPath', { snapshots, width, kind }) : null,
  ]);
  const way = { kind, width, map, nearest };
  lastWay = { snapshots, weightsHash, way };
  return way;
}
