// @ts-check
/**
 * Every message between the page and its worker, and between that worker and those that share its training steps,
 * in one file.
 *
 * The page sends a `Request` (an `id`, a `type`, a payload) and gets exactly one `Reply` with the same `id`;
 * long requests stream `Event`s with that `id` before it. `control` messages act on a running request.
 * Types that go in and out of Rust are those of the library (pkg/prompt_playground.d.ts, made from the structs of `src/`);
 * here they get the names under which the page knows them.
 */

// ---------------------------------------------------------------- data

/** @typedef {import('../pkg/prompt_playground.js').Example} Example */
/** @typedef {import('../pkg/prompt_playground.js').DatasetFormat} DatasetFormat */
/** @typedef {import('../pkg/prompt_playground.js').ParsedDataset} ParsedDataset */
/** @typedef {import('../pkg/prompt_playground.js').DatasetReport} DatasetReport */
/** @typedef {import('../pkg/prompt_playground.js').RowReport} RowReport */
/** @typedef {import('../pkg/prompt_playground.js').RowWarning} RowWarning */
/** @typedef {import('../pkg/prompt_playground.js').Split} Split */
/** @typedef {import('../pkg/prompt_playground.js').PeftType} PeftType */
/** On the page an empty `prompt_tuning_init_text` means the objective. @typedef {import('../pkg/prompt_playground.js').TunerSettings} Settings */
/** @typedef {import('../pkg/prompt_playground.js').CheckedSettings} CheckedSettings */
/** @typedef {import('../pkg/prompt_playground.js').DiscretePrompt} DiscretePrompt */
/** @typedef {import('../pkg/prompt_playground.js').GenerationSettings} GenerationSettings */

/** `bytes`: size of the files it was read from; `workers`: how many can share a training step here.
 * @typedef {import('../pkg/prompt_playground.js').ModelInfo & {name: string, bytes: number, workers: import('./workers.js').Room}} ModelInfo */

/** @typedef {import('../pkg/prompt_playground.js').PromptToken} PromptToken */
/** @typedef {import('../pkg/prompt_playground.js').PreparedPrompt} PreparedPrompt */

/** How virtual tokens enter the model: as rows in front of the input (prompt tuning, P-tuning), or as keys and values in
 * front of every layer's (prefix tuning). @typedef {import('../pkg/prompt_playground.js').PromptKind} PromptKind */
/** @typedef {import('../pkg/prompt_playground.js').PromptShape} PromptShape */
/** As far as a trained prompt shows it. @typedef {Pick<PromptShape, 'virtualTokens' | 'kind'>} PromptSize */

/** A trained prompt. `vectors`: virtualTokens x width, row by row.
 * @typedef {object} SoftPrompt
 * @property {Float32Array} vectors
 * @property {number} virtualTokens   the words of a template included
 * @property {number} width           numbers of one virtual token
 * @property {PromptKind} kind
 */

/** @typedef {import('../pkg/prompt_playground.js').TimedStepReport} StepReport */
/** @typedef {import('../pkg/prompt_playground.js').LossReport} LossReport */

/** `tokens`: those written, without the prompt's; `milliseconds`: reading the prompt and writing.
 * @typedef {{text: string, tokens: number, finishReason: 'stop'|'length'|'cancelled', milliseconds: number}} Answer */

/** The three ways an inquiry is asked in step 6.
 * "base": as it is; "discrete": the objective as plain text in front; "tuned": the soft prompt in front.
 * @typedef {'base'|'discrete'|'tuned'} Variant */

/** @typedef {import('../pkg/prompt_playground.js').AnswerScore} AnswerScore */
/** @typedef {import('../pkg/prompt_playground.js').AnswerPair} AnswerPair */

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

/** A downloaded model, whole or in part. `base`: the address of its hub; `file`: its GGUF file, or ""; `asked`: the revision and the file as the person named them; `bytes` of `total` are there; `lasting`: still on the next visit.
 * @typedef {{key: string, name: string, base: string, repository: string, revision: string, file: string, asked: {revision: string, file: string},
 *            licence: string, bytes: number, total: number, complete: boolean, lasting: boolean}} StoredModel */

/** @typedef {import('../pkg/prompt_playground.js').PlannedBatch} PlannedBatch */
/** @typedef {import('../pkg/prompt_playground.js').TrainingPlan} TrainingPlan */
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
 * @property {{payload: {settings: Settings, startIsGiven: boolean}, result: CheckedSettings, event: never}} checkSettings
 *   validates; a run that starts from a trained prompt needs no text to start from; `settings` is the effective set with out-of-range fields replaced by their defaults
 * @property {{payload: {settings: Settings}, result: PromptShape, event: never}} promptShape
 *   what the settings would train
 * @property {{payload: {examples: Example[], settings: Settings}, result: PreparedPrompt[], event: never}} prepare
 * @property {{payload: {count: number, share: number, seed: number}, result: Split, event: never}} split
 * @property {{payload: TrainPayload, result: TrainResult, event: TrainEvent}} train
 * @property {{payload: {train: Example[], heldOut: Example[], settings: Settings, workers: number, averages: boolean}, result: TrialResult, event: TrialEvent}} trial
 *   one training of an experiment; `workers` as in TrainPayload
 * @property {{payload: {text: string, variant: Variant, instruction: string, shots?: DiscretePrompt['shots'], softPrompt: SoftPrompt|null, settings: GenerationSettings},
 *            result: Answer, event: {text: string}}} generate
 *   events carry the text that was added
 * @property {{payload: {examples: Example[], softPrompt: SoftPrompt|null, front?: DiscretePrompt}, result: LossReport, event: {done: number, total: number}}} evaluate
 * @property {{payload: {pairs: AnswerPair[]}, result: AnswerScore[], event: never}} score
 * @property {{payload: {texts: string[], n: number}, result: number, event: never}} distinct
 *   share of the n-grams of all texts that are different ones
 * @property {{payload: {texts: string[], patterns: Pattern[]}, result: PatternMatches, event: never}} matchPatterns
 *   matches[text][pattern]
 * @property {{payload: {question: string}, result: string[], event: never}} paraphrases
 *   the question in three other wordings
 * @property {{payload: {answers: string[]}, result: number|null, event: never}} agreement
 *   mean chrF over all pairs of answers, from 0 to 100; null where there is no pair
 * @property {{payload: {answers: string[], responses: string[]}, result: (Copying|null)[], event: never}} copying
 *   how much of each answer stands in one of the responses word for word; null where that cannot be measured
 * @property {{payload: {questions: string[], inputs: string[]}, result: NearDuplicate[], event: never}} nearDuplicates
 * @property {{payload: {softPrompt: SoftPrompt, k: number}, result: Neighbour[][], event: never}} nearestTokens
 *   cosine similarity, for every virtual token
 * @property {{payload: {example: Example, softPrompt: SoftPrompt|null}, result: TokenLoss[], event: never}} tokenLosses
 * @property {{payload: {example: Example, softPrompt: SoftPrompt}, result: AttentionReport, event: never}} attention
 * @property {{payload: {snapshots: Snapshot[], width: number, kind: PromptKind}, result: PromptPath, event: never}} promptPath
 * @property {{payload: {snapshots: Snapshot[], width: number, kind: PromptKind}, result: NearestStep[], event: never}} nearestPath
 *   the nearest word of every virtual token at every snapshot
 * @property {{payload: {curve: CurvePoint[]}, result: CurveReading, event: never}} readCurve
 * @property {{payload: {count: number, folds: number, seed: number}, result: Split[], event: never}} planFolds
 *   `folds` = `count` leaves one out at a time
 * @property {{payload: {folds: FoldResult[]}, result: CrossValidation, event: never}} summariseFolds
 * @property {{payload: {count: number, draws: number, ownTestRows: boolean, seed: number}, result: Draw[], event: never}} planDraws
 *   the trainings of a learning curve; `ownTestRows`: there are others to ask about, so nothing is held out
 * @property {{payload: {results: DrawResult[], seed: number}, result: LearningCurve, event: never}} readLearningCurve
 * @property {{payload: {examples: Example[], settings: Settings, startFrom: SoftPrompt|null, about: AboutPrompt},
 *            result: {split: Split, batches: number[][], start: AdapterFile[], settings: Settings}, event: never}} planRun
 *   a run before its first step: the batches of its steps as indices into the training rows; `start`: its prompt as an adapter, and
 *   the encoder that makes it, where there is one
 * @property {{payload: {base: string, repository: string, revision: string}, result: {config: Uint8Array, weights: Uint8Array}, event: never}} fetchAdapter
 *   the two files of an adapter's repository on the hub
 * @property {{payload: {softPrompt: SoftPrompt, about: AboutPrompt}, result: AdapterFile[], event: never}} exportAdapter
 *   the folder that PEFT's `PeftModel.from_pretrained` reads
 * @property {{payload: {config: Uint8Array, weights: Uint8Array}, result: {softPrompt: SoftPrompt, baseModel: string, initText: string}, event: never}} importAdapter
 *   `adapter_config.json` and `adapter_model.safetensors` of one of the three techniques; "" where the config says nothing
 */

/** @typedef {{name: string, bytes: Uint8Array}} AdapterFile */

/** @typedef {import('../pkg/prompt_playground.js').AboutPrompt} AboutPrompt */
/** @typedef {import('../pkg/prompt_playground.js').Pattern} Pattern */
/** @typedef {import('../pkg/prompt_playground.js').PatternMatches} PatternMatches */
/** @typedef {import('../pkg/prompt_playground.js').Copying} Copying */
/** @typedef {import('../pkg/prompt_playground.js').NearDuplicate} NearDuplicate */
/** @typedef {import('../pkg/prompt_playground.js').Neighbour} Neighbour */
/** @typedef {import('../pkg/prompt_playground.js').TokenLoss} TokenLoss */
/** @typedef {import('../pkg/prompt_playground.js').AttentionReport} AttentionReport */
/** @typedef {import('../pkg/prompt_playground.js').PromptPath} PromptPath */
/** @typedef {import('../pkg/prompt_playground.js').NearestStep} NearestStep */
/** @typedef {import('../pkg/prompt_playground.js').CurvePoint} CurvePoint */
/** @typedef {import('../pkg/prompt_playground.js').CurveReading} CurveReading */

/** `averages` of a trial: its best prompt is the mean that a run keeps; else the lowest alone, and nothing is measured for it.
 * `steps`: of the whole trial. @typedef {{step: number, steps: number, loss: number|null, heldOutLoss: number|null}} TrialEvent */
/** `base` and `tuned` (after the last step): over the held-out rows, null without any; `diverged`: the loss became no number, so there is no `tuned`; `milliseconds`: of the steps alone.
 * @typedef {{curve: CurvePoint[], best: BestPrompt|null, last: SoftPrompt,
 *            trainedNumbers: number, milliseconds: number, base: LossReport|null, tuned: LossReport|null, diverged: boolean, settings: Settings}} TrialResult */

/** @typedef {import('../pkg/prompt_playground.js').FoldResult} FoldResult */
/** @typedef {import('../pkg/prompt_playground.js').Spread} Spread */
/** @typedef {import('../pkg/prompt_playground.js').CrossValidation} CrossValidation */
/** @typedef {import('../pkg/prompt_playground.js').Draw} Draw */
/** @typedef {import('../pkg/prompt_playground.js').DrawResult} DrawResult */
/** @typedef {import('../pkg/prompt_playground.js').LearningCurve} LearningCurve */

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
 * @typedef {{kind: 'started', settings: Settings, trainedNumbers: number, modelNumbers: number, split: Split}
 *   | {kind: 'waiting', workers: number}
 *   | {kind: 'workers', workers: number}
 *   | {kind: 'workerLost', workers: number, reason: string}
 *   | {kind: 'step', report: StepReport}
 *   | {kind: 'evaluation', step: number, heldOutLoss: number|null, best: boolean, vectors: Float32Array}
 *   | {kind: 'sample', step: number, text: string}
 *   | {kind: 'checkpoint', step: number, state: Uint8Array, softPrompt: SoftPrompt, best: BestPrompt|null}
 *   | {kind: 'earlyStop', step: number, bestStep: number}
 *   | {kind: 'paused', step: number}
 *   | {kind: 'continued', step: number}} TrainEvent */

/** @typedef {import('../pkg/prompt_playground.js').Snapshot} Snapshot */

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

/** @typedef {import('../pkg/prompt_playground.js').ShareGradient} ShareGradient */

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

// ---------------------------------------------------------------- the page and its service worker

/** What the page (offline.js) asks of the service worker (service_worker.js); it answers `true` or `false`.
 * - `keep`: keep every file of the site, of the WebAssembly files this one; whether all of it is kept
 * - `take over`: begin now, if no other tab has the page open; whether it begins
 * @typedef {{keep: string}|'take over'} KeepingRequest */

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
  PREFIX_TUNING: { learning_rate: 0.03 },
  P_TUNING: { learning_rate: 0.003 },
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
