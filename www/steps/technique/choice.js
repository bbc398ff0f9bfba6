// @ts-check
/** The three techniques of the chapter: choosing one, what it trains, and how many numbers that are. */
import { batch, html } from '../../ui.js';
import { model, promptShape, settings, settingsProblems, settingTexts } from '../../state.js';
import { defaultsOf } from '../../protocol.js';
import { FIELDS } from '../../settings.js';
import { TechniqueDiagram } from './diagram.js';

/** @typedef {import('../../protocol.js').PeftType} PeftType */
/** @typedef {import('../../protocol.js').Settings} Settings */

/** @type {{type: PeftType, name: string, short: string, text: any, paper: string}[]} */
const TECHNIQUES = [
  { type: 'PROMPT_TUNING', name: 'Prompt tuning', short: 'vectors in front of the words',
    text: html`A few vectors, the <em>virtual tokens</em>, are put in front of the words. Training moves only these vectors, until the frozen model
      behind them answers as your examples do. The simplest of the three, with the fewest numbers for each virtual token.`,
    paper: 'Lester et al. 2021' },
  { type: 'PREFIX_TUNING', name: 'Prefix tuning', short: 'keys and values in every layer',
    text: html`Trained <em>keys and values</em> stand in front of every layer’s: each word can look at them, all the way up. Each virtual token has
      numbers in every layer, and so more influence than a vector in front of the first layer alone.`,
    paper: 'Li and Liang 2021' },
  { type: 'P_TUNING', name: 'P-tuning', short: 'a small network makes the vectors',
    text: html`A small network, the <em>prompt encoder</em>, makes the virtual tokens and is trained in their place; afterwards only what it made is
      kept. Here it begins at the embeddings of the objective and learns what to add; from random numbers it is as in PEFT. Ordinary words
      may stand between the virtual tokens: continuous and discrete prompts in one.`,
    paper: 'Liu et al. 2021' },
];

/** Takes the technique, and its defaults in place of those of the one before; what the person has changed stays. @param {PeftType} technique */
export const chooseTechnique = (technique) => batch(() => {
  const [before, after] = [defaultsOf(settings.value.peft_type), defaultsOf(technique)];
  const moved = /** @type {any} */ ({ ...settings.value, peft_type: technique });
  for (const { name } of FIELDS) {
    if (settings.value[name] === before[name] && settingTexts.value[name] === undefined) moved[name] = after[name];
  }
  settings.value = moved;
});

/** The numbers that the run will train, against those that stay as they are. */
const TrainedNumbers = () => {
  const { info } = model.value;
  const shape = promptShape.value;
  if (!info || !shape || settingsProblems.value.some(({ field }) => field === 'template')) return null;
  const { virtualTokens, width, trainedNumbers } = shape;
  const kept = virtualTokens * width;
  const share = `${(100 * trainedNumbers / info.parameters).toLocaleString('en', { maximumSignificantDigits: 2 })} % of the model’s ${info.parameters.toLocaleString('en')}, which stay frozen`;
  return trainedNumbers === kept
    ? html`<p class="technique-numbers">${virtualTokens} virtual tokens × ${width.toLocaleString('en')} numbers each = <strong>${trainedNumbers.toLocaleString('en')} trained numbers</strong>, ${share}.${shape.kind === 'keys_values' ? ` In each of the ${info.layers} layers a virtual token has ${width / info.layers / 2} numbers for its key and as many for its value.` : ''}</p>`
    : html`<p class="technique-numbers"><strong>${trainedNumbers.toLocaleString('en')} trained numbers</strong>, ${share}. What they make and what is kept: ${virtualTokens} positions × ${width.toLocaleString('en')} numbers.</p>`;
};

export const TechniqueChoice = () => {
  const chosen = TECHNIQUES.find(({ type }) => type === settings.value.peft_type) ?? TECHNIQUES[0];
  return html`
    <div class="technique">
      <div class="technique-text">
        <fieldset class="techniques">
          <legend class="visually-hidden">Technique</legend>
          ${TECHNIQUES.map(({ type, name, short }) => html`
            <label key=${type} class=${type === chosen.type ? 'technique-option is-chosen' : 'technique-option'}>
              <input type="radio" name="peft_type" value=${type} checked=${type === chosen.type} onChange=${() => chooseTechnique(type)} />
              <span><strong>${name}</strong><span class="technique-short">${short}</span></span>
            </label>`)}
        </fieldset>
        <p>${chosen.text} <span class="technique-paper">(${chosen.paper})</span></p>
        <${TrainedNumbers} />
      </div>
      <${TechniqueDiagram} prefix=${settings.value.prefix_token} technique=${chosen.type} />
    </div>`;
};
