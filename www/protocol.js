// @ts-check
/**
 * Every message between the page and its worker, and between that worker and those that share its training steps,
 * in one file.
 *
 * The page sends a `Request` (an `id`, a `type`, a payload) and gets exactly one `Reply` with the same `id`;
 * long requests stream `Event`s with that `id` before it. `control` messages act on a running request.
 * Types that come out of Rust (`src/wasm.rs`) are declared here once and used everywhere on the page.
 */

// ---------------------------------------------------------------- data

/** One training example: what the customer writes and the ideal response.
 * @typedef {{input: string, output: string}} Example */

/** @typedef {'PROMPT_TUNING'|'PREFIX_TUNING'|'P_TUNING'} PeftType */

/** Settings of a run; PEFT's names where PEFT has one.
 * @typedef {object} Settings
 * @property {PeftType} peft_type                what is trained
 * @property {string} prefix_token               name of the trained prompt, for example "[TECH_SUPPORT]"
 * @property {number} num_virtual_tokens         1 .. 256; with a template as many as it says
 * @property {'RANDOM'|'TEXT'|'SAMPLE_VOCAB'|'ZERO'} prompt_tuning_init  N(0, s) | text | rows drawn from the vocabulary | zeros
 * @property {string} prompt_tuning_init_text    used by TEXT; "" means: the objective
 * @property {number} init_std                   s of RANDOM
 * @property {'MLP'|'LSTM'} encoder_reparameterization_type  P-tuning's encoder
 * @property {number} encoder_hidden_size        of P-tuning's encoder and of prefix tuning's perceptron
 * @property {number} encoder_num_layers         of an LSTM encoder
 * @property {boolean} prefix_projection         whether a perceptron makes prefix tuning's keys and values
 * @property {string} template                   P-tuning: words and virtual tokens, "{v5} ..."; "" = virtual tokens alone
 * @property {number} learning_rate
 * @property {number} batch_size                 examples per step
 * @property {number} steps
 * @property {number} warmup_ratio               0 .. 1, share of the steps
 * @property {'constant'|'linear'|'cosine'} lr_scheduler_type
 * @property {number} weight_decay
 * @property {number} max_grad_norm              0 turns clipping off
 * @property {number} seed                       0 .. 2^32 - 1
 * @property {number} held_out_share             0 .. 0.5 of the examples, never trained on
 * @property {number} eval_every                 steps between two held-out evaluations
 * @property {number} early_stopping_patience    evaluations without a better held-out loss after which a run ends; 0 = never
 */

/** @typedef {object} ModelInfo
 * @property {string} name
 * @property {string} architecture
 * @property {number} layers
 * @property {number} hiddenSize
 * @property {number} heads
 * @property {number} kvHeads
 * @property {number} headSize
 * @property {number} feedForward
 * @property {number} vocabulary
 * @property {number} contextLength   positions
 * @property {number} parameters      all of them frozen
 * @property {number} size            bytes of the weights in memory
 * @property {number} bytes           size of the files it was read from
 * @property {string} weightsHash     SHA-256 (hex) over every frozen weight as it is in memory
 * @property {import('./workers.js').Room} workers   how many workers can share a training step here
 */

/** One position of a prepared prompt (step 4).
 * `kind`: "virtual" (a row of the soft prompt, no text), "word" (of a hybrid template), "template" (chat template), "input" or "response";
 * `learned`: this token is predicted and counts in the loss.
 * @typedef {{id: number, text: string, kind: 'virtual'|'word'|'template'|'input'|'response', learned: boolean}} PromptToken */

/** @typedef {{tokens: PromptToken[], problem: string|null}} PreparedPrompt */

/** What is known of one row of the dataset (step 1).
 * `kind`: "empty" | "duplicate" | "contradiction" | "too_long"; `blocking` rows cannot be trained on.
 * @typedef {{kind: string, message: string, blocking: boolean}} RowWarning
 * @typedef {{inputTokens: number, outputTokens: number, totalTokens: number, warnings: RowWarning[]}} RowReport
 * @typedef {{rows: RowReport[], usable: number, tokens: number}} DatasetReport */

/** @typedef {{format: string, examples: Example[], problems: {line: number, message: string}[]}} ParsedDataset */
/** @typedef {'input_output'|'messages'|'alpaca'|'prompt_completion'|'csv'} DatasetFormat */

/** How virtual tokens enter the model: as rows in front of the input (prompt tuning, P-tuning), or as keys and values in
 * front of every layer's (prefix tuning). @typedef {'embeddings'|'keys_values'} PromptKind */
/** `virtualTokens`: positions in front of the input, the words of a template included. @typedef {{virtualTokens: number, kind: PromptKind}} PromptShape */
/** `width`: numbers of one virtual token; `trainedNumbers`: those of an encoder included.
 * @typedef {PromptShape & {width: number, trainedNumbers: number}} WholePromptShape */

/** A trained prompt. `vectors`: virtualTokens x width, row by row.
 * @typedef {object} SoftPrompt
 * @property {Float32Array} vectors
 * @property {number} virtualTokens   the words of a template included
 * @property {number} width           numbers of one virtual token
 * @property {PromptKind} kind
 */

/** @typedef {object} StepReport
 * @property {number} step            1-based
 * @property {number} loss            mean cross-entropy over the response tokens of the batch, before this update (nats)
 * @property {number} gradNorm        before clipping
 * @property {number} learningRate
 * @property {number} tokens          text tokens (all positions except virtual ones) of the batch
 * @property {number} milliseconds    computing and waiting for the other workers, without pauses
 * @property {number} flop            floating-point operations of the step, all workers together
 */

/** Loss over a set of examples. `loss` is the mean over all response tokens (nats).
 * @typedef {{loss: number, perplexity: number, tokens: number, tokenAccuracy: number,
 *            examples: {loss: number, tokens: number, tokenAccuracy: number}[]}} LossReport */

/** How an answer is decoded.
 * @typedef {object} GenerationSettings
 * @property {number} temperature         0 = greedy
 * @property {number} top_p               0 < p <= 1
 * @property {number} repetition_penalty  1 = off
 * @property {number} max_new_tokens
 * @property {number} seed
 */

/** `tokens`: those written, without the prompt's; `milliseconds`: reading the prompt and writing.
 * @typedef {{text: string, tokens: number, finishReason: 'stop'|'length'|'cancelled', milliseconds: number}} Answer */

/** The three ways an inquiry is asked in step 6.
 * "base": as it is; "discrete": the objective as plain text in front; "tuned": the soft prompt in front.
 * @typedef {'base'|'discrete'|'tuned'} Variant */

/** ROUGE: F1 from 0 to 1, as rouge-score; BLEU and chrF: of one answer, from 0 to 100, as sacrebleu; `words`: of the answer.
 * @typedef {{exactMatch: boolean, rouge1: number, rouge2: number, rougeL: number, bleu: number, chrf: number, words: number}} AnswerScore */

// ---------------------------------------------------------------- requests

/** A repository of the Hugging Face hub or of a mirror. `base`: "https://huggingface.co"; `repository`: "owner/name";
 * `revision`: branch, tag or commit, "" = main; `file`: a GGUF file of it, "" = what makes the model.
 * @typedef {{kind: 'hub', base: string, repository: string, revision: string, file: string, name: string}} HubSource */
/** A model that was downloaded before; `revision` is its commit, `file` its GGUF file or "".
 * @typedef {{kind: 'stored', key: string, name: string, revision: string, file: string}} StoredSource */
/** The model that comes with the page; `url`: its folder. @typedef {{kind: 'bundled', url: string, name: string}} BundledSource */
/** Where a model comes from. "files": a GGUF file, or those of a Hugging Face folder.
 * @typedef {BundledSource | HubSource | StoredSource
 *   | {kind: 'files', files: File[], name: string}} ModelSource */

/** How far a model is. `checking`: all has arrived, its hashes are compared.
 * @typedef {{loaded: number, total: number, secondsLeft?: number, checking?: boolean}} LoadingProgress */

/** A downloaded model, whole or in part. `file`: its GGUF file, or ""; `asked`: the revision and the file as the person named them; `bytes` of `total` are there; `lasting`: still on the next visit.
 * @typedef {{key: string, name: string, repository: string, revision: string, file: string, asked: {revision: string, file: string},
 *            licence: string, bytes: number, total: number, complete: boolean, lasting: boolean}} StoredModel */

/** The batch that is planned for (src/plan.rs).
 * @typedef {{exampleTokens: number[], responseTokens: number, virtualTokens: number, batchSize: number, trainedNumbers?: number}} PlannedBatch */
/** Bytes of memory of one worker, and operations of one step (src/plan.rs).
 * @typedef {{weights: number, loading: number, training: number, peak: number, flop: number}} TrainingPlan */
/** A model before it is loaded. `bytes` of its files, of which `arrived` are here; `stepMilliseconds`: of one
 * worker, measured on this device; `limit`: bytes of memory that this tab may take.
 * @typedef {{repository: string, revision: string, licence: string, bytes: number, arrived: number,
 *            plan: TrainingPlan, stepMilliseconds: number, limit: number}} ModelReport */

/** Every request: its payload, its result and what it streams.
 * @typedef {object} Requests
 * @property {{payload: {source: ModelSource}, result: ModelInfo, event: LoadingProgress}} loadModel
 * @property {{payload: {source: HubSource|StoredSource|BundledSource, batch: PlannedBatch}, result: ModelReport, event: never}} inspectModel
 * @property {{payload: {}, result: StoredModel[], event: never}} storedModels
 * @property {{payload: {key: string}, result: null, event: never}} deleteStoredModel
 * @property {{payload: {batch: PlannedBatch}, result: {plan: TrainingPlan, largestBatch: number, limit: number}, event: never}} planTraining
 *   of the model in use; `largestBatch`: the largest that fits `limit` bytes of memory, 0 for none
 * @property {{payload: {}, result: number, event: never}} memory
 *   bytes of wasm memory of the first worker; it does not shrink
 * @property {{payload: {}, result: string, event: never}} weightsHash
 *   hashes the weights in memory anew
 * @property {{payload: {text: string, name: string}, result: ParsedDataset, event: never}} parseDataset
 * @property {{payload: {examples: Example[], format: DatasetFormat}, result: string, event: never}} exportDataset
 * @property {{payload: {examples: Example[], virtualTokens: number}, result: DatasetReport, event: never}} checkDataset
 * @property {{payload: {settings: Settings}, result: {settings: Settings, problems: {field: string, message: string}[]}, event: never}} checkSettings
 *   validates; `settings` is the effective set with out-of-range fields replaced by their defaults
 * @property {{payload: {settings: Settings}, result: WholePromptShape, event: never}} promptShape
 *   what the settings would train
 * @property {{payload: {examples: Example[], settings: Settings}, result: PreparedPrompt[], event: never}} prepare
 * @property {{payload: {count: number, share: number, seed: number}, result: {train: number[], heldOut: number[]}, event: never}} split
 * @property {{payload: TrainPayload, result: TrainResult, event: TrainEvent}} train
 * @property {{payload: {train: Example[], heldOut: Example[], settings: Settings, workers: number, averages: boolean}, result: TrialResult, event: TrialEvent}} trial
 *   one training of an experiment; `workers` as in TrainPayload
 * @property {{payload: {text: string, variant: Variant, instruction: string, shots?: Example[], softPrompt: SoftPrompt|null, settings: GenerationSettings},
 *            result: Answer, event: {text: string}}} generate
 *   events carry the text that was added
 * @property {{payload: {examples: Example[], softPrompt: SoftPrompt|null, front?: DiscretePrompt}, result: LossReport, event: {done: number, total: number}}} evaluate
 * @property {{payload: {pairs: {answer: string, reference: string}[]}, result: AnswerScore[], event: never}} score
 * @property {{payload: {texts: string[], n: number}, result: number, event: never}} distinct
 *   share of the n-grams of all texts that are different ones
 * @property {{payload: {texts: string[], patterns: Pattern[]}, result: {matches: boolean[][], problems: {pattern: number, message: string}[]}, event: never}} matchPatterns
 *   matches[text][pattern]
 * @property {{payload: {question: string}, result: string[], event: never}} paraphrases
 *   the question in three other wordings
 * @property {{payload: {answers: string[]}, result: number|null, event: never}} agreement
 *   mean chrF over all pairs of answers, from 0 to 100; null where there is no pair
 * @property {{payload: {questions: string[], inputs: string[]}, result: {question: number, input: number, similarity: number}[], event: never}} nearDuplicates
 * @property {{payload: {softPrompt: SoftPrompt, k: number}, result: {token: string, similarity: number}[][], event: never}} nearestTokens
 *   cosine similarity, for every virtual token
 * @property {{payload: {example: Example, softPrompt: SoftPrompt|null}, result: TokenLoss[], event: never}} tokenLosses
 * @property {{payload: {example: Example, softPrompt: SoftPrompt}, result: AttentionReport, event: never}} attention
 * @property {{payload: {snapshots: Snapshot[], kind: PromptKind}, result: PromptPath, event: never}} promptPath
 * @property {{payload: {snapshots: Snapshot[], kind: PromptKind}, result: {step: number, tokens: {token: string, similarity: number}[]}[], event: never}} nearestPath
 *   the nearest word of every virtual token at every snapshot
 * @property {{payload: {curve: CurvePoint[]}, result: CurveReading, event: never}} readCurve
 * @property {{payload: {count: number, folds: number, seed: number}, result: {train: number[], heldOut: number[]}[], event: never}} planFolds
 *   `folds` = `count` leaves one out at a time
 * @property {{payload: {folds: FoldResult[]}, result: CrossValidation, event: never}} summariseFolds
 * @property {{payload: {count: number, draws: number, ownTestRows: boolean, seed: number}, result: Draw[], event: never}} planDraws
 *   the trainings of a learning curve; `ownTestRows`: there are others to ask about, so nothing is held out
 * @property {{payload: {results: DrawResult[], seed: number}, result: LearningCurve, event: never}} readLearningCurve
 * @property {{payload: {examples: Example[], settings: Settings, startFrom: SoftPrompt|null, about: AboutPrompt},
 *            result: {split: {train: number[], heldOut: number[]}, batches: number[][], start: AdapterFile[], settings: Settings}, event: never}} planRun
 *   a run before its first step: the batches of its steps as indices into the training rows, its prompt as an adapter
 * @property {{payload: {base: string, repository: string, revision: string}, result: {config: Uint8Array, weights: Uint8Array}, event: never}} fetchAdapter
 *   the two files of an adapter's repository on the hub
 * @property {{payload: {softPrompt: SoftPrompt, about: AboutPrompt}, result: AdapterFile[], event: never}} exportAdapter
 *   the folder that PEFT's `PeftModel.from_pretrained` reads
 * @property {{payload: {config: Uint8Array, weights: Uint8Array}, result: {softPrompt: SoftPrompt, baseModel: string, initText: string}, event: never}} importAdapter
 *   `adapter_config.json` and `adapter_model.safetensors` of prompt tuning or P-tuning; "" where the config says nothing
 */

/** @typedef {{name: string, bytes: Uint8Array}} AdapterFile */

/** What the model card of an exported prompt says. `settings`: null where the prompt came from an adapter.
 * @typedef {object} AboutPrompt
 * @property {string} prefixToken
 * @property {string} baseModel       hub id or path
 * @property {string} baseModelNote   where it is found, a sentence, or ""
 * @property {Settings|null} settings
 * @property {number} step            the last one of a mean
 * @property {number} [averaged]      how many steps' prompts it is the mean of
 * @property {number|null} heldOutLoss
 * @property {number} examples
 * @property {number} heldOutExamples
 * @property {GenerationSettings} [generation]  how it answers in the page */

/** A check that the person writes. `value`: a text or a regular expression; of "numbered_steps" (at least) and
 * "at_most_words" a whole number; "valid_json" (an object or a list) has none.
 * @typedef {{kind: 'contains'|'starts_with'|'ends_with'|'regex'|'numbered_steps'|'at_most_words'|'valid_json', value: string}} Pattern */

/** A response token: nats, 0 to 1, whether it was the likeliest, and the text of the likeliest.
 * @typedef {{text: string, loss: number, probability: number, correct: boolean, likeliest: string}} TokenLoss */

/** Where the response looks. `weights[layer][head][virtual token]`, means over the rows that predict the response; `totals`:
 * their sums over the virtual tokens; `tokens`: for each response token the mean over layers and heads; `evenShare`: the
 * total if every position had the same weight.
 * @typedef {{weights: number[][][], totals: number[][], tokens: {text: string, total: number}[], evenShare: number}} AttentionReport */

/** A 2-D map (principal components) of a soft prompt's path. `cosine` of the last to the first, null where one is zero.
 * @typedef {{steps: {step: number, points: {x: number, y: number}[]}[], vocabulary: {text: string, x: number, y: number}[],
 *            varianceShares: [number, number], moved: {distance: number, cosine: number|null}[]}} PromptPath */

/** One point of a run: `heldOutLoss` only at evaluations; step 0 is the baseline before training.
 * @typedef {{step: number, loss: number|null, heldOutLoss: number|null}} CurvePoint */

/** A reading of the curves in plain words (computed in Rust).
 * @typedef {{verdict: 'too_short'|'still_falling'|'converged'|'overfitting'|'diverged', sentence: string, advice: string,
 *            bestStep: number|null}} CurveReading */

/** Words in front of the input: an instruction as a system turn, examples as turns.
 * @typedef {{instruction: string|null, shots: Example[]}} DiscretePrompt */

/** `averages` of a trial: its best prompt is the mean that a run keeps; else the lowest alone, and nothing is measured for it.
 * `steps`: of the whole trial. @typedef {{step: number, steps: number, loss: number|null, heldOutLoss: number|null}} TrialEvent */
/** `base` and `tuned` (after the last step): over the held-out rows, null without any; `diverged`: the loss became no number, so there is no `tuned`; `milliseconds`: of the steps alone.
 * @typedef {{curve: CurvePoint[], best: BestPrompt|null, last: SoftPrompt,
 *            trainedNumbers: number, milliseconds: number, base: LossReport|null, tuned: LossReport|null, diverged: boolean, settings: Settings}} TrialResult */

/** Losses and tokens of each held-out row, in their order; `bestStep`: of the held-out curve.
 * @typedef {{fold: number, heldOut: number[], baseLosses: number[], tunedLosses: number[], tokens: number[], bestStep: number|null, trainedOn: number}} FoldResult */
/** src/resampling/summary.rs. @typedef {{mean: number, standardDeviation: number|null}} Spread */
/** @typedef {{verdict: 'tuning_helps'|'tuning_hurts'|'unclear'|'too_few_folds', sentence: string, advice: string, folds: number, skipped: number,
 *   base: Spread|null, tuned: Spread|null, improvement: {mean: number, standardError: number|null, low: number|null, high: number|null}|null,
 *   improvedRows: number, rows: {row: number, fold: number, tokens: number, baseLoss: number, tunedLoss: number, robustZ: number|null, outlier: boolean}[],
 *   outliers: number[], bestStep: {median: number, lowest: number, highest: number}|null}} CrossValidation */
/** @typedef {{draw: number, size: number, train: number[], heldOut: number[]}} Draw */
/** @typedef {{draw: number, size: number, train: number[], loss: number}} DrawResult */
/** src/resampling/learning_curve.rs
 * @typedef {{verdict: 'more_data_helps'|'unclear'|'enough'|'too_few_points', sentence: string, advice: string, draws: number, skipped: number,
 *   points: {size: number, mean: number, standardDeviation: number|null, runs: number}[], fit: {a: number, b: number, c: number}|null,
 *   band: {size: number, low: number, middle: number, high: number}[],
 *   doubled: {from: number, size: number, loss: number, low: number, high: number, fall: number, fallLow: number, fallHigh: number}|null,
 *   rows: {row: number, difference: number|null, standardError: number|null, runsWith: number, runsWithout: number, call: string}[],
 *   rowsSentence: string}} LearningCurve */

/** @typedef {object} TrainPayload
 * @property {Example[]} examples        all usable rows; the split is made from settings
 * @property {Settings} settings
 * @property {string} sampleQuestion     asked anew every `sampleEvery` steps
 * @property {number} sampleEvery        0 = never
 * @property {GenerationSettings} sampleSettings
 * @property {SoftPrompt|null} startFrom  a trained prompt to start from instead of an initialisation
 * @property {Uint8Array|null} resumeState   a state from a `checkpoint` event: go on from there
 * @property {string} weightsHash        of the model that the run is for; another one in use is refused
 * @property {number} workers            that share each step; 0 = automatic (workers.js). The same seed and the same
 *                                       number of workers give the same numbers
 */

/** `waiting`: the first step waits for so many workers that still read the model. `workers`: fixed when the first step
 * of this request begins. `workerLost`: one that was counted on has stopped, or could not start although its number was
 * chosen; its share was computed by the others and the run goes on with `workers`. `reason` is a sentence.
 * @typedef {{kind: 'started', settings: Settings, trainedNumbers: number, modelNumbers: number, split: {train: number[], heldOut: number[]}}
 *   | {kind: 'waiting', workers: number}
 *   | {kind: 'workers', workers: number}
 *   | {kind: 'workerLost', workers: number, reason: string}
 *   | {kind: 'step', report: StepReport}
 *   | {kind: 'evaluation', step: number, heldOutLoss: number|null, best: boolean, vectors: Float32Array}
 *   | {kind: 'sample', step: number, text: string}
 *   | {kind: 'checkpoint', step: number, state: Uint8Array, softPrompt: SoftPrompt}
 *   | {kind: 'earlyStop', step: number, bestStep: number}
 *   | {kind: 'paused', step: number}
 *   | {kind: 'continued', step: number}} TrainEvent */

/** The soft prompt at one step of a run. @typedef {{step: number, vectors: Float32Array}} Snapshot */

/** What a run keeps: the mean of its prompts from `step`, with the lowest held-out loss, to `through`: of those `averaged`
 * prompts whose loss is near the lowest (src/kept_prompt.rs). `heldOutLoss` is the mean's own. A run that goes on begins
 * another mean; the one with the lower `step`'s loss is kept.
 * @typedef {{step: number, through: number, averaged: number, heldOutLoss: number, softPrompt: SoftPrompt}} BestPrompt */

/** `softPrompt`: after the last step; `best`: null without held-out rows.
 * @typedef {object} TrainResult
 * @property {'finished'|'stopped'|'cancelled'} outcome   stopped keeps the prompt as it is, cancelled throws it away
 * @property {number} step
 * @property {SoftPrompt|null} softPrompt
 * @property {BestPrompt|null} best
 * @property {Uint8Array|null} state      to go on later
 */

/** @typedef {keyof Requests} RequestType */

/** A request on the wire. @typedef {{id: number, type: RequestType, payload: any}} Request */

/** Acts on the running request `target` at its next step or token.
 * @typedef {{type: 'control', target: number, action: 'pause'|'continue'|'stop'|'cancel'}} Control */

/** @typedef {{id: number, reply: 'result', result: any}
 *   | {id: number, reply: 'error', error: {message: string, kind: 'input'|'model'|'internal'|'cancelled'}}
 *   | {id: number, reply: 'event', event: any}
 *   | {reply: 'ready', simd: 'none'|'simd128'|'relaxed-simd'}
 *   | {reply: 'crashed', message: string}} Reply */

// ---------------------------------------------------------------- the lead worker and its share workers

/** What a share of a step came to. `lossSum`: nats, over its response tokens; `dRows`: its part of the gradient of
 * the soft prompt, virtualTokens x width.
 * @typedef {{lossSum: number, dRows: Float32Array, flop: number}} ShareGradient */

/** The files of the model in use.
 * @typedef {{gguf: Blob} | {config: Blob, tokenizer: Blob, weights: Blob[], tokenizerConfig: Blob|null}} ModelBlobs */

/** What the lead worker (worker/team.js) sends to a share worker (worker/share.js).
 * "start": once, `library` is the address of the module pkg/prompt_playground.js; "prepare": once for each run, the
 * training examples in the order of the lead's; "compute": `share` = indices into them, `vectors` as in SoftPrompt,
 * `targets` = response tokens of the whole batch; "drop": no share is wanted any more.
 * @typedef {{type: 'start', module: WebAssembly.Module, library: string, files: ModelBlobs}
 *   | {type: 'prepare', ticket: number, examples: Example[], virtualTokens: number, kind: PromptKind}
 *   | {type: 'compute', ticket: number, share: Uint32Array, vectors: Float32Array, targets: number}
 *   | {type: 'drop'}
 *   | {type: 'ping'}} ShareRequest */

/** What it answers: "started" once its scripts have been loaded, "prepared" and "gradient" with the ticket that they
 * answer, "alive" to a ping, and "failed" when it can't go on. `panic`: what Rust's panic hook wrote, or "".
 * @typedef {{reply: 'started'}
 *   | {reply: 'prepared', ticket: number}
 *   | {reply: 'gradient', ticket: number, gradient: ShareGradient}
 *   | {reply: 'alive'}
 *   | {reply: 'failed', message: string, panic: string}} ShareReply */

// ---------------------------------------------------------------- defaults

/** Default settings; those of Rust (`TunerSettings::default`) are the same and a test compares them.
 * @type {Settings} */
export const DEFAULT_SETTINGS = {
  prefix_token: '[TECH_SUPPORT]',
  peft_type: 'PROMPT_TUNING',
  num_virtual_tokens: 64,
  prompt_tuning_init: 'TEXT',
  prompt_tuning_init_text: '',
  init_std: 0.02,
  encoder_reparameterization_type: 'MLP',
  encoder_hidden_size: 128,
  encoder_num_layers: 2,
  prefix_projection: false,
  template: '',
  learning_rate: 0.05,
  batch_size: 5,
  steps: 100,
  warmup_ratio: 0.05,
  lr_scheduler_type: 'linear',
  weight_decay: 0,
  max_grad_norm: 1,
  seed: 0,
  held_out_share: 0.2,
  eval_every: 5,
  early_stopping_patience: 0,
};

/** What is different in the defaults of the other techniques; the same as Rust's (`TunerSettings::default_of`), a test
 * compares them. @type {Record<PeftType, Partial<Settings>>} */
export const TECHNIQUE_DEFAULTS = {
  PROMPT_TUNING: {},
  PREFIX_TUNING: { num_virtual_tokens: 20, learning_rate: 0.03 },
  P_TUNING: { num_virtual_tokens: 20, learning_rate: 0.003 },
};

/** Learning rate of prefix tuning's perceptron (benches/README.md). */
export const PROJECTED_LEARNING_RATE = 0.001;

/** @param {PeftType} technique @returns {Settings} */
export const defaultsOf = (technique) => ({ ...DEFAULT_SETTINGS, peft_type: technique, ...TECHNIQUE_DEFAULTS[technique] });

/** @type {GenerationSettings} */
export const DEFAULT_GENERATION = {
  temperature: 0,
  top_p: 0.95,
  repetition_penalty: 1.1,
  max_new_tokens: 120,
  seed: 0,
};
