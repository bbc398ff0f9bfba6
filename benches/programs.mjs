// What is measured outside the browser: PyTorch + PEFT, and our own crate natively.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { project } from '../tests/page/helpers.mjs';

/** Something that this machine lacks and the benchmark can do without; the message is the sentence in the table. */
export class Skipped extends Error {}

/** benches/peft.py ends with this code where torch, transformers or peft is missing. */
const PYTHON_PACKAGES_MISSING = 3;

/** $PYTHON, the virtual environment of our build machines, or the first python3 on PATH. */
export const python = process.env.PYTHON ?? ['/work/venv/bin/python'].find(existsSync) ?? 'python3';

/**
 * Steps of PyTorch + PEFT with one thread on the same case: what benches/peft.py prints.
 * @param {string} model a Hugging Face folder or a GGUF file
 * @param {Record<string, string>} [environment] variables set for it
 */
export async function peftSteps(model, caseFile, steps, environment = {}) {
  const script = ['benches/peft.py', '--model', model, '--case', caseFile, '--steps', String(steps)];
  const { code, stdout, stderr } = await run(python, script, environment).catch((error) => {
    if (error.code === 'ENOENT') throw new Skipped(`There is no ${python}, so PyTorch + PEFT was not run.`);
    throw error;
  });
  if (code === PYTHON_PACKAGES_MISSING) throw new Skipped((stderr.trim() || stdout.trim()).split('\n').at(-1));
  if (code !== 0) throw new Error(`benches/peft.py ended with code ${code}: ${lastLines(stderr)}`);
  return JSON.parse(stdout.slice(stdout.indexOf('{')));
}

/** Keeps PyTorch to 256-bit instructions, as on a processor without AVX-512. */
export const AVX2_ONLY = { ATEN_CPU_CAPABILITY: 'avx2', MKL_ENABLE_INSTRUCTIONS: 'AVX2', ONEDNN_MAX_CPU_ISA: 'AVX2' };

/** The lines of benches/native.rs: {model, ms_per_step, decode_tokens_per_second, gflops}. */
export async function nativeLines() {
  const { code, stdout, stderr } = await run('cargo', ['bench', '--quiet', '--bench', 'native']);
  if (code !== 0) throw new Error(`cargo bench --bench native ended with code ${code}: ${lastLines(stderr)}`);
  return stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

/** Runs a program in the project's folder; resolves when it has ended. */
function run(program, words, environment = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: project, env: { ...process.env, ...environment } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => { stdout += bytes; });
    child.stderr.on('data', (bytes) => { stderr += bytes; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const lastLines = (text) => text.trim().split('\n').slice(-3).join(' ');
