// pkg/ is an npm package: its files are there, and the code of its README runs as it stands.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { project } from './bundled.mjs';

const pkg = `${project}pkg`;

test('the package names every file that it needs', () => {
  const { files, main, types, type } = JSON.parse(readFileSync(`${pkg}/package.json`, 'utf8'));
  assert.equal(type, 'module');
  for (const file of [...files, main, types]) assert.ok(existsSync(`${pkg}/${file}`), file);
  for (const build of ['prompt_playground_bg.wasm', 'prompt_playground_relaxed_bg.wasm']) assert.ok(files.includes(build), build);
  assert.match(readFileSync(`${pkg}/${types}`, 'utf8'), /static fromHf\(config: Uint8Array/);
});

test('the code of the README runs', () => {
  const [, code] = readFileSync(`${pkg}/README.md`, 'utf8').match(/```js\n([\s\S]*?)```/);
  const bundled = `${project}www/models/bundled`;
  const setting = `
import { readFileSync } from 'node:fs';
const bytes = (path) => new Uint8Array(readFileSync(path));
const [config, tokenizer, weights, tokenizerConfig] = ['config.json', 'tokenizer.json', 'model.safetensors', 'tokenizer_config.json'].map((name) => bytes('${bundled}/' + name));
`;
  const node = code
    .replace("'prompt-playground'", `'file://${pkg}/prompt_playground.js'`)
    .replace('await init();', `await init({ module_or_path: bytes('${pkg}/prompt_playground_bg.wasm') });`);
  const folder = mkdtempSync('/tmp/library-');
  try {
    writeFileSync(`${folder}/readme.mjs`, setting + node);
    const printed = execFileSync(process.execPath, [`${folder}/readme.mjs`], { encoding: 'utf8' }).trim().split('\n');
    const losses = printed.slice(0, 60).map(Number);
    assert.ok(losses.every(Number.isFinite) && losses[59] < losses[0], `${losses}`);
    assert.ok(printed.length > 60, 'and an answer');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
