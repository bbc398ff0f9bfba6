// What `make site` writes works under any path of any web server, and its document can't talk to anyone else.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { project, startPlayground, train } from './helpers.mjs';

let playground;
before(async () => {
  assert.ok(existsSync(`${project}/site/index.html`), 'run "make site" first');
  playground = await startPlayground({ folder: `${project}/site`, base: '/people/someone/playground/' });
});
after(() => playground?.close());

test('the site trains under a sub-path, and asks for nothing outside of it', () => playground.withPage({}, async (page, { requested }) => {
  await train(page, 2);
  assert.deepEqual(requested.filter((address) => !address.startsWith(playground.url) && !/^(blob|data):/.test(address)), []);
}));

test('the Content-Security-Policy stops the document\'s requests to other origins, and inline scripts', () => playground.withPage({
  expected: /Content Security Policy|Refused to|violates/i,
}, async (page, { requested }) => {
  const blocked = await page.evaluate(async () => {
    const violations = [];
    document.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
    await fetch('http://127.0.0.1:9/').catch(() => {});
    await fetch('https://huggingface.co/').catch(() => {}); // only the worker talks to the hub
    await new Promise((done) => {
      const image = new Image();
      image.onerror = image.onload = done;
      image.src = 'http://127.0.0.1:9/x.png';
    });
    const script = document.createElement('script');
    script.textContent = 'window.inlineRan = true';
    document.head.append(script);
    for (const end = performance.now() + 5000; violations.length < 4 && performance.now() < end;) await new Promise((done) => setTimeout(done, 20));
    return { directives: violations.sort(), inlineRan: window.inlineRan ?? false };
  });
  assert.deepEqual(blocked, { directives: ['connect-src', 'connect-src', 'img-src', 'script-src-elem'], inlineRan: false });
  requested.length = 0; // the browser lists what it was asked for, blocked or not
}));
