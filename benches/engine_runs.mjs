// @ts-check
/** Training through the page's own engine (www/engine.js), with the number of workers that the page would set. */
import { engine } from '../www/engine.js';
import { DEFAULT_GENERATION } from '../www/protocol.js';
import { fullBatch, readCase } from './chapter_run.mjs';

/**
 * One run of `warmUp + steps` steps. A step's time is the time between two step events as the page receives them, so
 * it holds everything that a person waits for; `reported` is StepReport.milliseconds of the same steps.
 * @param {{folder: string, workers: number, warmUp: number, steps: number}} run  `folder`: URL of a Hugging Face folder
 * @returns {Promise<{milliseconds: number[], reported: number[], workers: number|null}>} `workers`: how many took part,
 *   null where the build does not say
 */
export async function trainByEngine({ folder, workers, warmUp, steps }) {
  const { weightsHash } = await engine.loadModel({ kind: 'bundled', url: folder, name: 'benchmark' });
  const chapter = await readCase();
  /** @type {number[]} */
  const arrived = [];
  /** @type {number[]} */
  const reported = [];
  /** @type {number|null} */
  let tookPart = null;
  const payload = {
    examples: chapter.examples,
    settings: fullBatch(chapter, warmUp + steps),
    sampleQuestion: '',
    sampleEvery: 0,
    sampleSettings: DEFAULT_GENERATION,
    resumeState: null,
    workers,
    weightsHash,
  };
  await engine.request('train', payload, (/** @type {any} */ event) => {
    if (typeof event.workers === 'number') tookPart = event.workers;
    if (event.kind !== 'step') return;
    arrived.push(performance.now());
    reported.push(event.report.milliseconds);
  });
  const intervals = arrived.slice(1).map((time, index) => time - arrived[index]);
  return { milliseconds: intervals.slice(warmUp - 1), reported: reported.slice(warmUp), workers: tookPart };
}
