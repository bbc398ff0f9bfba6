// @ts-check
/** What an experiment will take, before it begins: by the speed of the last run of step 5 with this model. */
import { earlierRuns, run } from '../run.js';
import { effectiveSettings, model } from '../state.js';
import { computed, formatNumber, plural } from '../ui.js';

/** The newest run whose speed is that of the trainings to come, if there is one. */
const likeIt = computed(() => [run.value, ...earlierRuns.value].find((one) => one !== null && one.msPerStep > 0
  && one.hashBefore === model.value.info?.weightsHash && one.settings.batch_size === effectiveSettings.value.batch_size) ?? null);

/** "10 trainings of 100 steps: about 4 minutes, at the speed of run 1." @param {number} trainings */
export function estimate(trainings) {
  const { steps } = effectiveSettings.value;
  const plan = `${plural(trainings, 'training')} of ${plural(steps, 'step')}`;
  const before = likeIt.value;
  return before ? `${plan}: about ${timeInWords((trainings * steps * before.msPerStep) / 1000)}, at the speed of run ${before.number}.` : `${plan}.`;
}

/** @param {number} seconds */
export function timeInWords(seconds) {
  if (seconds < 90) return plural(Math.max(1, Math.round(seconds)), 'second');
  if (seconds < 90 * 60) return plural(Math.round(seconds / 60), 'minute');
  return `${formatNumber(Math.round(seconds / 360) / 10)} hours`;
}
