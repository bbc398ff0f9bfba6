// @ts-check
/** The name of the experiment that is under way, or null: a run of step 5 and an experiment share the workers, so one waits for the other. */
import { signal } from '../ui.js';

export const underWay = signal(/** @type {string|null} */ (null));

/** Why no run can begin or go on now, or "". */
export const experimentInTheWay = () => (underWay.value ? `An experiment is under way (${underWay.value}); wait for it, or cancel it.` : '');
