// @ts-check
/** The way from the tab to bigger machines. */
import { saveRunForScale } from '../../scale.js';
import { settings } from '../../state.js';
import { Button, html } from '../../ui.js';
import { obstacle } from './controls.js';

export function Scale() {
  const { peft_type: technique, template } = settings.value;
  const hasTemplate = technique === 'P_TUNING' && template.trim() !== '';
  return html`
    <div class="scale">
      <${Button} icon="download" disabled=${hasTemplate || obstacle() !== ''} onClick=${() => void saveRunForScale()}>Continue at scale<//>
      <p class="field-help">A zip with your rows and the settings of step 3 as they are now, their batches, and a script that trains the same soft prompt with PEFT and Accelerate, on one GPU or many.${hasTemplate ? ' PEFT puts virtual tokens in front only, so the script can’t use the template: empty it in step 3. Prompts with a template are saved for PEFT in step 6.' : ''}</p>
    </div>`;
}
