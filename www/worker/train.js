// @ts-check
/**
 * The step loop: one training step at a time, held-out evaluations before, during and after, an answer written
 * anew every few steps, and checkpoints from which a run can go on after a pause, a crash or the end.
 */
import { release } from './crash.js';
import { MOST_HELD_OUT_ROWS, spread } from '../limits.js';
import { workersFor } from '../workers.js';
import { writeAnswer } from './inference.js';
import { Kept } from './kept.js';
import { sharedStep } from './shared_step.js';
import { putIn, takeOut } from './soft_prompt.js';
import { Cancelled, TURN_EVERY_MS, settledWithin } from './task.js';

/** @typedef {typeof import('../pkg/prompt_playground.js')} Library */
/** @typedef {import('../pkg/prompt_playground.js').Model} Model */
/** @typedef {import('../pkg/prompt_playground.js').Tuner} Tuner */
/** @typedef {import('../pkg/prompt_playground.js').SoftPrompt} WasmSoftPrompt */
/** @typedef {import('../protocol.js').Example} Example */
/** @typedef {import('../protocol.js').SoftPrompt} SoftPrompt */
/** @typedef {import('../protocol.js').TrainPayload} TrainPayload */
/** @typedef {import('../protocol.js').TrainResult} TrainResult */
/** @typedef {import('../protocol.js').TrainEvent} TrainEvent */
/** @typedef {import('./task.js').Task} Task */
/** @typedef {import('./team.js').Team} Team */

/** A checkpoint is sent at most this often, and at pause, stop and end. */
const CHECKPOINT_EVERY_MS = 2000;

/**
 * @param {Library} library
 * @param {Model} model
 * @param {Team} team
 * @param {number} modelNumbers how many numbers the frozen model has
 * @param {TrainPayload} payload
 * @param {Task} task
 * @returns {Promise<TrainResult>}
 */
export async function train(library, model, team, modelNumbers, payload, task) {
  const { examples, settings } = payload;
  const split = library.splitDataset(examples.length, settings.held_out_share, settings.seed);
  const trainRows = split.train.map((index) => examples[index]);
  const heldOutRows = spread(split.heldOut, MOST_HELD_OUT_ROWS).map((index) => examples[index]);
  const tuner = newTuner(library, model, trainRows, payload);
  const kept = new Kept(library, { averages: true });
  const run = new TrainingRun(model, tuner, kept, team, heldOutRows, payload, task);
  try {
    run.announce(modelNumbers, split);
    run.callTeam(trainRows);
    return await run.toTheEnd();
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    return { outcome: 'cancelled', step: tuner.stepNumber(), softPrompt: null, best: null, state: null };
  } finally {
    team.rest();
    kept.free();
    release(tuner);
  }
}

/** @param {Library} library @param {Model} model @param {Example[]} rows @param {TrainPayload} payload */
function newTuner(library, model, rows, { settings, startFrom, resumeState }) {
  if (resumeState) return library.Tuner.resume(model, rows, resumeState, settings);
  if (!startFrom) return library.Tuner.new(model, rows, settings);
  const start = putIn(library, model, startFrom);
  try {
    return library.Tuner.fromPrompt(model, rows, settings, start);
  } finally {
    release(start);
  }
}

class TrainingRun {
  /** Evaluations since the lowest one. */ #withoutBetter = 0;
  #lastCheckpoint = performance.now();

  /**
   * @param {Model} model
   * @param {Tuner} tuner
   * @param {Kept} kept
   * @param {Team} team
   * @param {Example[]} heldOutRows
   * @param {TrainPayload} payload
   * @param {Task} task
   */
  constructor(model, tuner, kept, team, heldOutRows, payload, task) {
    this.model = model;
    this.tuner = tuner;
    this.kept = kept;
    this.team = team;
    this.heldOutRows = heldOutRows;
    this.payload = payload;
    this.task = task;
    /** @type {import('../protocol.js').Settings} the effective ones */
    this.settings = tuner.settings();
  }

  /** @param {number} modelNumbers @param {import('../protocol.js').Split} split */
  announce(modelNumbers, split) {
    this.#emit({ kind: 'started', settings: this.settings, trainedNumbers: this.tuner.trainedNumbers(), modelNumbers, split });
  }

  /**
   * Has the other workers get ready while the baseline is measured. One that the browser did not start is a loss only
   * where the person has chosen the number.
   * @param {Example[]} trainRows
   */
  callTeam(trainRows) {
    const { team, payload, settings } = this;
    const size = workersFor(payload.workers, team.room, Math.min(settings.batch_size, trainRows.length));
    /** @type {import('./share_worker.js').OnLost} */
    const onLost = (reason, started) => {
      if (started || payload.workers !== 0) this.#emit({ kind: 'workerLost', workers: team.size, reason });
    };
    const { virtualTokens, kind } = this.#softPrompt();
    team.begin(size, trainRows, { virtualTokens, kind }, onLost);
  }

  /** @returns {Promise<TrainResult>} */
  async toTheEnd() {
    const { tuner, task, settings } = this;
    await this.#evaluate(tuner.stepNumber());
    await this.#sample(tuner.stepNumber());
    await this.#gatherTeam(tuner.stepNumber());
    let step = tuner.stepNumber();
    while (step < settings.steps && !task.stopped) {
      await this.#turn(step);
      const done = await this.#step(step);
      if (done === null) break;
      step = done;
      const last = step >= settings.steps;
      if (last || step % settings.eval_every === 0) await this.#evaluate(step);
      if (!last && this.#outOfPatience) {
        this.#emit({ kind: 'earlyStop', step, bestStep: this.kept.best?.step ?? 0 });
        break;
      }
      if (this.payload.sampleEvery > 0 && (last || step % this.payload.sampleEvery === 0)) await this.#sample(step);
      if (performance.now() - this.#lastCheckpoint >= CHECKPOINT_EVERY_MS) this.#checkpoint(step);
    }
    this.team.rest(); // a share under way would slow down what is left to do here
    const state = this.#checkpoint(step);
    return {
      outcome: step >= settings.steps ? 'finished' : 'stopped',
      step,
      softPrompt: this.#softPrompt(),
      best: this.kept.best,
      state,
    };
  }

  /** Whether the held-out loss has not become better for as many evaluations as the settings allow. */
  get #outOfPatience() {
    const patience = this.settings.early_stopping_patience;
    return patience > 0 && this.#withoutBetter >= patience;
  }

  /** Waits for those who are to share the steps: how many they are is fixed from here on. @param {number} step */
  async #gatherTeam(step) {
    let missing = 0;
    while (!(await settledWithin(this.team.prepared, TURN_EVERY_MS)) && !this.task.stopped) {
      if (this.team.unprepared !== missing) {
        missing = this.team.unprepared;
        this.#emit({ kind: 'waiting', workers: missing });
      }
      await this.#turn(step);
    }
    if (!this.task.stopped) this.#emit({ kind: 'workers', workers: this.team.size });
  }

  /**
   * One step, block by block and shared by the team, so that a message acts within a few milliseconds. A step that is
   * stopped in the middle has changed nothing. A loss that is no longer a number ends the run with a sentence.
   * @param {number} step the steps done so far
   * @returns {Promise<number|null>} the step's number, or null where it was stopped
   */
  async #step(step) {
    if (this.task.stopped) return null;
    const report = await sharedStep(this.tuner, this.team, async () => {
      await this.#turn(step);
      return !this.task.stopped;
    });
    if (report === null) return null;
    if (!Number.isFinite(report.loss) || !Number.isFinite(report.gradNorm)) {
      throw Object.assign(new Error(
        `The training diverged: at step ${report.step} the loss is no longer a number. ` +
        'Lower the learning rate in step 3, or set the gradient clipping to 1, and start again.',
      ), { kind: 'input' });
    }
    this.#emit({ kind: 'step', report });
    return report.step;
  }

  /** Held-out loss, example by example. Nothing without held-out rows. @param {number} step */
  async #evaluate(step) {
    if (this.heldOutRows.length === 0) {
      this.#emit({ kind: 'evaluation', step, heldOutLoss: null, best: false, vectors: this.#softPrompt().vectors });
      return;
    }
    const prompt = this.tuner.softPrompt();
    try {
      const found = await this.kept.offer(step, prompt, (measured) => this.#heldOutLoss(measured, step));
      if (found === null) return;
      this.#withoutBetter = found.lowest ? 0 : this.#withoutBetter + 1;
      this.#emit({ kind: 'evaluation', step, heldOutLoss: found.heldOutLoss, best: found.lowest, vectors: this.#softPrompt().vectors });
    } finally {
      release(prompt);
    }
  }

  /** Mean loss a token; null where the run was stopped meanwhile. @param {WasmSoftPrompt} prompt @param {number} step */
  async #heldOutLoss(prompt, step) {
    const evaluation = this.model.evaluation(this.heldOutRows, prompt, undefined);
    try {
      while (evaluation.next()) {
        await this.#turn(step);
        if (this.task.stopped) return null;
      }
      return evaluation.report().loss;
    } finally {
      release(evaluation);
    }
  }

  /** The chosen question, answered with the soft prompt as it is now. @param {number} step */
  async #sample(step) {
    const { sampleEvery, sampleQuestion, sampleSettings } = this.payload;
    if (sampleEvery <= 0 || sampleQuestion.trim() === '') return;
    const rows = this.tuner.softPrompt();
    try {
      const answer = await writeAnswer(this.model, sampleQuestion, undefined, rows, sampleSettings, {
        turn: () => this.#turn(step),
        ended: () => this.task.stopped,
      });
      if (answer.finishReason !== 'cancelled') this.#emit({ kind: 'sample', step, text: answer.text });
    } finally {
      release(rows);
    }
  }

  /** Lets messages in, and stays here while one of them has paused the run. @param {number} step */
  async #turn(step) {
    await this.task.patientTurn();
    if (!this.task.paused) return;
    this.#checkpoint(step);
    this.#emit({ kind: 'paused', step });
    await this.task.whilePaused();
    if (!this.task.stopped) this.#emit({ kind: 'continued', step });
  }

  /** @param {number} step @returns {Uint8Array} */
  #checkpoint(step) {
    const state = this.tuner.saveState();
    this.#emit({ kind: 'checkpoint', step, state, softPrompt: this.#softPrompt(), best: this.kept.best });
    this.#lastCheckpoint = performance.now();
    return state;
  }

  /** A copy of the soft prompt as it is now. @returns {SoftPrompt} */
  #softPrompt() {
    return takeOut(this.tuner.softPrompt());
  }

  /** @param {TrainEvent} event */
  #emit(event) {
    this.task.emit(event);
  }
}
