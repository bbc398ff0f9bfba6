// @ts-check
/** What lies in the folder of a run that goes on at scale. */

/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').GenerationSettings} GenerationSettings */
/** @typedef {import('../protocol.js').Requests['planRun']['result']} RunPlan */

/**
 * The files of the folder by their paths.
 * @param {RunPlan} plan
 * @param {Example[]} examples
 * @param {Example[]} test
 * @param {{name: string, place: Record<string, string>, note: string}} base
 * @param {GenerationSettings} generation
 * @param {Record<string, string>} scripts
 * @returns {Record<string, Uint8Array>}
 */
export function scaleFolder({ split, batches, start, settings }, examples, test, base, generation, scripts) {
  const text = new TextEncoder();
  const lines = (/** @type {unknown[]} */ rows) => text.encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const note = base.note ? { model_note: base.note } : {};
  return {
    ...Object.fromEntries(Object.entries(scripts).map(([name, content]) => [name, text.encode(content)])),
    'settings.json': text.encode(`${JSON.stringify({ model: base.name, ...base.place, ...note, settings, generation, rows: split.train.length }, null, 2)}\n`),
    'data/train.jsonl': lines(split.train.map((index) => examples[index])),
    'data/held_out.jsonl': lines(split.heldOut.map((index) => examples[index])),
    'data/test.jsonl': lines(test),
    'data/batches.jsonl': lines(batches),
    ...Object.fromEntries(start.map(({ name, bytes }) => [`start/${name}`, bytes])),
  };
}
