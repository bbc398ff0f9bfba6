// Made by src/types.rs from the structs of the core; not written by hand.

/** What is known of a trained prompt beside its numbers. */
export type AboutPrompt = {
/** Name of the prompt, for example `[TECH_SUPPORT]`. */
prefixToken: string,
/** Hub id or path of the model that it was trained on; PEFT does not read a text start without it, so none is written. */
baseModel: string,
/** Where that model is found, as a sentence; may be empty. */
baseModelNote: string,
/** How it was trained; `null` where it came from an adapter. */
settings: Partial<TunerSettings> | null,
/** Steps that led to it; where it is the mean of several steps' prompts, to the last of them. */
step: number,
/** How many steps' prompts it is the mean of; 0 or 1 where it is that of one step. */
averaged?: number | null,
/** Nats; `null` where no example was held out. */
heldOutLoss: number | null,
/** Examples trained on, and held out. */
examples: number, heldOutExamples: number,
/** How it answers in the page; `null`: greedy, without a repetition penalty. */
generation?: GenerationSettings | null,
};

/** An answer of the model and the ideal response. */
export type AnswerPair = { answer: string, reference: string, };

/** Scores of one answer: ROUGE as rouge-score gives it, BLEU and chrF as sacrebleu. */
export type AnswerScore = {
exactMatch: boolean,
/** F1 of single words, of pairs of words, and of the longest common subsequence, from 0 to 1. */
rouge1: number, rouge2: number, rougeL: number,
/** From 0 to 100. */
bleu: number,
/** From 0 to 100. */
chrf: number,
/** Of the answer. */
words: number,
};

/** Attention weights on the virtual tokens. A row's weights on all that it sees sum to 1. */
export type AttentionReport = {
/** (layers, heads, virtual tokens): mean over the rows that predict a response token. */
weights: Array<Array<Array<number>>>,
/** (layers, heads): their sum over the virtual tokens. */
totals: Array<Array<number>>,
/** For every response token, end of turn included, the total of the row that predicts it. */
tokens: Array<TokenAttention>,
/** The total if all positions had the same weight: mean over the rows that predict. */
evenShare: number,
};

/** The fitted curve at a size: its median over the resamples, and the limits below and above which 5 % lie. */
export type BandPoint = { size: number, low: number, middle: number, high: number, };

/** The step of the lowest held-out loss of each fold: how long to train a prompt that sees all rows. */
export type BestStep = { median: number, lowest: number, highest: number, };

/** The effective settings (a default where a value is wrong or missing) and what was wrong. */
export type CheckedSettings = { settings: TunerSettings, problems: Array<SettingProblem>, };

/** What one answer has in common with the responses that were trained on. */
export type Copying = {
/** Of the answer. */
words: number,
/** Of them, those in a passage of five words or more that a response has too. */
copied: number, longest: Passage | null,
};

/**
 * `rows`: the highest tuned loss first; `outliers`: rows among them. `folds` and `rows` are what could be counted,
 * `skipped` the rows whose loss is not a number or that have no response token.
 */
export type CrossValidation = { verdict: CrossValidationVerdict, sentence: string, advice: string, folds: number, skipped: number, base: Spread | null, tuned: Spread | null, improvement: Improvement | null, improvedRows: number, rows: Array<HeldOutRow>, outliers: Array<number>, bestStep: BestStep | null, };

export type CrossValidationVerdict = "tuning_helps" | "tuning_hurts" | "unclear" | "too_few_folds";

/**
 * One point of a run. `loss`: training loss of a step (a batch); `heldOutLoss` only at evaluations. Step 0 is the
 * baseline before training. Losses are nats per token.
 */
export type CurvePoint = { step: number, loss: number | null, heldOutLoss: number | null, };

/** `bestStep`: step of the lowest held-out loss, `null` without held-out rows. */
export type CurveReading = { verdict: CurveVerdict, sentence: string, advice: string, bestStep: number | null, };

/** The trainings of one size; the sample standard deviation is `null` for a single one. */
export type CurveSize = { size: number, mean: number, standardDeviation: number | null, runs: number, };

/** What a run looks like; `read_curve` has the order in which they are tested. */
export type CurveVerdict = "diverged" | "too_short" | "overfitting" | "still_falling" | "converged";

/** The formats that can be written; all of them can be read. */
export type DatasetFormat = "input_output" | "messages" | "alpaca" | "prompt_completion" | "csv";

/**
 * `usable`: rows without a blocking warning; `tokens`: text tokens of those rows; `unfamiliar`: a sentence where the
 * model has seen little text like the inputs.
 */
export type DatasetReport = { rows: Array<RowReport>, usable: number, tokens: number, unfamiliar: string | null, };

/**
 * An instruction as a system turn, then examples as turns of the conversation (few-shot, Brown et al. 2020); both may be
 * left out.
 */
export type DiscretePrompt = { instruction?: string | null, shots?: Array<Example> | null, };

/**
 * The fitted loss with twice the examples of the largest training, and how far below that training's it lies; limits
 * as in `BandPoint`.
 */
export type Doubled = { from: number, size: number, loss: number, low: number, high: number, fall: number, fallLow: number, fallHigh: number, };

/**
 * One training: `size` rows to train on, and the rows to ask about (none where there are test rows of their own).
 * Indices ascend.
 */
export type Draw = { draw: number, size: number, train: Array<number>, heldOut: Array<number>, };

/** One training: the rows it saw and the held-out loss at its end, nats per response token. */
export type DrawResult = { draw: number, size: number, train: Array<number>, loss: number | null, };

/** One training example: what the customer writes and the ideal response. */
export type Example = { input: string, output: string, };

/** Means over the response tokens of one example. */
export type ExampleLoss = {
/** Nats. */
loss: number, tokens: number, tokenAccuracy: number,
};

/**
 * One training and what was measured on the rows it had not seen, in the order of `heldOut`: nats per response token
 * of the base and of the tuned model, and the number of response tokens.
 *
 * Measure `tunedLosses` at the end of the training: at the best step of these rows they would look better than they
 * are. `bestStep`: of the held-out curve. `trainedOn`: how many rows the training saw; where it is left out, `folds`
 * are taken to be all there are.
 */
export type FoldResult = { fold: number, heldOut: Array<number>, baseLosses: Array<number | null>, tunedLosses: Array<number | null>, tokens: Array<number>, bestStep: number | null, trainedOn?: number | null, };

/** How an answer is decoded; names and meaning as in `transformers`' `GenerationConfig`. */
export type GenerationSettings = {
/** 0 is greedy. */
temperature: number,
/** Above 0, at most 1; 1 is off. */
top_p: number,
/**
 * Divides positive and multiplies negative logits of tokens already written (Keskar et al. 2019); 1 is off.
 * Tokens of the question do not count, as in `transformers` where the model is given embeddings.
 */
repetition_penalty: number, max_new_tokens: number, seed: number,
};

/** `robustZ`: how far the tuned loss lies above the median row, `null` with fewer than five rows. */
export type HeldOutRow = { row: number, fold: number, tokens: number, baseLoss: number, tunedLoss: number, robustZ: number | null, outlier: boolean, };

/**
 * Base loss less tuned loss, fold by fold: above 0 where tuning helps. `low` to `high`: 95 % by Student's t, `null` for
 * a single fold. The folds share training rows, so the true uncertainty is somewhat larger, by an amount that cannot be
 * known from them (Bengio and Grandvalet 2004).
 */
export type Improvement = { mean: number, standardError: number | null, low: number | null, high: number | null, };

/** `skipped`: trainings whose loss is not a number. `band` is empty and `doubled` `null` with too few points. */
export type LearningCurve = { verdict: LearningCurveVerdict, sentence: string, advice: string, draws: number, skipped: number, points: Array<CurveSize>, fit: PowerLaw | null, band: Array<BandPoint>, doubled: Doubled | null, rows: Array<RowEffect>, rowsSentence: string, };

/** By the fall of the loss that twice the examples bring, compared with a twentieth of the loss now. */
export type LearningCurveVerdict = "more_data_helps" | "unclear" | "enough" | "too_few_points";

/**
 * `line` counts from 1 in the text as it was given; `message` is a sentence without the line number.
 * `leftOut`: for this reason nothing is imported from the line; otherwise it is a note, and costs no row.
 */
export type LineProblem = { line: number, message: string, leftOut: boolean, };

/** Means over all response tokens. */
export type LossReport = {
/** Nats. */
loss: number, perplexity: number, tokens: number, tokenAccuracy: number, examples: Array<ExampleLoss>,
};

/** How the learning rate changes over the steps, as in `transformers`. */
export type LrScheduler = "constant" | "linear" | "cosine";

/** A place on the map, in the units of the points themselves. */
export type MapPoint = { x: number, y: number, };

/** Sizes of a model that was loaded. */
export type ModelInfo = {
architecture: string, layers: number, hiddenSize: number, heads: number, kvHeads: number, headSize: number, feedForward: number, vocabulary: number,
/** Positions, virtual tokens included. */
contextLength: number,
/** All of them frozen. */
parameters: number,
/** Bytes that the weights take in memory. */
size: number,
/** SHA-256 over every weight as it is in memory, in hexadecimal. */
weightsHash: string,
};

/** From a virtual token's first place to its last, in all dimensions. */
export type Movement = {
/** Euclidean, in the embeddings' own unit. */
distance: number,
/** Of the last with the first, −1 to 1; none where one of them has no direction, being all zeros. */
cosine: number | null,
};

/** A question and the training input nearest to it, as indices into the two lists. */
export type NearDuplicate = { question: number, input: number, similarity: number, };

/** The nearest token of the vocabulary to every virtual token after some steps. */
export type NearestStep = {
step: number,
/** One for each virtual token, by cosine similarity. */
tokens: Array<Neighbour>,
};

/** A word of the vocabulary near a virtual token, by cosine similarity. */
export type Neighbour = { token: string, similarity: number, };

/**
 * `format`: that of the first row, "csv" for every separated text, "unknown" where there is no row.
 *
 * `problems`: in the order of the lines, at most 100 that are left out and at most 100 notes. `leftOut` and `noted`
 * count all of both. Where nothing can be read from a line on, all that follows counts as one line.
 */
export type ParsedDataset = {
format: string,
/** No line of a separated text names its columns: of the two with text, the left one was read as the input. */
assumedColumns: boolean, examples: Array<Example>, problems: Array<LineProblem>, leftOut: number, noted: number,
};

/** A piece of an answer that stands in a response word for word. */
export type Passage = {
/** Index of the response. */
response: number, words: number,
/** As the answer has it. */
text: string,
};

/** The virtual tokens after some steps. */
export type PathStep = { step: number, points: Array<MapPoint>, };

/** A check that the person writes. */
export type Pattern = {
kind: PatternKind,
/**
 * A text or a regular expression; of `numbered_steps` (at least) and `at_most_words` a whole number; of `valid_json`
 * (an object or a list) it does not matter.
 */
value: string,
};

export type PatternKind = "contains" | "starts_with" | "ends_with" | "regex" | "numbered_steps" | "at_most_words" | "valid_json";

/** `matches[text][pattern]`; a pattern with a problem matches nothing. */
export type PatternMatches = { matches: Array<Array<boolean>>, problems: Array<PatternProblem>, };

/** `pattern`: index of the pattern that cannot be used. */
export type PatternProblem = { pattern: number, message: string, };

/** The three techniques, as PEFT names them. */
export type PeftType = "PROMPT_TUNING" | "PREFIX_TUNING" | "P_TUNING";

/** The batch that is planned for, in tokens of the chat template, input and response. */
export type PlannedBatch = {
/** Tokens of each example of the dataset. */
exampleTokens: Array<number>,
/** Response tokens of all of them. */
responseTokens: number, virtualTokens: number, batchSize: number,
/** Those of an encoder included; 0 where they are few beside the rest. */
trainedNumbers?: number | null,
};

/**
 * `a`: the loss that no number of examples gets below; `b`: what one example leaves above it; `c`: how fast that
 * shrinks. a >= 0, b >= 0, so that the curve never rises.
 */
export type PowerLaw = { a: number, b: number, c: number, };

/** Virtual tokens, chat template, input, response; or why there is nothing to show or to train on. */
export type PreparedPrompt = { tokens: Array<PromptToken>, problem: string | null, };

/** P-tuning's encoder (PEFT's `PromptEncoderReparameterizationType`). */
export type PromptEncoder = "MLP" | "LSTM";

/**
 * How virtual tokens enter the model: as rows before the token embeddings (prompt tuning, P-tuning), or as keys and values
 * in front of every layer's (prefix tuning).
 */
export type PromptKind = "embeddings" | "keys_values";

/** The two principal axes of all snapshots and words together, and everything drawn on them. */
export type PromptPath = {
steps: Array<PathStep>,
/** The words nearest to the virtual tokens of the first and the last step, each once; none in prefix tuning. */
vocabulary: Array<WordPoint>,
/** Share of the variance along x and along y, 0 to 1: what the map leaves out is 1 − their sum. */
varianceShares: [number, number],
/** One for each virtual token. */
moved: Array<Movement>,
};

/** What settings would train. */
export type PromptShape = {
/** Positions in front of the input, the words of a template included. */
virtualTokens: number, kind: PromptKind,
/** Numbers of one of them. */
width: number,
/** Those of an encoder included. */
trainedNumbers: number,
/** Tokens of the initial text, as `initial::text_ids` takes them. */
initialTextTokens: number,
};

/** One position. A virtual token has no text, and -1 for an id. */
export type PromptToken = {
id: number, text: string, kind: TokenKind,
/** The token is predicted and counts in the loss. */
learned: boolean,
};

/**
 * Where the soft prompt starts: normal numbers, the embeddings of a text, those of tokens drawn from the vocabulary, or
 * zeros.
 */
export type PromptTuningInit = "RANDOM" | "TEXT" | "SAMPLE_VOCAB" | "ZERO";

/** Settings as they come from outside: any number, any word, or nothing. */
export type RawSettings = { prefix_token?: string | null, peft_type?: string | null, num_virtual_tokens?: number | null, prompt_tuning_init?: string | null, prompt_tuning_init_text?: string | null, init_std?: number | null, encoder_reparameterization_type?: string | null, encoder_hidden_size?: number | null, encoder_num_layers?: number | null, prefix_projection?: boolean | null, template?: string | null, learning_rate?: number | null, batch_size?: number | null, steps?: number | null, warmup_ratio?: number | null, lr_scheduler_type?: string | null, weight_decay?: number | null, max_grad_norm?: number | null, seed?: number | null, held_out_share?: number | null, eval_every?: number | null, early_stopping_patience?: number | null, };

export type RowCall = "helpful" | "harmful" | "cannot_tell";

/**
 * `difference`: loss with the row less loss without it, nats per token; above 0 the row hurts. `runsWith` and
 * `runsWithout` count the trainings of sizes where both occur.
 */
export type RowEffect = { row: number, difference: number | null, standardError: number | null, runsWith: number, runsWithout: number, call: RowCall, };

export type RowReport = { inputTokens: number, outputTokens: number, totalTokens: number, warnings: Array<RowWarning>, };

/** What is wrong with a row; a row with a `blocking` warning cannot be trained on. */
export type RowWarning = { kind: WarningKind, message: string, blocking: boolean, };

/** What is wrong with one setting. */
export type SettingProblem = { field: string, message: string, };

/** Which rows are trained on and which are held out, as indices in ascending order. */
export type Split = { train: Array<number>, heldOut: Array<number>, };

/** Over the folds; the sample standard deviation is `null` for a single fold. */
export type Spread = { mean: number, standardDeviation: number | null, };

/** What one step did. */
export type StepReport = {
/** From 1. */
step: number,
/** Mean cross-entropy over the response tokens of the batch before the update, nats. */
loss: number,
/** Length of the gradient before clipping. */
gradNorm: number, learningRate: number,
/** Text tokens of the batch: all positions but the virtual ones. */
tokens: number,
/** Floating-point operations of the step's products, those of all workers. */
flop: number,
};

export type TokenAttention = {
text: string,
/** Weight on all virtual tokens: mean over layers and heads. */
total: number,
};

/**
 * Which part of a prepared prompt a token belongs to: a row of the soft prompt, a word of a hybrid template, the chat
 * template, the input or the response.
 */
export type TokenKind = "virtual" | "word" | "template" | "input" | "response";

/** One token of the response, end of turn included. */
export type TokenLoss = {
text: string,
/** −log of its probability, nats. */
loss: number,
/** What the model gave it, with all tokens before it known; 0 to 1. */
probability: number,
/** It was the likeliest of all tokens. */
correct: boolean,
/** The likeliest token's text. */
likeliest: string,
};

/** What training will need: bytes of wasm memory of one worker, and work. */
export type TrainingPlan = {
/** The frozen weights as they are kept in memory. */
weights: number,
/** While the files are read: the files and the weights. */
loading: number,
/** While it trains: the weights and what a batch needs. */
training: number,
/** The larger of the two: wasm memory does not shrink. */
peak: number,
/** Operations of one step. */
flop: number,
};

/** What a run does; every field is in its range. */
export type TunerSettings = {
/** Name of the trained prompt, for example `[TECH_SUPPORT]`. */
prefix_token: string,
/** What is trained. */
peft_type: PeftType,
/** Those that are trained, 1 to 256; with a template as many as it says. */
num_virtual_tokens: number, prompt_tuning_init: PromptTuningInit,
/** The words that `TEXT` starts from. */
prompt_tuning_init_text: string,
/** Standard deviation of `RANDOM`; an encoder has PEFT's own random start. */
init_std: number,
/** P-tuning's encoder. */
encoder_reparameterization_type: PromptEncoder,
/** Inner width of P-tuning's encoder, and of prefix tuning's perceptron. */
encoder_hidden_size: number,
/** Layers of an LSTM encoder. */
encoder_num_layers: number,
/** Whether a perceptron makes prefix tuning's keys and values. */
prefix_projection: boolean,
/** P-tuning: words and virtual tokens in front of the input, `{v5}` for five; empty: virtual tokens alone. */
template: string, learning_rate: number,
/** Examples a step. */
batch_size: number, steps: number,
/** Share of the steps, 0 to 1, in which the learning rate grows from 0. */
warmup_ratio: number, lr_scheduler_type: LrScheduler, weight_decay: number,
/** Longest gradient that is used as it is; 0 turns clipping off. */
max_grad_norm: number, seed: number,
/** Share of the examples, 0 to 0.5, that is never trained on. */
held_out_share: number,
/** Steps between two evaluations of the held-out examples. */
eval_every: number,
/**
 * Evaluations without a better held-out loss after which a run ends; 0: never (`transformers`'
 * `EarlyStoppingCallback`).
 */
early_stopping_patience: number,
};

export type WarningKind = "empty" | "duplicate" | "contradiction" | "too_long";

export type WordPoint = { text: string, x: number, y: number, };
