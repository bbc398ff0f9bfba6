// @ts-check
/**
 * Several trainings one after another, in the background: progress with the time left, cancel, and everything that is
 * done is kept, over a reload too, so that an experiment goes on where it was left.
 */
import { isActive } from '../run.js';
import { addNotice, model } from '../state.js';
import { keep } from '../store.js';
import { computed, plural, sentenceOf, signal } from '../ui.js';
import { experimentInTheWay, underWay } from './under_way.js';

/** What is to be done, as it stood on the page when it was begun. `modelHash`: of the model that it is for.
 * @template Job, Context
 * @typedef {{jobs: Job[], context: Context, modelHash: string}} Plan */

/** @typedef {'idle'|'running'|'left'|'failed'|'done'} Status  left: cancelled, or the page was closed in the middle */

/** @template Job, Context, Result
 * @typedef {{plan: Plan<Job, Context>|null, results: Result[], status: Status, problem: string}} State */

/** The time left is said once so much of a training is done. */
const SURE_AFTER = 0.15;

/** Told how far a job is, from 0 to 1. @typedef {(share: number) => void} OnProgress */

/** What a job needs of the experiment: `own` takes the request under way, so that cancelling reaches it.
 * @typedef {{own: <T extends {control: (action: 'cancel') => void}>(request: T) => T, onProgress: OnProgress}} Hooks */

/** Why no experiment can begin now, or "". */
export const obstacleToExperiments = computed(() => {
  if (model.value.status !== 'ready') return 'The model is not there yet.';
  if (isActive.value) return 'A run is under way in step 5; wait for it, or stop it.';
  return experimentInTheWay();
});

/** @template Job, Context, Result */
export class Experiment {
  /** @type {{control: (action: 'cancel') => void}|null} */ #request = null;
  #cancelled = false;
  /** How far the job under way is, and how long the ones before took. */
  progress = signal(/** @type {{done: number, total: number, share: number, secondsLeft: number|null}|null} */ (null));

  /**
   * @param {string} name  for a sentence, and where it is kept
   * @param {(job: Job, plan: Plan<Job, Context>, hooks: Hooks) => Promise<Result>} perform
   * @param {(job: Job) => number} [weigh] how much work a job is beside the others
   */
  constructor(name, perform, weigh = () => 1) {
    this.name = name;
    this.perform = perform;
    this.weigh = weigh;
    /** @type {import('../vendor/signals/signals.js').Signal<State<Job, Context, Result>>} */
    this.state = signal(/** @type {State<Job, Context, Result>} */ ({ plan: null, results: [], status: 'idle', problem: '' }));
    keep(`experiment ${name}`, this.state, (saved) => {
      if (!saved || !Array.isArray(saved.results) || (saved.plan && !Array.isArray(saved.plan.jobs))) return undefined;
      return { ...saved, status: saved.status === 'running' ? 'left' : saved.status };
    });
  }

  /** Begins anew; what stands in the way is said. @param {() => Promise<{jobs: Job[], context: Context}>} prepare */
  async begin(prepare) {
    if (obstacleToExperiments.value !== '') return;
    const before = this.state.value;
    underWay.value = this.name;
    try {
      const { jobs, context } = await prepare();
      const modelHash = model.value.info?.weightsHash ?? '';
      this.state.value = { plan: { jobs, context, modelHash }, results: [], status: 'left', problem: '' };
    } catch (error) {
      this.#change({ problem: sentenceOf(error) });
      return;
    } finally {
      underWay.value = null;
    }
    await this.goOn();
    if (this.state.value.status !== 'done' && before.results.length > 0) this.#offer(before);
  }

  /** Results that others have taken the place of, by themselves where there are no others, else on request.
   * @param {State<Job, Context, Result>} gone */
  #offer(gone) {
    const back = () => {
      if (underWay.value === this.name) { this.#offer(gone); return; }
      const others = this.state.value;
      this.state.value = { ...gone, problem: others.problem };
      if (others.results.length > 0) this.#offer(others);
    };
    if (this.state.value.results.length === 0) back();
    else addNotice('info', `Another ${this.name}, with ${plural(gone.results.length, 'result')}, stood here before.`, { label: 'Bring it back', run: back });
  }

  /** Whether it was left in the middle and can go on with the model in use. */
  get canGoOn() {
    const { plan, status, results } = this.state.value;
    return plan !== null && (status === 'left' || status === 'failed') && results.length < plan.jobs.length && plan.modelHash === model.value.info?.weightsHash;
  }

  async goOn() {
    const { plan } = this.state.value;
    if (!plan || obstacleToExperiments.value !== '') return;
    underWay.value = this.name;
    this.#cancelled = false;
    this.#change({ status: 'running', problem: '' });
    const began = performance.now();
    const before = this.state.value.results.length;
    const total = plan.jobs.length;
    const show = (/** @type {number} */ share) => {
      const done = this.state.value.results.length;
      const weight = (/** @type {Job[]} */ jobs) => jobs.reduce((sum, job) => sum + this.weigh(job), 0);
      const now = share * weight(plan.jobs.slice(done, done + 1));
      const finished = weight(plan.jobs.slice(before, done)) + now;
      const seconds = (performance.now() - began) / 1000;
      this.progress.value = { done, total, share, secondsLeft: finished >= SURE_AFTER ? (seconds / finished) * (weight(plan.jobs.slice(done)) - now) : null };
    };
    try {
      for (let index = before; index < total; index++) {
        if (plan.modelHash !== model.value.info?.weightsHash) throw new Error('Another language model has come into use meanwhile. Choose the one that the experiment was begun with, and go on.');
        show(0);
        const result = await this.perform(plan.jobs[index], plan, {
          own: (request) => { this.#request = request; if (this.#cancelled) request.control('cancel'); return request; },
          onProgress: show,
        });
        this.#change({ results: [...this.state.value.results, result] });
      }
      this.#change({ status: 'done' });
    } catch (error) {
      if (this.#cancelled) this.#change({ status: 'left' });
      else this.#change({ status: 'failed', problem: sentenceOf(error) });
    } finally {
      this.#request = null;
      this.progress.value = null;
      underWay.value = null;
    }
  }

  cancel() {
    this.#cancelled = true;
    this.#request?.control('cancel');
  }

  /** @param {Partial<State<Job, Context, Result>>} changed */
  #change(changed) {
    this.state.value = { ...this.state.value, ...changed };
  }
}
