// @ts-check
/** Another scenario in place of everything in steps 1 to 4, 6 and 7: one of those offered, or one from a file. */
import { Button, ConfirmDialog, html, plural, signal, useRef } from '../ui.js';
import { download } from '../download.js';
import { addNotice, examples, objective, patterns, settings, startWith, testRows } from '../state.js';
import { readScenario, SCENARIOS, scenarioOf, scenarioText } from '../scenario.js';

const open = signal(false);
const chosen = signal(SCENARIOS[0].id);
/** Why the file or the scenario could not be used; "" where nothing is wrong. */
const failure = signal('');
/** What was saved, said in the dialog: what lies behind it can't be read. */
const saved = signal('');

export const openScenarios = () => { failure.value = ''; saved.value = ''; open.value = true; };
const close = () => { open.value = false; };

/** @param {import('../state.js').Case} scenario @param {() => void} started */
function use(scenario, started) {
  const bringBack = startWith(scenario);
  close();
  started();
  addNotice('info', `“${scenario.name}” is in place of your work.`, { label: 'Bring my work back', run: bringBack });
}

/** @param {() => void} started */
async function useChosen(started) {
  try {
    use(await scenarioOf(chosen.peek()), started);
  } catch {
    failure.value = 'The scenario could not be loaded, so nothing was changed. Check the connection and try again.';
  }
}

/** @param {File} file @param {() => void} started */
async function useFile(file, started) {
  try {
    const scenario = readScenario(await file.text());
    use({ ...scenario, settings: scenario.settings ?? settings.peek() }, started);
  } catch (error) {
    failure.value = error instanceof Error ? error.message : String(error);
  }
}

/** What a person keeps or hands out: everything but what was trained. */
function save() {
  const name = settings.peek().prefix_token.replace(/[^\w-]+/g, '').toLowerCase() || 'scenario';
  const text = scenarioText({
    name,
    objective: objective.peek(),
    prefix: settings.peek().prefix_token,
    examples: examples.peek().map(({ input, output }) => ({ input, output })),
    test: testRows.peek().map(({ question, reference }) => ({ question, reference })),
    patterns: patterns.peek(),
    settings: settings.peek(),
  });
  download(`${name}.scenario.json`, new Blob([text], { type: 'application/json' }));
  saved.value = `Saved: ${plural(examples.peek().length, 'row')}, the objective, the settings, the test inquiries and the checks (conclusions go into the report of step 7).`;
}

/** @param {{onStarted: () => void}} props */
export const Scenarios = ({ onStarted }) => {
  const file = useRef(/** @type {HTMLInputElement|null} */ (null));
  const onFile = (/** @type {{currentTarget: HTMLInputElement}} */ event) => {
    const [given] = event.currentTarget.files ?? [];
    if (given) void useFile(given, onStarted);
    event.currentTarget.value = '';
  };
  return html`
    <${ConfirmDialog} open=${open.value} title="Choose a scenario" confirm="Start with it" cancel="Keep my work"
      onConfirm=${() => void useChosen(onStarted)} onCancel=${close}>
      <fieldset class="scenarios">
        <legend class="visually-hidden">Scenario</legend>
        ${SCENARIOS.map(({ id, name, about }) => html`
          <label key=${id} class="scenario">
            <input type="radio" name="scenario" checked=${chosen.value === id} onChange=${() => { chosen.value = id; }} />
            <span>${name} <small>${about}</small></span>
          </label>`)}
      </fieldset>
      <p>A scenario takes the place of your ${plural(examples.value.length, 'row')}, objective, settings, test inquiries, checks and conclusions. Trained prompts stay, and a message offers to bring your work back.</p>
      <p class="toolbar scenario-files">
        <${Button} icon="export" onClick=${save}>Save as a scenario file<//>
        <${Button} icon="import" onClick=${() => file.current?.click()}>Open a scenario file<//>
        <input ref=${file} type="file" class="visually-hidden" tabindex="-1" aria-hidden="true" accept=".json" onChange=${onFile} />
      </p>
      <p class="hint" role="status">${saved.value}</p>
      <p class="scenario-failure" role="alert">${failure.value}</p>
    <//>`;
};
