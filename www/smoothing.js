// @ts-check
/**
 * Exponential moving average, corrected for its start (as Adam does), for display only.
 * @template {number|null} V
 * @param {V[]} values null where there is none
 * @param {number} [keep] weight of what came before
 * @returns {V[]}
 */
export function smooth(values, keep = 0.85) {
  let average = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return value;
    average = keep * average + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return /** @type {V} */ (average / weight);
  });
}
