// How results are written: numbers, the markdown table, and what stands above it.

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Three significant digits, without an exponent: 0.563, 12.6, 1840. */
export function digits(number) {
  if (!Number.isFinite(number)) throw new Error(`A measured number is ${number}.`);
  return Math.abs(number) >= 100 ? String(Math.round(number)) : String(Number(number.toPrecision(3)));
}

/** The median as text: "204 ms", "12.6 s". */
export function milliseconds(samples) {
  const middle = median(samples);
  return middle < 10_000 ? `${digits(middle)} ms` : `${digits(middle / 1000)} s`;
}

/** "median of 12, 204 to 221 ms": how far the samples lie apart. */
export function spreadOf(samples, unit = 'ms') {
  return `median of ${samples.length}, ${digits(Math.min(...samples))} to ${digits(Math.max(...samples))} ${unit}`;
}

const OUTCOMES = { measured: '', skipped: 'skipped: ', failed: '**failed**: ' };

/**
 * A row's result: see `Row` in rows.mjs. `outcome` is 'measured', 'skipped' or 'failed', with the reason in `note`.
 * @typedef {{id: string, what: string, bar?: string, outcome: keyof typeof OUTCOMES, measured?: string, met?: boolean, note?: string, data?: any}} Result
 */

/** @param {{machine: Record<string, string>, conditions: string[], results: Result[]}} report */
export function markdown({ machine, conditions, results }) {
  const facts = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`);
  const rows = results.map((result) => tableRow([
    `${result.what} (\`${result.id}\`)`,
    result.outcome === 'measured' ? result.measured : '',
    result.bar ?? '',
    result.bar && result.outcome === 'measured' ? (result.met ? 'yes' : '**no**') : '',
    `${OUTCOMES[result.outcome]}${result.note ?? ''}`,
  ]));
  return [
    '# Benchmarks',
    '',
    ...facts,
    '',
    ...conditions,
    '',
    tableRow(['what', 'measured', 'bar', 'met', 'notes']),
    tableRow(['---', '---:', '---:', '---', '---']),
    ...rows,
    '',
  ].join('\n');
}

function tableRow(cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`;
}
