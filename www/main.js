// @ts-check
/** Opens the page: brings back what was saved, takes over the link, mounts the seven steps, loads the model; then has the browser keep the page. */
import { html, render, batch } from './ui.js';
import { App } from './app.js';
import { startChecks } from './checks.js';
import { openModel } from './model.js';
import { keepPage, takeNewVersion } from './offline.js';
import { addNotice, forgetHistory, settings, startWith } from './state.js';
import { sayInterrupted } from './run.js';
import { restore, saveAll, saves, startSaving } from './store.js';
import { startLink } from './url.js';
import { SCENARIOS, scenarioOf } from './scenario.js';
import { detectSimd, libraryFor } from './worker/simd.js';

const open = async () => {
  await takeNewVersion();
  const restored = restore();
  const loading = restored.then(openModel);
  const [saved, scenario] = await Promise.all([restored, scenarioOf(SCENARIOS[0].id).catch(() => null)]);
  if (!saved.has('examples')) {
    const kept = settings.peek();
    batch(() => {
      if (scenario) startWith(scenario);
      if (saved.has('settings')) settings.value = kept;
    });
    if (scenario) saveAll();
    else addNotice('error', 'The example scenario could not be loaded. You can still write or import your own examples, or reload the page.');
  }
  forgetHistory();
  startLink(saved.has('settings'));
  startSaving();
  startChecks();
  const page = /** @type {HTMLElement} */ (document.getElementById('page'));
  page.replaceChildren();
  render(html`<${App} />`, page);
  sayInterrupted(saves());
  await loading;
  await keepPage(`pkg/${libraryFor(detectSimd())}`);
};

open();
