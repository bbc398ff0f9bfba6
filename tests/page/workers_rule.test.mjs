// How many workers "automatic" means, and what becomes of a chosen number. Needs no browser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const source = readFileSync(new URL('../../www/workers.js', import.meta.url), 'utf8');
const { roomForWorkers, workersFor } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const MIB = 2 ** 20;
const [BUNDLED, SMOLLM2] = [40 * MIB, 92 * MIB]; // weights in memory, `size` of ModelInfo
const device = (cores, deviceMemory, nested = true) => ({ cores, deviceMemory, nested });
const automatic = (cores, deviceMemory, model = BUNDLED) => roomForWorkers(device(cores, deviceMemory), model).automatic;

test('a small model: every core, one left to the page from four on, four at most', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 8, 64].map((cores) => automatic(cores, 8)), [1, 2, 3, 3, 4, 4, 4]);
  assert.deepEqual([2, 4, 8, 16].map((memory) => automatic(8, memory)), [2, 4, 4, 4]);
});

test('a large model gets a second worker only where memory is ample', () => {
  assert.deepEqual([0.5, 2, 4, 8, 16].map((memory) => automatic(8, memory, SMOLLM2)), [1, 1, 1, 2, 4]);
});

test('little memory holds a small model back too, but one worker there always is', () => {
  assert.equal(automatic(8, 0.25), 1);
  assert.equal(automatic(8, 8, 100 * SMOLLM2), 1);
});

test('where the browser does not tell its memory, a modest laptop is assumed', () => {
  assert.equal(automatic(8, undefined), automatic(8, 4));
  assert.equal(automatic(8, undefined, SMOLLM2), 1);
});

test('without nested workers there is one, whatever was chosen', () => {
  const room = roomForWorkers(device(8, 8, false), BUNDLED);
  assert.deepEqual(room, { automatic: 1, most: 1 });
  assert.equal(workersFor(4, room, 10), 1);
});

test('the person may choose more than automatic, also on few cores', () => {
  const room = roomForWorkers(device(2, 8), BUNDLED);
  assert.deepEqual(room, { automatic: 2, most: 4 });
  assert.equal(workersFor(4, room, 10), 4);
  assert.equal(workersFor(9, room, 10), 4);
  assert.equal(roomForWorkers(device(64, 8), BUNDLED).most, 8);
});

test('no worker without an example of its own', () => {
  const room = roomForWorkers(device(8, 8), BUNDLED);
  assert.deepEqual([1, 3, 10].map((batch) => workersFor(0, room, batch)), [1, 3, 4]);
  assert.equal(workersFor(4, room, 2), 2);
  assert.equal(workersFor(0, room, 0), 1);
});
