// @ts-check
/**
 * Signals that rest while a person types. Browsers forget which letters belong together for Undo when another field or a
 * list of options changes at every key, so what mirrors a text elsewhere on the page waits for a pause, or for a press.
 */
import { testRows } from './state.js';
import { effect, signal } from './ui.js';

const REST_MS = 600;
let typedAt = -Infinity;
/** What waits for a pause. @type {Set<() => void>} */
const waiting = new Set();

globalThis.addEventListener?.('input', () => { typedAt = performance.now(); }, true);
// What is pressed works with what stands there; not earlier, or the press would miss what moves away.
globalThis.addEventListener?.('click', () => { for (const settle of waiting) settle(); }, true);

/** @template T @param {{readonly value: T, peek(): T}} source @returns {{readonly value: T, peek(): T}} */
export function settled(source) {
  const rested = signal(source.peek());
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const settle = () => {
    clearTimeout(timer);
    waiting.delete(settle);
    rested.value = source.peek();
  };
  effect(() => {
    void source.value;
    if (performance.now() - typedAt > REST_MS) {
      settle();
      return;
    }
    clearTimeout(timer);
    waiting.add(settle);
    timer = setTimeout(settle, REST_MS);
  });
  return rested;
}

/** The inquiries of step 6, for what shows their texts elsewhere. */
export const restedInquiries = settled(testRows);
