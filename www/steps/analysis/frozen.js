// @ts-check
/** The proof that only the soft prompt has changed: the hash of the model's weights before and after, and the count. */
import { engine } from '../../engine.js';
import { run } from '../../run.js';
import { activePrompt, announce, model } from '../../state.js';
import { Button, Icon, formatNumber, html, signal } from '../../ui.js';
import { itsRun } from './inside/choices.js';

/** The weights hashed anew on request; `of`: the hash of that model when it was loaded. */
const again = signal(/** @type {{of: string, hash: string, at: Date}|null} */ (null));
const problem = signal('');
const busy = signal(false);

/** @param {string} of */
async function checkAgain(of) {
  busy.value = true;
  problem.value = '';
  try {
    again.value = { of, hash: await engine.request('weightsHash', {}), at: new Date() };
    announce(again.value.hash === of ? 'The same, bit for bit: the model is untouched.' : 'They differ: the model is not the one that was loaded.');
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error);
  }
  busy.value = false;
}

export function Frozen() {
  const info = model.value.info;
  if (!info) return null;
  const now = run.value?.hashBefore === info.weightsHash ? run.value : null; // a run of another model says nothing of this one
  const before = info.weightsHash;
  const hashes = [{ name: now ? `Before run ${now.number}, as loaded` : 'When the model was loaded', hash: before }];
  if (now?.hashAfter) hashes.push({ name: `After run ${now.number}`, hash: now.hashAfter });
  if (again.value?.of === before) hashes.push({ name: `Checked at ${again.value.at.toLocaleTimeString('en')}`, hash: again.value.hash });
  const same = hashes.every(({ hash }) => hash === before);
  return html`
    <section class="part" aria-labelledby="frozen-title">
      <h3 class="part-title" id="frozen-title">Did the model stay frozen?</h3>
      <${Counts} />
      <p class="part-intro">The hash below is a fingerprint (SHA-256) of every weight in memory: if a single bit of the model had changed, it would be a different one.</p>
      <dl class="hashes">
        ${hashes.map(({ name, hash }) => html`<div key=${name}><dt>${name}</dt><dd><code>${hash}</code></dd></div>`)}
      </dl>
      ${hashes.length > 1 && html`
        <p class=${same ? 'verdict is-good' : 'verdict is-bad'}><${Icon} name=${same ? 'success' : 'error'} />
          ${same ? 'The same, bit for bit: the model is untouched.' : 'They differ: the model is not the one the run began with.'}</p>`}
      <${Button} icon="restart" disabled=${model.value.status !== 'ready'} inactive=${busy.value} onClick=${() => void checkAgain(before)}>${busy.value ? 'Hashing …' : 'Hash the weights again now'}<//>
      ${problem.value && html`<p class="field-error"><${Icon} name="error" />${problem.value}</p>`}
    </section>`;
}

function Counts() {
  const info = model.value.info;
  const prompt = activePrompt.value;
  const kept = prompt?.vectors.length ?? 0;
  const trained = (prompt ? itsRun.value?.trainedNumbers || kept : run.value?.trainedNumbers) || 0; // an encoder's are others than those it makes
  if (!info || trained === 0) return null;
  const share = (trained / info.parameters) * 100;
  const size = prompt ? `${prompt.virtualTokens} virtual tokens × ${prompt.width} numbers` : '';
  const width = trained === kept ? size : size && `an encoder, which makes ${size}`;
  return html`
    <div class="counts">
      <p><b>${formatNumber(trained)}</b> numbers were trained${width && html` <span>(${width})</span>`}, <b>${formatNumber(info.parameters)}</b> stayed as they were: ${formatPercent(share)} of the model’s size.</p>
      <div class="counts-bar" aria-hidden="true"><span style=${{ width: `${Math.min(100, Math.max(share, 0.3))}%` }}></span></div>
    </div>`;
}

/** @param {number} percent */
const formatPercent = (percent) => `${percent >= 1 ? percent.toFixed(1) : percent.toPrecision(2)} %`;
