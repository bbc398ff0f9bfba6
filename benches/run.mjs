// `make bench`: measures every row and writes one table (standard output, target/bench/results.md and results.json).
//
//   ONLY=regex node benches/run.mjs     only rows whose id matches; written to target/bench/results-only.md and .json
//   QUICK=1 node benches/run.mjs        fewer steps of the largest model
//
// Ends with 0 also where a bar is missed; with 1 where a row that should run did not.
import { mkdirSync, writeFileSync } from 'node:fs';
import { project } from '../tests/page/helpers.mjs';
import { startChromium } from './chromium.mjs';
import { Lab } from './lab.mjs';
import { machineFacts } from './machine.mjs';
import { Skipped } from './programs.mjs';
import { ROWS } from './rows.mjs';
import { markdown } from './table.mjs';

const CONDITIONS = [
  'A step is the full batch of the ten chapter examples with 20 virtual tokens, in one dedicated worker: one thread, as have ' +
    'PyTorch, plain candle and wllama. Rows are measured from top to bottom, a compared pair together: ours, PEFT, plain candle, ' +
    'ours; in decoding and between numbers of workers turn by turn. The first steps and answers are warm-up and not counted. ' +
    'What each row means: benches/README.md.',
];

const say = (sentence) => console.error(`${new Date().toTimeString().slice(0, 8)}  ${sentence}`);

async function main() {
  const pattern = new RegExp(process.env.ONLY ?? '');
  const quick = ['1', 'true'].includes(process.env.QUICK ?? '');
  const rows = ROWS.filter(({ id }) => pattern.test(id));
  if (rows.length === 0) throw new Error(`No row matches ${pattern}. The rows are: ${ROWS.map(({ id }) => id).join(', ')}.`);

  const chromium = await startChromium();
  const report = { machine: machineFacts(chromium.version), conditions: [...CONDITIONS], results: [] };
  if (quick) report.conditions.push('QUICK=1: SmolLM2-135M made fewer steps than a claim needs.');
  if (process.env.ONLY) report.conditions.push(`Only rows that match \`${process.env.ONLY}\`.`);
  for (const [name, value] of Object.entries(report.machine)) say(`${name}: ${value}`);
  try {
    const lab = new Lab(chromium, (id) => pattern.test(id), { quick, say });
    for (const row of rows) report.results.push(await resultOf(row, lab));
  } finally {
    await chromium.close();
  }
  write(report, process.env.ONLY ? 'results-only' : 'results');
  return report.results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

/** One row of the table: measured, skipped with a sentence, or failed with the reason. */
async function resultOf(row, lab) {
  const { id, what, bar } = row;
  try {
    const { met, ...shown } = await row.measure(lab);
    return { id, what, bar, outcome: 'measured', ...(bar ? { met } : {}), ...shown };
  } catch (error) {
    if (error instanceof Skipped) return { id, what, bar, outcome: 'skipped', note: error.message };
    say(`${id} failed: ${error.stack ?? error}`);
    return { id, what, bar, outcome: 'failed', note: String(error.message ?? error).split('\n')[0] };
  }
}

function write(report, name) {
  const table = markdown(report);
  const folder = `${project}/target/bench`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.md`, table);
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(report, null, 1)}\n`);
  console.log(table);
  say(`Written to target/bench/${name}.md and ${name}.json.`);
}

process.exitCode = await main().catch((error) => {
  console.error(error);
  return 1;
});
