// @ts-check
/** The way from the tab to bigger machines. */
import { saveRunForScale } from '../../scale.js';
import { Button, html } from '../../ui.js';
import { obstacle } from './controls.js';

export function Scale() {
  return html`
    <div class="scale">
      <${Button} icon="export" disabled=${obstacle() !== ''} onClick=${() => void saveRunForScale()}>Continue at scale<//>
      <p class="field-help">A zip with your rows, batches and settings, and a script that trains the same soft prompt with PEFT and Accelerate, on one GPU or many.</p>
    </div>`;
}
