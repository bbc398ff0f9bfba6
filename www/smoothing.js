// @ts-check
/**
 * Exponential moving average, corrected for its start (as Adam does), for display only.
 * @template {number|null} V
 * @param {V[]} values null where there is none
 * @param {number} keep weight of what came before
 * @returns {V[]}
 */
export function smooth(values, keep) {
  let average = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return value;
    average = keep * average + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return /** @type {V} */ (average / weight);
  });
}

/** The weight that looks back over about a fifteenth of a run, so that the average of a short run does not lag behind it.
 * @param {number} steps of the run */
export const keepOver = (steps) => Math.min(0.95, Math.max(0.5, 1 - 15 / Math.max(1, steps)));
