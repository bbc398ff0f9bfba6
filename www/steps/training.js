// @ts-check
/** Step 5: fine-tuning, with the curves and the voice as they come. */
import { Card, html } from '../ui.js';
import { Compare } from './training/compare.js';
import { Controls } from './training/controls.js';
import { Curves } from './training/curves.js';
import { EarlierRuns, Outcome } from './training/outcome.js';
import { Scale } from './training/scale.js';
import { Voice } from './training/voice.js';

export function TrainingStep() {
  return html`
    <${Card} step=${5} name="training" title="Fine-tune"
      intro="Each step shows the model a few of your examples and moves the virtual tokens a little, so that the ideal responses become more likely. The model itself stays frozen. The loss says how surprised it is by the ideal responses: lower is better, 0 is certain. The held-out loss is that of examples which are not trained on.">
      <${Controls} />
      <${Curves} />
      <${Outcome} />
      <${Voice} />
      <${EarlierRuns} />
      <${Compare} />
      <${Scale} />
    <//>`;
}
