// @ts-check
/** What a training begins with: the rows that can be trained on, if a step over them fits into the memory of a tab. */
import { plannedBatch } from '../checks.js';
import { EngineError, engine } from '../engine.js';
import { addNotice, setSetting } from '../state.js';
import { formatBytes } from '../ui.js';

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').Settings} Settings */

/**
 * The rows that can be trained on.
 * @param {readonly Example[]} rows @param {Settings} wanted @returns {Promise<Example[]>}
 */
export async function trainableRows(rows, wanted) {
  const all = rows.map(({ input, output }) => ({ input, output }));
  const { virtualTokens, trainedNumbers } = await engine.request('promptShape', { settings: wanted });
  const report = await engine.request('checkDataset', { examples: all, virtualTokens });
  const usable = all.filter((_, index) => !report.rows[index]?.warnings.some((warning) => warning.blocking));
  if (usable.length === 0) {
    throw new EngineError('There is no usable example to train on. Fill in at least one row with an input and an output in step 1.', 'input');
  }
  await refuseWhatDoesNotFit({ ...plannedBatch(report, virtualTokens, wanted.batch_size), trainedNumbers });
  return usable;
}

/** A batch that needs more memory than a tab has is refused before it starts; a smaller one is offered.
 * @param {import('../protocol.js').PlannedBatch} batch */
async function refuseWhatDoesNotFit(batch) {
  const { batchSize } = batch;
  const { plan, largestBatch, limit } = await engine.request('planTraining', { batch });
  if (plan.training <= limit) return;
  const need = `A step with this model and a batch of ${batchSize} needs about ${formatBytes(plan.training)} of memory, and this tab can have about ${formatBytes(limit)}.`;
  if (largestBatch === 0) throw new EngineError(`${need} Even one example is too much: choose a smaller model, or shorten the examples.`, 'input');
  addNotice('warning', `${need} A batch of ${largestBatch} fits.`, { label: `Use a batch of ${largestBatch}`, run: () => setSetting('batch_size', largestBatch) });
  throw new EngineError(`${need} Set the batch size in step 3 to ${largestBatch} or less.`, 'input');
}
