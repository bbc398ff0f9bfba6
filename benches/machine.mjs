// The facts about this machine and this checkout that a reader needs to judge the numbers.
import { execFileSync } from 'node:child_process';
import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { project } from '../tests/page/helpers.mjs';

/** Above this, something else computes and no time is to be trusted. */
const BUSY = 0.5;

/** Taken before anything starts. */
export const loadAtStart = loadavg()[0];

/** @returns {Record<string, string>} in the order in which they are printed */
export function machineFacts(browserVersion) {
  const gibibytes = (bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return {
    date: new Date().toISOString(),
    commit: commit(),
    processor: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`,
    memory: `${gibibytes(totalmem())}, ${gibibytes(freemem())} free`,
    browser: `Chromium ${browserVersion}, headless`,
    'load average before the start': `${loadAtStart.toFixed(2)}${loadAtStart > BUSY ? ': **the machine was busy, so do not trust these times**' : ''}`,
  };
}

function commit() {
  const git = (...words) => execFileSync('git', ['-C', project, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain').split('\n').filter(Boolean).length;
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed > 0 ? ` with ${changed} changed files that are not committed` : ', nothing changed since'}`;
  } catch {
    return 'not a git checkout';
  }
}
