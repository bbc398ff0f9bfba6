// @ts-check
/** How many rows are measured where all of them would take minutes. The page says so wherever a limit bites. */

/** Held-out rows in each evaluation of a run. */
export const MOST_HELD_OUT_ROWS = 50;
/** How many of its held-out rows a run measures. @param {number} count */
export const measuredHeldOut = (count) => Math.min(count, MOST_HELD_OUT_ROWS);
/** Rows of each set in step 7. */
export const MOST_MEASURED_ROWS = 100;
/** Greedy answers for each set and model in step 7. */
export const MOST_WRITTEN_ANSWERS = 20;

/**
 * All of `rows`, or `most` of them evenly spread over the list.
 * @template T
 * @param {readonly T[]} rows
 * @param {number} most
 * @returns {T[]}
 */
export function spread(rows, most) {
  if (rows.length <= most) return [...rows];
  return Array.from({ length: most }, (_, index) => rows[Math.floor((index * rows.length) / most)]);
}
