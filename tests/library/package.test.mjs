// pkg/ is an npm package: its files are there, and the code of its README runs as it stands.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
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

/** The code of the package's README. */
const code = () => readFileSync(`${pkg}/README.md`, 'utf8').match(/```js\n([\s\S]*?)```/)[1];

/** What the strict TypeScript compiler says of a program that uses the package; "" where it finds nothing. */
function complaints(program) {
  const folder = mkdtempSync('/tmp/library-types-');
  try {
    mkdirSync(`${folder}/node_modules`);
    symlinkSync(pkg, `${folder}/node_modules/prompt-playground`);
    writeFileSync(`${folder}/program.mts`, program);
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,dom,esnext.disposable', '--preserveSymlinks'];
    const tsc = spawnSync(`${project}tests/page/node_modules/.bin/tsc`, [...options, `${folder}/program.mts`], { encoding: 'utf8', cwd: folder });
    return tsc.stdout + tsc.stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the types are checked: the code of the README passes, misspelt names and values of another type do not', () => {
  const given = 'declare const config: Uint8Array, tokenizer: Uint8Array, weights: Uint8Array, tokenizerConfig: Uint8Array;\n';
  assert.equal(complaints(given + code()), '');
  for (const [right, wrong] of [['steps: 60', 'step: 60'], ["output: 'Ahoy!'", "answer: 'Ahoy!'"], ['seed: 0', "seed: 'zero'"], ['.step().loss', '.step().los']]) {
    assert.ok(code().includes(right), right);
    assert.match(complaints(given + code().replace(right, wrong)), /error TS/, wrong);
  }
});

test('no type is left open', () => {
  const types = readFileSync(`${pkg}/prompt_playground.d.ts`, 'utf8').split('export type InitInput')[0];
  assert.doesNotMatch(types, /: any(\[\])*[,;)]/);
});

test('the code of the README runs', () => {
  const bundled = `${project}www/models/bundled`;
  const setting = `
import { readFileSync } from 'node:fs';
const bytes = (path) => new Uint8Array(readFileSync(path));
const [config, tokenizer, weights, tokenizerConfig] = ['config.json', 'tokenizer.json', 'model.safetensors', 'tokenizer_config.json'].map((name) => bytes('${bundled}/' + name));
`;
  const node = code()
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
