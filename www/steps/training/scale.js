// @ts-check
/** The way from the tab to bigger machines. */
import { saveRunForScale } from '../../scale.js';
import { settings } from '../../state.js';
import { Button, html } from '../../ui.js';
import { obstacle } from './controls.js';

export function Scale() {
  const other = settings.value.peft_type !== 'PROMPT_TUNING';
  return html`
    <div class="scale">
      <${Button} icon="download" disabled=${other || obstacle() !== ''} onClick=${() => void saveRunForScale()}>Continue at scale<//>
      <p class="field-help">A zip with your rows and the settings of step 3 as they are now, their batches, and a script that trains the same soft prompt with PEFT and Accelerate, on one GPU or many.${other ? ' The script knows prompt tuning only: choose it in step 3. Prompts of the other techniques are saved for PEFT in step 6.' : ''}</p>
    </div>`;
}
