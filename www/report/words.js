// @ts-check
/** What was done, in sentences with numbers. */
import { FIELDS, fieldOf } from '../settings.js';
import { measuredHeldOut } from '../limits.js';
import { isMean, promptName } from '../run/record.js';
import { date, duration, isNumber, loss, number, plural, share } from './numbers.js';

/** @typedef {import('./collect.js').Report} Report */
/** @typedef {import('./collect.js').ReportRun} ReportRun */
/** @typedef {import('../protocol.js').Settings} Settings */

/** @param {Settings} settings */
export const techniqueOf = ({ peft_type: type }) => fieldOf('peft_type')?.choices?.find(([value]) => value === type)?.[1] ?? type;

/** The settings that have an effect: label, PEFT's name, value. @param {Settings} settings @returns {[string, string, string][]} */
export function settingRows(settings) {
  return FIELDS.filter(({ applies }) => !applies || applies(settings)).flatMap(({ name, label, choices }) => {
    const value = settings[name];
    if (value === undefined || value === '') return [];
    const chosen = choices?.find(([choice]) => choice === String(value))?.[1];
    return [/** @type {[string, string, string]} */ ([label, name, chosen ?? String(value)])];
  });
}

/** Those of `used` that `others` have not, or have otherwise, the prefix token left out: label and value.
 * @param {Settings} used @param {Settings} others @returns {[string, string][]} */
export function differingSettings(used, others) {
  const there = new Map(settingRows(others).map(([, name, value]) => [name, value]));
  return settingRows(used).filter(([, name, value]) => name !== 'prefix_token' && there.get(name) !== value).map(([label, , value]) => [label, value]);
}

/** Paragraphs. @param {Report} report @returns {string[]} */
export function whatWasDone(report) {
  const { run } = report;
  if (!run) return [modelSentence(report), promptSentence(report)].filter((sentence) => sentence !== '');
  return [
    `${modelSentence(report)} ${techniqueSentence(report, run)} ${startSentence(report, run)}`,
    `${rowsSentence(run)} ${stepsSentence(run)}`,
    keptSentence(run),
    promptSentence(report),
  ].map((paragraph) => paragraph.trim()).filter((paragraph) => paragraph !== '');
}

/** @param {Report} report */
function modelSentence({ model, run }) {
  if (run && (!model || model.weightsHash !== run.hashBefore)) {
    const size = run.modelNumbers > 0 ? ` of ${number(run.modelNumbers)} numbers` : '';
    return `The language model${size} stayed frozen. It is not the one that was in use when this report was made${model ? ` (${model.name})` : ''}.`;
  }
  if (!model) return '';
  const which = model.commit ? `${model.name}, commit ${model.commit.slice(0, 12)}` : model.name;
  return run ? `The language model (${which}; ${plural(model.layers, 'layer')}, ${number(model.parameters)} numbers) stayed frozen.`
    : `The language model is ${which}: ${plural(model.layers, 'layer')}, ${number(model.parameters)} numbers, all of them frozen.`;
}

/** @param {Report} report @param {ReportRun} run */
function techniqueSentence({ model }, run) {
  const { settings, trainedNumbers } = run;
  const reached = run.best ?? run.last;
  const tokens = plural(reached?.virtualTokens ?? settings.num_virtual_tokens, 'virtual token');
  const of = run.modelNumbers || model?.parameters || 0;
  const trained = trainedNumbers || reached?.numbers || 0;
  const size = trained === 0 ? '' : ` ${number(trained)} numbers were trained${of > 0 ? `, ${share(trained / of)} of the model’s size` : ''}.`;
  const encoder = `${settings.encoder_reparameterization_type === 'LSTM' ? 'an LSTM' : 'a perceptron'} (hidden size ${settings.encoder_hidden_size})`;
  if (settings.peft_type === 'P_TUNING') {
    const where = settings.template.trim() === '' ? 'in front of every input' : `in front of every input, in the template “${settings.template}”`;
    return `P-tuning put ${tokens} ${where}, made by ${encoder} that was trained with them; what it makes is kept, it is not.${size}`;
  }
  if (settings.peft_type === 'PREFIX_TUNING') {
    const made = settings.prefix_projection ? `, made by a perceptron (hidden size ${settings.encoder_hidden_size}) that was trained with them` : '';
    return `Prefix tuning put the keys and values of ${tokens} in front of those of every layer${made}.${size}`;
  }
  return `Prompt tuning put ${tokens} in front of every input${reached ? `, each a vector of ${number(reached.width)} numbers` : ''}.${size}`;
}

/** @param {Report} report @param {ReportRun} run */
function startSentence({ objective }, { settings, startFrom }) {
  if (startFrom) return `Training went on from the prompt ${startFrom}.`;
  switch (settings.prompt_tuning_init) {
    case 'TEXT': return settings.prompt_tuning_init_text.trim() === objective.trim() ? 'Training started from the words of the objective.' : 'Training started from the words of the initial text (see the settings).';
    case 'SAMPLE_VOCAB': return 'Training started from random words of the vocabulary.';
    case 'ZERO': return 'Training started from zeros.';
    default: return 'Training started from random numbers.';
  }
}

/** @param {ReportRun} run */
function rowsSentence({ split }) {
  const [train, heldOut] = [split.train.length, split.heldOut.length];
  if (train === 0) return '';
  return heldOut === 0 ? `All ${plural(train, 'example')} were trained on; none was held out.`
    : `Of ${plural(train + heldOut, 'example')}, ${number(train)} were trained on and ${number(heldOut)} held out, to measure the loss on what the prompt is not trained on${measuredHeldOut(heldOut) < heldOut ? `: on ${number(measuredHeldOut(heldOut))} of them` : ''}.`;
}

/** @param {ReportRun} run */
function stepsSentence({ steps, settings, msPerStep, workers, status, interrupted, stoppedEarly, error }) {
  const done = steps.at(-1)?.step ?? 0;
  if (done === 0) return 'No step has been made yet.';
  const time = msPerStep > 0 ? `, in about ${duration(msPerStep * done)}${workers > 1 ? ` with ${workers} workers` : ''}` : '';
  const end = stoppedEarly > 0 ? ` It stopped early, at step ${stoppedEarly}: ${settings.early_stopping_patience} measurements in a row were not better than the best.`
    : status === 'failed' ? ` It ended with an error: ${error}` : interrupted ? ' The page was closed or reloaded before its end.' : status === 'stopped' ? ' It was stopped before its end.' : status !== 'finished' ? ' It was still under way when this report was made.' : '';
  return `The run made ${number(done)} of ${plural(settings.steps, 'step')} of AdamW with ${plural(settings.batch_size, 'example')} each at a learning rate of ${settings.learning_rate}${time}.${end}`;
}

/** @param {ReportRun} run */
function keptSentence({ best, last, kept, evaluations }) {
  const reached = kept === 'best' ? best ?? last : last;
  if (!reached) return '';
  if (!isNumber(reached.heldOutLoss)) return `The ${promptName(reached)} is kept.`;
  const before = evaluations.find(({ step }) => step === 0);
  const why = best?.step !== reached.step ? ', by choice'
    : isMean(reached) ? `: the mean of the ${reached.averaged} measured from where the held-out loss was lowest, each within 3 % of it` : ', where the held-out loss was lowest';
  return `The ${promptName(reached)} is kept${why}: ${loss(reached.heldOutLoss)}${before ? `, against ${loss(before.heldOutLoss)} before training` : ''}.`;
}

/** Where the prompt in use isn't of this run. @param {Report} report */
function promptSentence({ prompt, run, metrics, answers }) {
  if (!prompt || prompt.ofRun) return '';
  const made = prompt.origin ? `opened from the adapter ${prompt.origin}` : `trained in another run (${techniqueOf(prompt.settings)}, ${prompt.averaged > 1 ? `mean of ${prompt.averaged} prompts up to step` : 'step'} ${prompt.step}, ${date(prompt.trainedAt)})`;
  const isOfNow = (metrics?.ofPrompt ?? true) && answers.every(({ tuned }) => tuned?.upToDate ?? true);
  const which = isOfNow ? 'The answers and metrics are those of the prompt' : 'Some answers or metrics are from before something changed, and say so; the prompt in use when this report was made is';
  return `${which} ${prompt.prefix}, ${made}: ${plural(prompt.virtualTokens, 'virtual token')}, ${number(prompt.numbers)} numbers.${run ? ' The curves are those of the run described here.' : ''}`;
}
