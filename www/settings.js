// @ts-check
/**
 * The settings as fields of a form and of a link: name, sentence, bounds, and how text becomes a value.
 * Rust has the last word (`checkSettings`); the bounds here answer while a person types and before wasm is there.
 */
import { defaultsOf } from './protocol.js';

/** @typedef {import('./protocol.js').Settings} Settings */
/** @typedef {keyof Settings} SettingName */

/** @typedef {object} SettingField
 * @property {SettingName} name
 * @property {string} label
 * @property {string} help             one sentence on what it does
 * @property {'number'|'integer'|'choice'|'boolean'|'text'|'prefix'} kind
 * @property {number} [min]
 * @property {number} [max]
 * @property {[string, string][]} [choices]   value and label
 * @property {boolean} [basic]         shown without opening "More settings"
 * @property {boolean} [own]           has its own place in step 3, not one in the grid of settings
 * @property {(settings: Settings) => boolean} [applies]  hidden where it has no effect */

/** @param {Settings} settings */
const isPTuning = (settings) => settings.peft_type === 'P_TUNING';
/** Whether the template counts the virtual tokens. @param {Settings} settings */
export const hasTemplate = (settings) => isPTuning(settings) && settings.template.trim() !== '';
/** Whether a small network makes the virtual tokens. @param {Settings} settings */
const hasEncoder = (settings) => isPTuning(settings) || (settings.peft_type === 'PREFIX_TUNING' && settings.prefix_projection);

/** @type {SettingField[]} */
export const FIELDS = [
  { name: 'prefix_token', label: 'Prefix token', kind: 'prefix', own: true, help: 'The name of the trained prompt: in step 6 an inquiry that begins with it is answered by this prompt, any other by the one that is chosen there. The model never reads it.' },
  { name: 'peft_type', label: 'Technique', kind: 'choice', own: true, choices: [['PROMPT_TUNING', 'Prompt tuning'], ['PREFIX_TUNING', 'Prefix tuning'], ['P_TUNING', 'P-tuning']],
    help: 'What is trained, and where it enters the frozen model.' },
  { name: 'template', label: 'Template', kind: 'text', own: true, applies: isPTuning,
    help: 'Words and virtual tokens in one prompt: write {v5} where five virtual tokens stand. The words stay as they are, the virtual tokens are trained. Leave it empty for virtual tokens alone.' },
  { name: 'num_virtual_tokens', label: 'Virtual tokens', kind: 'integer', min: 1, max: 256, basic: true, applies: (settings) => !hasTemplate(settings),
    help: 'How many trained positions stand in front of every input: more can carry more style, and cost more time.' },
  { name: 'steps', label: 'Steps', kind: 'integer', min: 1, max: 100000, basic: true,
    help: 'How many times the virtual tokens are updated.' },
  { name: 'learning_rate', label: 'Learning rate', kind: 'number', min: 1e-6, max: 10, basic: true,
    help: 'How far one step moves them: too high and the loss jumps, too low and it crawls.' },
  { name: 'batch_size', label: 'Batch size', kind: 'integer', min: 1, max: 1000, basic: true,
    help: 'How many examples each step learns from.' },
  { name: 'held_out_share', label: 'Held-out share', kind: 'number', min: 0, max: 0.5, basic: true,
    help: 'Share of the examples that is never trained on: the loss on it shows whether the prompt carries over, and chooses which step is kept. With two rows it is a rough sign.' },
  { name: 'seed', label: 'Seed', kind: 'integer', min: 0, max: 2 ** 32 - 1, basic: true,
    help: 'Fixes every random choice: which rows are held out, their order, the start. The same seed and number of workers (step 5) give the same run in the same browser.' },
  { name: 'prompt_tuning_init', label: 'Initialisation', kind: 'choice', basic: true,
    choices: [['TEXT', 'From the objective’s text'], ['SAMPLE_VOCAB', 'From random words of the vocabulary'], ['RANDOM', 'From random numbers'], ['ZERO', 'From zeros']],
    help: 'Where the virtual tokens start: with real words they begin closer to something useful.' },
  { name: 'init_std', label: 'Spread of the random numbers', kind: 'number', min: 0, max: 10, basic: true, applies: (settings) => settings.prompt_tuning_init === 'RANDOM' && !hasEncoder(settings),
    help: 'Standard deviation of the random numbers that the virtual tokens start from.' },
  { name: 'prompt_tuning_init_text', label: 'Initial text', kind: 'text', applies: (settings) => settings.prompt_tuning_init === 'TEXT',
    help: 'Start from these words instead of the objective; leave it empty to use the objective.' },
  { name: 'encoder_reparameterization_type', label: 'Encoder', kind: 'choice', basic: true, applies: isPTuning, choices: [['MLP', 'Perceptron (MLP)'], ['LSTM', 'LSTM']],
    help: 'The small network (a prompt encoder) that makes the virtual tokens: a perceptron makes each by itself, an LSTM lets neighbours know of each other.' },
  { name: 'prefix_projection', label: 'Keys and values come from', kind: 'boolean', basic: true, applies: (settings) => settings.peft_type === 'PREFIX_TUNING',
    choices: [['false', 'Trained numbers'], ['true', 'A perceptron (MLP)']],
    help: 'The perceptron, trained with them, makes the training of many numbers steadier; only what it makes is kept.' },
  { name: 'encoder_hidden_size', label: 'Encoder’s hidden size', kind: 'integer', min: 1, max: 512, basic: true, applies: hasEncoder,
    help: 'Width of the small network inside: wider can express more, and trains more numbers.' },
  { name: 'encoder_num_layers', label: 'LSTM layers', kind: 'integer', min: 1, max: 3, applies: (settings) => isPTuning(settings) && settings.encoder_reparameterization_type === 'LSTM',
    help: 'How many LSTM layers stand on each other.' },
  { name: 'lr_scheduler_type', label: 'Learning rate schedule', kind: 'choice',
    choices: [['linear', 'Linear decay to zero'], ['cosine', 'Cosine decay to zero'], ['constant', 'Constant']],
    help: 'How the learning rate changes over the steps, after the warm-up.' },
  { name: 'warmup_ratio', label: 'Warm-up share', kind: 'number', min: 0, max: 1,
    help: 'Share of the steps in which the learning rate rises from zero; the first step then changes nothing, as in transformers.' },
  { name: 'weight_decay', label: 'Weight decay', kind: 'number', min: 0, max: 1,
    help: 'Pulls the virtual tokens towards zero at each step; 0 turns it off.' },
  { name: 'max_grad_norm', label: 'Gradient clipping', kind: 'number', min: 0, max: 1000,
    help: 'Longest gradient a step may follow, longer ones are shortened; 0 turns it off.' },
  { name: 'eval_every', label: 'Evaluate every', kind: 'integer', min: 1, max: 100000,
    help: 'Steps between two measurements of the held-out loss.' },
  { name: 'early_stopping_patience', label: 'Stop early after', kind: 'integer', min: 0, max: 1000,
    help: 'So many measurements in a row without a better held-out loss end the run; 0 never does.' },
];

/** @type {Record<string, SettingField>} */
const BY_NAME = Object.fromEntries(FIELDS.map((field) => [field.name, field]));
/** @param {string} name @returns {SettingField|undefined} */
export const fieldOf = (name) => BY_NAME[name];

/** Whether a field has an effect with these settings; it is hidden where it has none. @param {SettingField} field @param {Settings} settings */
export const isShown = (field, settings) => field.applies?.(settings) ?? true;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Text as a value of the field, or a sentence on what is wrong with it and what to do.
 * @param {SettingField} field @param {string} text
 * @returns {{value: any, problem: null} | {value: null, problem: string}} */
export const parseSetting = (field, text) => {
  if (field.kind === 'text') return { value: text, problem: null };
  if (field.kind === 'prefix') {
    const problem = prefixProblem(text);
    return problem ? { value: null, problem } : { value: text, problem: null };
  }
  if (field.kind === 'boolean') {
    return text === 'true' || text === 'false' ? { value: text === 'true', problem: null } : { value: null, problem: `${field.label} must be true or false.` };
  }
  if (field.kind === 'choice') {
    const known = (field.choices ?? []).map(([value]) => value);
    return known.includes(text) ? { value: text, problem: null }
      : { value: null, problem: `${field.label} must be one of ${known.join(', ')}.` };
  }
  const trimmed = text.trim();
  const range = rangeOf(field);
  if (trimmed === '') return { value: null, problem: `${field.label} is empty: write ${range}.` };
  if (/^\d+,\d+$/.test(trimmed)) return { value: null, problem: `Write decimals with a point: ${trimmed.replace(',', '.')}.` };
  const value = NUMBER.test(trimmed) ? Number(trimmed) : NaN;
  if (!Number.isFinite(value)) return { value: null, problem: `“${shorten(trimmed)}” is not a number: write ${range}.` };
  const { min = -Infinity, max = Infinity } = field;
  if (value < min || value > max) return { value: null, problem: `${shorten(trimmed)} is out of range: write ${range}.` };
  if (field.kind === 'integer' && !Number.isInteger(value)) return { value: null, problem: `${field.label} must be a whole number: write ${range}.` };
  return { value, problem: null };
};

/** @param {SettingField} field */
const rangeOf = ({ kind, min = 0, max = 0 }) => `a ${kind === 'integer' ? 'whole number' : 'number'} from ${plain(min)} to ${plain(max)}`;

/** A number without an exponent. @param {number} value */
const plain = (value) => value.toLocaleString('en', { maximumFractionDigits: 8, useGrouping: false });

/** @param {string} text */
const shorten = (text) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);

/** A prefix token that can be used, as near as possible to what was written. @param {string} text */
const usablePrefix = (text) => `[${text.trim().replace(/\s+/gu, '_').replace(/[^\p{L}\p{N}_-]/gu, '').replace(/^_+|_+$/g, '') || 'TECH_SUPPORT'}]`;

/** What is wrong with the name of a prompt, as a sentence; null where nothing is.
 * @param {string} text @returns {string|null} */
export const prefixProblem = (text) => {
  if (text.trim() === '') return 'The prefix token is empty: give the prompt a name in brackets, for example [TECH_SUPPORT].';
  if (/<\|.*?\|>|<s>|<\/s>/.test(text)) return 'The name contains a special token of the model, such as <|im_end|>: use plain letters, for example [TECH_SUPPORT].';
  if (/\p{Cf}/u.test(text)) return `The prefix token has an invisible character in it, as copied texts do: write ${usablePrefix(text)} instead.`;
  if (/\s/.test(text.trim())) return `The prefix token has a space in it: write ${usablePrefix(text)} instead.`;
  if (text !== text.trim()) return 'There is a space before or after the prefix token: remove it.';
  if (!/^\[.+\]$/.test(text)) return 'The prefix token is a name in square brackets, for example [TECH_SUPPORT].';
  if (!/^\[[\p{L}\p{N}_-]+\]$/u.test(text)) return `Between the brackets only letters, digits, _ and - are allowed, for example ${usablePrefix(text)}.`;
  if ([...text].length > 42) return 'The name between the brackets is longer than 40 characters: use a shorter one.';
  return null;
};

/** The value as text of an input. @param {SettingField} field @param {Settings} settings */
export const settingText = (field, settings) => String(settings[field.name]);

/** The default of a technique as text for a person. @param {SettingField} field @param {import('./protocol.js').PeftType} technique */
export const defaultText = (field, technique) => {
  const value = String(defaultsOf(technique)[field.name]);
  const label = field.choices?.find(([choice]) => choice === value)?.[1];
  return label ? `“${label}”` : value;
};
