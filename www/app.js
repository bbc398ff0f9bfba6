// @ts-check
/** The frame of the page: header, progress rail, the seven steps, footer. */
import { Button, classes, formatBytes, formatNumber, html, Icon, Notice, Progress, signal, stepCards, useEffect } from './ui.js';
import { activePrompt, addNotice, conclusions, model, objective, settingsProblems, usableExamples } from './state.js';
import { inUse, loadFirst } from './model.js';
import { Notices, NoticesLink } from './notices.js';
import { isKept } from './offline.js';
import { ModelPicker } from './picker/dialog.js';
import { isOpen, loading, openPicker } from './picker/actions.js';
import { run, startRun } from './run.js';
import { DatasetStep } from './steps/dataset.js';
import { ObjectiveStep } from './steps/objective.js';
import { TechniqueStep } from './steps/technique.js';
import { PreparedStep } from './steps/prepared.js';
import { TrainingStep } from './steps/training.js';
import { obstacle } from './steps/training/controls.js';
import { TestStep } from './steps/test.js';
import { isTested } from './steps/test/answers.js';
import { AnalysisStep } from './steps/analysis.js';
import { keepPlace, returnToPlace } from './place.js';
import { anchorScrolling } from './scroll_anchoring.js';
import { rememberPlace } from './url.js';

/** The steps in order. `done`: nothing is left to do there.
 * @type {{name: string, label: string, step: any, done: () => boolean}[]} */
const STEPS = [
  { name: 'dataset', label: 'Dataset', step: DatasetStep, done: () => usableExamples.value.length > 1 },
  { name: 'objective', label: 'Objective', step: ObjectiveStep, done: () => objective.value.trim() !== '' },
  { name: 'technique', label: 'Technique', step: TechniqueStep, done: () => settingsProblems.value.length === 0 },
  { name: 'prepared', label: 'Prepared prompts', step: PreparedStep, done: () => model.value.status === 'ready' && settingsProblems.value.length === 0 && usableExamples.value.length > 0 },
  { name: 'training', label: 'Fine-tuning', step: TrainingStep, done: () => activePrompt.value !== null },
  { name: 'test', label: 'Test', step: TestStep, done: () => isTested.value },
  { name: 'analysis', label: 'Analysis', step: AnalysisStep, done: () => conclusions.value.trim() !== '' },
];

const current = signal('dataset');

/** A scroll has landed after this time. */
const LANDING_MS = 2000;

/** Scrolls to a step and moves the keyboard there; Back returns to where the person was. @param {string} name */
const goTo = (name) => {
  const section = document.getElementById(`step-${name}`);
  if (!section) return;
  rememberPlace();
  section.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth', block: 'start' });
  section.focus({ preventScroll: true });
  landOn(section);
};

/** Watches the landing under way; a new aim ends it. */
let watch = new AbortController();

/** A smooth scroll keeps its first aim, but the steps above can still grow meanwhile (their tokens arrive): this aims
 * again when it has ended, unless the person has scrolled or aimed elsewhere. @param {Element} section */
const landOn = (section) => {
  watch.abort();
  const mine = watch = new AbortController();
  const options = { signal: mine.signal, passive: true };
  for (const name of ['wheel', 'touchmove', 'keydown', 'pointerdown', 'popstate']) addEventListener(name, () => mine.abort(), options);
  addEventListener('scrollend', () => section.scrollIntoView({ block: 'start' }), options);
  setTimeout(() => mine.abort(), LANDING_MS);
};

/** @param {MouseEvent} event @param {string} name */
const follow = (event, name) => { event.preventDefault(); goTo(name); };

/** @param {{name: string, index: number, label: string, done: boolean}} props */
const RailItem = ({ name, index, label, done }) => html`
  <li class="rail-item">
    <a href=${`#step-${name}`} class=${classes('rail-link', done && 'is-done')} aria-current=${current.value === name ? 'step' : undefined}
      onClick=${(/** @type {MouseEvent} */ event) => follow(event, name)}>
      <span class="rail-mark"><span class="rail-number">${index + 1}</span>${done && html`<span class="rail-done"><${Icon} name="check" /></span>`}</span>
      <span class="rail-label">${label}</span>
      ${done && html`<span class="visually-hidden">(done)</span>`}
    </a>
  </li>`;

/** Highlights the step that crosses a line a third down the window. */
const Rail = () => {
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      const entered = entries.filter((entry) => entry.isIntersecting).at(-1);
      if (entered) current.value = entered.target.id.replace('step-', '');
    }, { rootMargin: '-33% 0px -66% 0px' });
    stepCards().forEach((section) => observer.observe(section));
    return () => observer.disconnect();
  }, [mounted.value]);
  const here = STEPS.findIndex(({ name }) => name === current.value);
  return html`
    <nav class="rail" aria-label="The seven steps">
      <ol class="rail-list">
        ${STEPS.map(({ name, label, done }, index) => html`<${RailItem} key=${name} name=${name} index=${index} label=${label} done=${done()} />`)}
      </ol>
      <p class="rail-here" aria-hidden="true">${here + 1}. ${STEPS[here].label}</p>
    </nav>`;
};

const ModelStatus = () => {
  const { status, info, loaded, total, error } = model.value;
  if (status === 'error') {
    return html`<${Notice} kind="error">
      <p>${error}</p><p><${Button} icon="restart" onClick=${() => void loadFirst(inUse.value)}>Load the model again<//> <${Button} kind="quiet" onClick=${() => void openPicker()}>Choose another model<//></p><//>`;
  }
  if (status === 'loading' || !info) {
    return html`<div class="model-status">
      <${Progress} value=${loaded} max=${total} label="Loading the language model"
        text=${total ? `Loading the language model: ${formatBytes(loaded)} of ${formatBytes(total)}` : 'Loading the language model …'} /></div>`;
  }
  const next = loading.value;
  return html`
    <p class="model-status">
      <span class="model-dot" aria-hidden="true"></span>
      <span><strong>${info.name || 'Language model'}</strong> is ready: ${formatNumber(info.parameters / 1e6, 1)} million parameters, all of them frozen</span>
      <button type="button" class="text-button" onClick=${() => void openPicker()}>${next ? `Loading ${next.choice.source.name} …` : 'Change model'}</button>
    </p>`;
};

const THEMES = /** @type {const} */ ([['auto', 'auto', 'the system’s'], ['light', 'sun', 'light'], ['dark', 'moon', 'dark']]);
const theme = signal(document.documentElement.dataset.theme ?? 'auto');

/** @param {string} chosen */
const chooseTheme = (chosen) => {
  theme.value = chosen;
  if (chosen === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  try {
    localStorage.setItem('theme', chosen);
  } catch { /* storage is forbidden: the choice holds until the page is closed */ }
};

const ThemeButton = () => {
  const index = Math.max(0, THEMES.findIndex(([name]) => name === theme.value));
  const [next] = THEMES[(index + 1) % THEMES.length];
  return html`<${Button} kind="quiet" icon=${THEMES[index][1]} iconOnly onClick=${() => chooseTheme(next)}>${`Colours: ${THEMES[index][2]}`}<//>`;
};

const copyLink = async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    addNotice('success', 'The link is copied. It holds the settings, the seed and the prefix token; “Scenarios” in step 1 saves the rows and the rest as a file.');
  } catch {
    addNotice('info', 'The browser does not let this page copy. The address bar holds the same link: copy it from there.');
  }
};

/** The one button that trains; where there is a run, or something to mend first, it only leads to step 5. */
const TrainNow = () => {
  const starts = !run.value && obstacle() === '';
  const onClick = () => { goTo('training'); if (starts) void startRun(); };
  return html`<${Button} kind="primary" icon="play" onClick=${onClick}>${starts ? 'Train now' : 'Go to training'}<//>`;
};

const Header = () => html`
  <header class="page-header">
    <div class="page-bar">
      <p class="page-brand"><img src="./favicon.svg" alt="" width="22" height="22" />Prompt tuning playground</p>
      <div class="page-tools">
        <${Button} kind="quiet" icon="link" onClick=${copyLink}>Copy link<//>
        <${ThemeButton} />
      </div>
    </div>
    <div class="page-head">
      <h1 class="page-title">Ten examples teach a frozen language model your voice</h1>
      <p class="page-intro">
        A real language model runs inside this tab. Its weights never change: you train a handful of vectors that stand in
        front of every question. Everything is filled in, so you can train right away or change it step by step.
      </p>
      <div class="page-start">
        <${TrainNow} />
        <${ModelStatus} />
      </div>
    </div>
  </header>`;

const Footer = () => html`
  <footer class="page-foot">
    <p>Nothing leaves this tab: the model, your examples and what you train stay in your browser. What you type is saved there as you type.${isKept.value && ' The page is kept there too, so it opens without a network.'}</p>
    <p>Prompt tuning after Lester, Al-Rfou and Constant, “The Power of Scale for Parameter-Efficient Prompt Tuning” (2021). They found that it does as well as training every weight only in models of billions of parameters; the small one here was made for it before it was frozen: trained on thousands of voices, and in being prompt-tuned.</p>
  </footer>`;

/** A file that misses its place must not replace the page. @param {DragEvent} event */
const keepPage = (event) => { if (event.dataTransfer?.types.includes('Files')) event.preventDefault(); };
document.addEventListener('dragover', keepPage);
document.addEventListener('drop', keepPage);

/** How many steps are mounted: one more per task, so that opening the page never blocks the main thread for long. */
const mounted = signal(1);
const mountNext = () => {
  if (mounted.value >= STEPS.length) {
    anchorScrolling();
    returnToPlace();
    return;
  }
  mounted.value += 1;
  setTimeout(mountNext, 0);
};

const Steps = () => {
  useEffect(() => {
    keepPlace();
    setTimeout(mountNext, 0);
  }, []);
  return html`<main class="steps">${STEPS.slice(0, mounted.value).map(({ name, step }) => html`<${step} key=${name} />`)}</main>`;
};

export const App = () => html`
  <a class="skip-link" href="#step-dataset" onClick=${(/** @type {MouseEvent} */ event) => follow(event, 'dataset')}>Skip to step 1</a>
  <${NoticesLink} />
  <div class="page">
    <${Header} />
    <${Rail} />
    <${Steps} />
    <${Footer} />
  </div>
  <${ModelPicker} />
  <${Notices} on=${!isOpen.value} />`;
