// How an answer is written: a unit of work that adds no text is "nothing yet", at the beginning and in between.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPlayground } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

/** Runs the page's own writeAnswer on a generation that adds `texts`; after `endAfter` units the person has stopped it. */
function write(page, texts, endAfter) {
  return page.evaluate(async ([units, last]) => {
    const { writeAnswer } = await import(new URL('./worker/inference.js', document.baseURI).href);
    const seen = { events: [], turns: 0, freed: 0 };
    let at = 0;
    const generation = {
      next: () => units[at++],
      tokens: () => units.slice(0, at).filter((text) => text !== '').length,
      finishReason: () => (at > units.length ? 'stop' : ''),
      free: () => { seen.freed++; },
    };
    const answer = await writeAnswer({ generation: () => generation }, 'Question', undefined, undefined, {}, {
      turn: async () => { seen.turns++; },
      ended: () => seen.turns >= last,
      onText: (added) => seen.events.push(added),
    });
    return { ...seen, answer };
  }, [texts, endAfter]);
}

test('no text yet is no end, no event and no token', () => playground.withPage({}, async (page) => {
  const texts = [...Array(40).fill(''), 'Unplug', '', '', ' it.', ''];
  const { events, turns, freed, answer } = await write(page, texts, 1000);
  assert.deepEqual(events, ['Unplug', ' it.']);
  assert.equal(turns, texts.length, 'messages are let in after every unit');
  assert.equal(freed, 1);
  assert.deepEqual([answer.text, answer.tokens, answer.finishReason], ['Unplug it.', 2, 'stop']);
  assert.ok(answer.milliseconds >= 0);
}));

test('stopped while the prompt is read: an empty answer, cancelled at the next unit', () => playground.withPage({}, async (page) => {
  const { events, turns, freed, answer } = await write(page, [...Array(40).fill(''), 'Unplug'], 7);
  assert.deepEqual([events, turns, freed], [[], 7, 1]);
  assert.deepEqual([answer.text, answer.tokens, answer.finishReason], ['', 0, 'cancelled']);
}));

test('a real answer counts the tokens that it has written', () => playground.withPage({}, async (page) => {
  const answer = await page.evaluate(async () => {
    const { engine } = await import(new URL('./engine.js', document.baseURI).href);
    const { DEFAULT_GENERATION } = await import(new URL('./protocol.js', document.baseURI).href);
    const events = [];
    const payload = { text: 'How do I reset it?', variant: 'base', instruction: '', softPrompt: null, settings: { ...DEFAULT_GENERATION, max_new_tokens: 7 } };
    const result = await engine.request('generate', payload, (event) => events.push(event.text));
    return { ...result, events };
  });
  assert.equal(answer.tokens, 7);
  assert.equal(answer.finishReason, 'length');
  assert.equal(answer.events.join(''), answer.text);
  assert.ok(!answer.events.includes(''));
}));
