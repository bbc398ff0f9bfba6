// The plots, drawn alone: their lines may change at any moment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPlayground } from './helpers.mjs';

let playground;
before(async () => { playground = await startPlayground(); });
after(() => playground?.close());

/** In the page: renders a plot `times` times, with one line and with three by turns, with 0 to 3 frames between. */
async function changeLines(times) {
  const [{ Plot }, { html, render }] = await Promise.all([import('/plots.js'), import('/ui.js')]);
  const host = document.body.appendChild(document.createElement('div'));
  const frame = () => new Promise(requestAnimationFrame);
  const steps = [1, 2, 3];
  for (let time = 0; time < times; time++) {
    const lines = (time % 2 ? ['a'] : ['a', 'b', 'c']).map((label) => ({ label, color: '--chart-train', values: [3, 2, 1 + time] }));
    const plot = (summary) => render(html`<${Plot} title="Loss" summary=${summary} steps=${steps} lastStep=${3} lines=${lines} />`, host);
    for (let waits = time % 4; waits > 0; waits--) await frame();
    plot('before');
    await frame();
    plot('after');
  }
  for (let waits = 0; waits < 10; waits++) await frame();
  return { canvases: host.querySelectorAll('canvas').length, summary: host.querySelector('figcaption').textContent };
}

test('a plot whose lines change between two frames is drawn with the lines it has now', () => playground.withPage({}, async (page) => {
  assert.deepEqual(await page.evaluate(changeLines, 60), { canvases: 1, summary: 'after' });
}));
