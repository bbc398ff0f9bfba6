// @ts-check
/** The buttons and the progress that every experiment has. */
import { estimate, timeInWords } from '../experiments/estimate.js';
import { obstacleToExperiments } from '../experiments/experiment.js';
import { underWay } from '../experiments/under_way.js';
import { useSuccessor } from '../focus.js';
import { differingSettings } from '../report/words.js';
import { announce, effectiveSettings, model, usableExamples } from '../state.js';
import { Button, Notice, Progress, html, plural, useEffect, useId, useRef } from '../ui.js';

/** @typedef {import('../experiments/experiment.js').Experiment<any, any, any>} AnyExperiment */

/**
 * @param {{experiment: AnyExperiment, label: string, problem: string, trainings: number, onStart: () => void, children?: any}} props
 *   `label` of the button that begins it; `problem`: why it can't, beside what all experiments wait for; `trainings` that it
 *   would be, 0 while that is not known
 */
export function ExperimentControls({ experiment, label, problem, trainings, onStart, children }) {
  const group = useRef(/** @type {HTMLElement|null} */ (null));
  useSuccessor(group, '.go-on:enabled', 'button:enabled');
  const { status, results, plan } = experiment.state.value;
  const progress = experiment.progress.value;
  useEnd(experiment);
  const whyId = useId();
  const why = problem || obstacleToExperiments.value;
  const preparing = underWay.value === experiment.name && !progress;
  const left = plan ? plan.jobs.length - results.length : 0;
  return html`
    <div class="part-actions" ref=${group} tabindex="-1">
      ${children}
      ${progress
        ? html`<${Button} icon="stop" onClick=${() => experiment.cancel()}>Cancel<//>`
        : html`<${Button} kind="primary" icon="play" disabled=${why !== '' && !preparing} inactive=${preparing} aria-describedby=${why === '' ? undefined : whyId} onClick=${onStart}>${preparing ? 'Preparing …' : label}<//>
            ${experiment.canGoOn && html`<${Button} icon="play" class="go-on" disabled=${obstacleToExperiments.value !== ''} onClick=${() => void experiment.goOn()}>Go on with the ${plural(left, 'training')} left<//>`}`}
    </div>
    ${why === '' && !progress && trainings > 0 && html`<p class="hint">${estimate(trainings)}</p>`}
    ${why !== '' && !progress && !preparing && html`<p class="hint" id=${whyId}>${why}</p>`}
    ${progress && html`<${Progress} value=${progress.done + progress.share} max=${progress.total} label=${label}
      text=${`${progress.done + 1} of ${progress.total}${progress.secondsLeft === null ? '' : `, about ${timeInWords(progress.secondsLeft)} left`}`} />`}
    ${status === 'left' && !progress && left > 0 && results.length > 0 && html`<p class="part-caution">${results.length} of ${plan?.jobs.length} are done; what follows is about these.</p>`}
    ${experiment.state.value.problem !== '' && html`<${Notice} kind="error">${experiment.state.value.problem}<//>`}
    ${results.length > 0 && !progress && html`<${Otherwise} plan=${plan} />`}`;
}

/** Where results belong to another model, other rows or other settings than the page has now.
 * @param {{plan: import('../experiments/experiment.js').Plan<any, {examples: readonly import('../protocol.js').Example[], settings?: import('../protocol.js').Settings}>|null}} props */
function Otherwise({ plan }) {
  if (!plan || model.value.status !== 'ready') return null;
  const { examples, settings } = plan.context;
  const rows = usableExamples.value;
  const other = [
    plan.modelHash !== model.value.info?.weightsHash && 'another language model than the one in use',
    (examples.length !== rows.length || examples.some(({ input, output }, index) => input !== rows[index].input || output !== rows[index].output)) && 'other rows than step 1 has now',
    ...(settings ? differingSettings(settings, effectiveSettings.value).map(([label, value]) => `another setting than step 3 has now: ${label} ${value}`) : []),
  ].filter(Boolean);
  return other.length > 0 && html`<p class="part-caution">Made with ${other.join('; ')}.</p>`;
}

/** Tells that an experiment has ended; an error says so itself. @param {AnyExperiment} experiment */
function useEnd(experiment) {
  const { status, results, plan } = experiment.state.value;
  const before = useRef(status);
  useEffect(() => {
    if (before.current === 'running' && status === 'done') announce(`The ${experiment.name} is done.`);
    if (before.current === 'running' && status === 'left') announce(`The ${experiment.name} was cancelled; ${results.length} of ${plan?.jobs.length} are done.`);
    before.current = status;
  }, [status]);
}
