//! The library as JavaScript sees it: a thin facade over the core, and the only file that knows wasm-bindgen.
//!
//! Objects go in and out as plain JavaScript values; their types (`types.d.ts`) are made from the structs of the core by
//! a test (`types.rs`). Every error is a JavaScript `Error` whose message is a sentence for the person and whose `kind`
//! says by whose input it came about.

use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::dataset::{self, Example};
use crate::dataset_io::{self, DatasetFormat};
use crate::discrete_prompt::DiscretePrompt;
use crate::error::Error;
use crate::evaluation::LossReport;
use crate::gradient_pass::Gradient;
use crate::kept_prompt::{self, Standing};
use crate::language_model::LanguageModel;
use crate::model_info::ModelInfo;
use crate::plan::TrainingPlan;
use crate::prepared::PreparedPrompt;
use crate::settings::{self, RawSettings, TunerSettings};
use crate::soft_prompt::{MAX_VIRTUAL_TOKENS, PromptKind};
use crate::{
    curve, evaluation, generate, inside, metrics, peft, plan, prepared, resampling, shares, soft_prompt, technique,
    tuner,
};

type JsResult<T> = Result<T, JsValue>;

#[wasm_bindgen(typescript_custom_section)]
const TYPES_OF_THE_CORE: &str = include_str!("types.d.ts");

#[wasm_bindgen(typescript_custom_section)]
const TYPES_OF_THIS_FILE: &str = r#"/** A step and how long it took, without pauses: computing and waiting for other workers. */
export type TimedStepReport = StepReport & { milliseconds: number };

/** What a worker found for its share of a batch. */
export type ShareGradient = {
/** Cross-entropy summed over the share's response tokens, nats. */
lossSum: number,
/** The share's part of the gradient of the batch's mean loss: virtual tokens x width. */
dRows: Float32Array,
flop: number,
};

/** The soft prompt after a step. */
export type Snapshot = { step: number, vectors: Float32Array };
"#;

/// Writes Rust panics to the console with their place.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

// ---------------------------------------------------------------- model

/// A frozen language model and its tokenizer.
#[wasm_bindgen]
pub struct Model {
    inner: Rc<LanguageModel>,
}

#[wasm_bindgen]
impl Model {
    /// Reads the files of a Hugging Face folder, each as a `Uint8Array`.
    #[wasm_bindgen(js_name = fromHf)]
    pub fn from_hf(
        config: &[u8],
        tokenizer: &[u8],
        safetensors: &[u8],
        tokenizer_config: Option<Vec<u8>>,
    ) -> JsResult<Model> {
        let model = LanguageModel::from_hf(config, tokenizer, &[safetensors], tokenizer_config.as_deref());
        Ok(Model { inner: Rc::new(model.map_err(to_js_error)?) })
    }

    /// As `fromHf`, with the weights in several files.
    #[wasm_bindgen(js_name = fromHfShards)]
    pub fn from_hf_shards(
        config: &[u8],
        tokenizer: &[u8],
        shards: Vec<js_sys::Uint8Array>,
        tokenizer_config: Option<Vec<u8>>,
    ) -> JsResult<Model> {
        let shards: Vec<Vec<u8>> = shards.iter().map(js_sys::Uint8Array::to_vec).collect();
        let slices: Vec<&[u8]> = shards.iter().map(Vec::as_slice).collect();
        let model = LanguageModel::from_hf(config, tokenizer, &slices, tokenizer_config.as_deref());
        Ok(Model { inner: Rc::new(model.map_err(to_js_error)?) })
    }

    /// Reads one GGUF file.
    #[wasm_bindgen(js_name = fromGguf)]
    pub fn from_gguf(bytes: &[u8]) -> JsResult<Model> {
        Ok(Model { inner: Rc::new(LanguageModel::from_gguf(bytes).map_err(to_js_error)?) })
    }

    /// Sizes of the model.
    #[wasm_bindgen(unchecked_return_type = "ModelInfo")]
    pub fn info(&self) -> JsResult<JsValue> {
        to_js(&ModelInfo::of(&self.inner.llama))
    }

    /// SHA-256 over every weight as it is in memory now.
    #[wasm_bindgen(js_name = weightsHash)]
    pub fn weights_hash(&self) -> String {
        self.inner.llama.weights_hash()
    }

    /// `Example[]` -> `DatasetReport`.
    #[wasm_bindgen(js_name = checkDataset, unchecked_return_type = "DatasetReport")]
    pub fn check_dataset(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
        virtual_tokens: usize,
    ) -> JsResult<JsValue> {
        let examples: Vec<Example> = from_js(examples)?;
        to_js(&self.inner.check_dataset(&examples, virtual_tokens).map_err(to_js_error)?)
    }

    /// `Example[]`, `TunerSettings` -> `PreparedPrompt[]`: every position as the model sees it.
    #[wasm_bindgen(unchecked_return_type = "PreparedPrompt[]")]
    pub fn prepare(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Partial<TunerSettings>")] settings: JsValue,
    ) -> JsResult<JsValue> {
        let examples: Vec<Example> = from_js(examples)?;
        let settings = settings::check(raw_settings_of(settings)?).settings;
        let front = prepared::in_front(&settings, &self.inner.tokenizer).map_err(to_js_error)?;
        let prepare = |example| PreparedPrompt::new(&self.inner, example, &front);
        to_js(&examples.iter().map(prepare).collect::<Vec<_>>())
    }

    /// What `TunerSettings` would train: `PromptShape`.
    #[wasm_bindgen(js_name = promptShape, unchecked_return_type = "PromptShape")]
    pub fn prompt_shape(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Partial<TunerSettings>")] settings: JsValue,
    ) -> JsResult<JsValue> {
        let settings = settings::check(raw_settings_of(settings)?).settings;
        to_js(&technique::shape::Shape::of(&settings, &self.inner.llama, &self.inner.tokenizer).map_err(to_js_error)?)
    }

    /// What training on a batch will need: `PlannedBatch` -> `TrainingPlan`.
    #[wasm_bindgen(js_name = planTraining, unchecked_return_type = "TrainingPlan")]
    pub fn plan_training(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PlannedBatch")] batch: JsValue,
    ) -> JsResult<JsValue> {
        let config = &self.inner.llama.config;
        to_js(&TrainingPlan::new(config, self.inner.llama.size() as u64, &from_js(batch)?))
    }

    /// The largest batch, at most that of `PlannedBatch`, that trains within so many bytes of memory; 0 where none does.
    #[wasm_bindgen(js_name = largestBatch)]
    pub fn largest_batch(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PlannedBatch")] batch: JsValue,
        bytes: f64,
    ) -> JsResult<usize> {
        let llama = &self.inner.llama;
        Ok(TrainingPlan::largest_batch(&llama.config, llama.size() as u64, &from_js(batch)?, bytes as u64))
    }

    /// Starts measuring the loss of `examples`, with a soft prompt in front or without, or after words: `DiscretePrompt`.
    pub fn evaluation(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
        soft_prompt: Option<SoftPromptRef>,
        #[wasm_bindgen(unchecked_optional_param_type = "DiscretePrompt | null")] front: JsValue,
    ) -> JsResult<Evaluation> {
        let (prompt, front) = (self.lent(soft_prompt)?, front_of(front)?);
        let examples: Vec<Example> = from_js(examples)?;
        let inner = evaluation::Evaluation::after(self.inner.clone(), &examples, prompt, &front);
        Ok(Evaluation { inner: inner.map_err(to_js_error)? })
    }

    /// `Example[]` -> `LossReport`, in one go.
    #[wasm_bindgen(unchecked_return_type = "LossReport")]
    pub fn loss(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
        soft_prompt: Option<SoftPromptRef>,
    ) -> JsResult<JsValue> {
        self.loss_with(examples, self.lent(soft_prompt)?)
    }

    /// Starts an answer to `text`. `instruction` is plain text in front of it, `soft_prompt` trained virtual tokens, `shots`
    /// are `Example[]` that stand before it as turns.
    pub fn generation(
        &self,
        text: &str,
        instruction: Option<String>,
        soft_prompt: Option<SoftPromptRef>,
        #[wasm_bindgen(unchecked_param_type = "GenerationSettings")] settings: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Example[] | null")] shots: JsValue,
    ) -> JsResult<Generation> {
        let shots = if shots.is_falsy() { Vec::new() } else { from_js(shots)? };
        let front = DiscretePrompt { instruction, shots };
        let (prompt, settings) = (self.lent(soft_prompt)?, from_js(settings)?);
        let inner = generate::Generation::new(self.inner.clone(), text, &front, &prompt, &settings);
        Ok(Generation { inner: inner.map_err(to_js_error)? })
    }

    /// `Example` -> `TokenLoss[]`: every response token, with a soft prompt in front or without.
    #[wasm_bindgen(js_name = tokenLosses, unchecked_return_type = "TokenLoss[]")]
    pub fn token_losses(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Example")] example: JsValue,
        soft_prompt: Option<SoftPromptRef>,
    ) -> JsResult<JsValue> {
        let (example, prompt) = (from_js::<Example>(example)?, self.lent(soft_prompt)?);
        to_js(&inside::token_losses::token_losses(&self.inner, &example, &prompt).map_err(to_js_error)?)
    }

    /// `Example` -> `AttentionReport`: how much the response looks at the virtual tokens.
    #[wasm_bindgen(unchecked_return_type = "AttentionReport")]
    pub fn attention(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Example")] example: JsValue,
        soft_prompt: SoftPromptRef,
    ) -> JsResult<JsValue> {
        let (example, prompt) = (from_js::<Example>(example)?, self.lent(Some(soft_prompt))?);
        to_js(&inside::attention::attention(&self.inner, &example, &prompt).map_err(to_js_error)?)
    }

    /// `Snapshot[]`, in the order of their steps -> `PromptPath`: a flat map of the virtual tokens' way. `kind`:
    /// "embeddings" where it is left out.
    #[wasm_bindgen(js_name = promptPath, unchecked_return_type = "PromptPath")]
    pub fn prompt_path(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Snapshot[]")] snapshots: Vec<JsValue>,
        width: usize,
        #[wasm_bindgen(unchecked_optional_param_type = "PromptKind | null")] kind: Option<String>,
    ) -> JsResult<JsValue> {
        to_js(&inside::path::prompt_path(&self.inner, &self.snapshots(&snapshots, width, kind)?).map_err(to_js_error)?)
    }

    /// `Snapshot[]` -> `NearestStep[]`: the nearest word to every virtual token after every step.
    #[wasm_bindgen(js_name = nearestPath, unchecked_return_type = "NearestStep[]")]
    pub fn nearest_path(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Snapshot[]")] snapshots: Vec<JsValue>,
        width: usize,
        #[wasm_bindgen(unchecked_optional_param_type = "PromptKind | null")] kind: Option<String>,
    ) -> JsResult<JsValue> {
        to_js(
            &inside::nearest::nearest_path(&self.inner, &self.snapshots(&snapshots, width, kind)?)
                .map_err(to_js_error)?,
        )
    }
}

/// What JavaScript does not see.
impl Model {
    /// `Snapshot[]`, each `{step, vectors: Float32Array}`. Field by field: serde would read every number by itself.
    fn snapshots(&self, snapshots: &[JsValue], width: usize, kind: Option<String>) -> JsResult<Vec<inside::Snapshot>> {
        let kind = kind_of(kind)?;
        let snapshot = |snapshot: &JsValue| {
            let step = js_sys::Reflect::get(snapshot, &"step".into())?.as_f64().unwrap_or_default() as usize;
            let vectors = js_sys::Reflect::get(snapshot, &"vectors".into())?;
            let vectors = vectors.dyn_ref::<js_sys::Float32Array>().map(js_sys::Float32Array::to_vec);
            let llama = &self.inner.llama;
            inside::Snapshot::new(step, vectors.unwrap_or_default(), width, kind, llama).map_err(to_js_error)
        };
        snapshots.iter().map(snapshot).collect()
    }

    /// A soft prompt that was trained on this model, or none.
    fn lent(&self, soft_prompt: Option<SoftPromptRef>) -> JsResult<soft_prompt::SoftPrompt> {
        let Some(prompt) = soft_prompt else { return Ok(soft_prompt::SoftPrompt::none()) };
        let kind = kind_of(Some(prompt.kind()))?;
        let llama = &self.inner.llama;
        soft_prompt::SoftPrompt::come_back(prompt.vectors(), prompt.width(), kind, llama).map_err(to_js_error)
    }

    fn evaluation_with(&self, examples: JsValue, prompt: soft_prompt::SoftPrompt) -> JsResult<Evaluation> {
        let inner = evaluation::Evaluation::new(self.inner.clone(), &from_js::<Vec<Example>>(examples)?, prompt);
        Ok(Evaluation { inner: inner.map_err(to_js_error)? })
    }

    fn loss_with(&self, examples: JsValue, prompt: soft_prompt::SoftPrompt) -> JsResult<JsValue> {
        let mut evaluation = self.evaluation_with(examples, prompt)?;
        while evaluation.next()? {}
        evaluation.report()
    }
}

/// A loss that is being measured, one example at a time.
#[wasm_bindgen]
pub struct Evaluation {
    inner: evaluation::Evaluation,
}

#[wasm_bindgen]
impl Evaluation {
    /// Measures one more example; true while there are more.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> JsResult<bool> {
        self.inner.advance().map_err(to_js_error)
    }

    pub fn done(&self) -> usize {
        self.inner.done()
    }

    pub fn total(&self) -> usize {
        self.inner.total()
    }

    /// `LossReport` of the examples measured so far.
    #[wasm_bindgen(unchecked_return_type = "LossReport")]
    pub fn report(&self) -> JsResult<JsValue> {
        let report: LossReport = self.inner.report();
        to_js(&report)
    }
}

/// An answer that is being written: the prompt is read block by block, then it comes token by token.
#[wasm_bindgen]
pub struct Generation {
    inner: generate::Generation,
}

#[wasm_bindgen]
impl Generation {
    /// Reads one block of the prompt or writes one token. Returns the text that was added, "" while there is none;
    /// undefined at the end.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<String> {
        self.inner.next()
    }

    pub fn tokens(&self) -> usize {
        self.inner.ids().len()
    }

    /// "stop" or "length" once it has ended, "" before.
    #[wasm_bindgen(js_name = finishReason, unchecked_return_type = "'stop' | 'length' | ''")]
    pub fn finish_reason(&self) -> String {
        match self.inner.finish_reason() {
            None => "",
            Some(generate::FinishReason::Stop) => "stop",
            Some(generate::FinishReason::Length) => "length",
        }
        .to_string()
    }
}

// ---------------------------------------------------------------- training

/// Trained virtual tokens: `virtualTokens()` x `width()` numbers. `kind()`: "embeddings" (rows in front of the input) or
/// "keys_values" (in front of every layer's keys and values).
#[wasm_bindgen]
#[derive(Clone)]
pub struct SoftPrompt {
    inner: soft_prompt::SoftPrompt,
}

#[wasm_bindgen]
impl SoftPrompt {
    /// From what `vectors()`, `width()` and `kind()` have given. `kind`: "embeddings" where it is left out.
    #[wasm_bindgen(js_name = fromVectors)]
    pub fn from_vectors(
        model: &Model,
        vectors: Vec<f32>,
        width: usize,
        #[wasm_bindgen(unchecked_optional_param_type = "PromptKind | null")] kind: Option<String>,
    ) -> JsResult<SoftPrompt> {
        let inner = soft_prompt::SoftPrompt::come_back(vectors, width, kind_of(kind)?, &model.inner.llama);
        Ok(SoftPrompt { inner: inner.map_err(to_js_error)? })
    }

    #[wasm_bindgen(unchecked_return_type = "PromptKind")]
    pub fn kind(&self) -> String {
        match self.inner.kind() {
            PromptKind::Embeddings => "embeddings".into(),
            PromptKind::KeysValues => "keys_values".into(),
        }
    }

    pub fn vectors(&self) -> Vec<f32> {
        self.inner.vectors().to_vec()
    }

    #[wasm_bindgen(js_name = virtualTokens)]
    pub fn virtual_tokens(&self) -> usize {
        self.inner.virtual_tokens()
    }

    /// Of embeddings, the model's hidden size: the same as `width()`.
    #[wasm_bindgen(js_name = hiddenSize)]
    pub fn hidden_size(&self) -> usize {
        self.width()
    }

    /// Numbers of one virtual token: the model's hidden size, or those of its keys and values in all layers.
    pub fn width(&self) -> usize {
        self.inner.width()
    }

    /// The prompt as a folder that `PeftModel.from_pretrained` reads. `about`: what its model card says (`AboutPrompt`).
    #[wasm_bindgen(js_name = toPeft)]
    pub fn to_peft(
        &self,
        model: &Model,
        #[wasm_bindgen(unchecked_param_type = "AboutPrompt")] about: JsValue,
    ) -> JsResult<PeftAdapter> {
        let adapter = peft::to_peft(&self.inner, &model.inner, &from_js(about)?).map_err(to_js_error)?;
        Ok(PeftAdapter { config: adapter.config, weights: adapter.weights, readme: adapter.readme })
    }

    /// Reads an adapter of PEFT, of one of the three techniques: the bytes of its two files.
    #[wasm_bindgen(js_name = fromPeft)]
    pub fn from_peft(model: &Model, config: &[u8], weights: &[u8]) -> JsResult<LoadedAdapter> {
        let inner = peft::read::from_peft(config, weights, &model.inner.llama).map_err(to_js_error)?;
        Ok(LoadedAdapter { inner })
    }

    /// For every virtual token the `k` nearest words of the vocabulary: `{token, similarity}[][]`.
    #[wasm_bindgen(js_name = nearestTokens, unchecked_return_type = "Neighbour[][]")]
    pub fn nearest_tokens(&self, model: &Model, k: f64) -> JsResult<JsValue> {
        let k = count_of("k", k, u32::MAX as usize)?;
        let (prompt, Model { inner: model }) = (&self.inner, model);
        soft_prompt::check_width(prompt.width(), prompt.kind(), &model.llama).map_err(to_js_error)?;
        to_js(&inside::nearest::nearest_tokens(model, prompt, k).map_err(to_js_error)?)
    }
}

/// The files of a PEFT adapter's folder.
#[wasm_bindgen(getter_with_clone)]
pub struct PeftAdapter {
    /// `adapter_config.json`
    pub config: String,
    /// `adapter_model.safetensors`
    pub weights: Vec<u8>,
    /// `README.md`
    pub readme: String,
}

/// A PEFT adapter that was read.
#[wasm_bindgen]
pub struct LoadedAdapter {
    inner: peft::read::Loaded,
}

#[wasm_bindgen]
impl LoadedAdapter {
    #[wasm_bindgen(js_name = softPrompt)]
    pub fn soft_prompt(&self) -> SoftPrompt {
        SoftPrompt { inner: self.inner.prompt.clone() }
    }

    /// The model that it was trained on, as its config names it; may be empty.
    #[wasm_bindgen(js_name = baseModel)]
    pub fn base_model(&self) -> String {
        self.inner.base_model.clone()
    }

    /// The text that it started from; may be empty.
    #[wasm_bindgen(js_name = initText)]
    pub fn init_text(&self) -> String {
        self.inner.init_text.clone()
    }
}

#[wasm_bindgen]
extern "C" {
    /// A [`SoftPrompt`] that is lent: passing the object itself would take it away from JavaScript.
    #[wasm_bindgen(typescript_type = "SoftPrompt")]
    pub type SoftPromptRef;

    #[wasm_bindgen(method)]
    fn vectors(this: &SoftPromptRef) -> Vec<f32>;

    #[wasm_bindgen(method)]
    fn width(this: &SoftPromptRef) -> usize;

    #[wasm_bindgen(method)]
    fn kind(this: &SoftPromptRef) -> String;
}

/// A run: one soft prompt being trained on some examples.
#[wasm_bindgen]
pub struct Tuner {
    inner: tuner::Tuner,
    /// Time spent in the step that is under way.
    milliseconds: f64,
}

#[derive(Serialize)]
struct TimedStepReport {
    #[serde(flatten)]
    report: tuner::StepReport,
    milliseconds: f64,
}

#[wasm_bindgen]
impl Tuner {
    #[wasm_bindgen(js_name = new)]
    pub fn new_run(
        model: &Model,
        #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Partial<TunerSettings>")] settings: JsValue,
    ) -> JsResult<Tuner> {
        let (examples, settings) = (from_js::<Vec<Example>>(examples)?, settings_of(settings)?);
        let inner = tuner::Tuner::new(model.inner.clone(), &examples, settings).map_err(to_js_error)?;
        Ok(Tuner { inner, milliseconds: 0.0 })
    }

    /// As `new`, from a trained prompt instead of an initialisation: it has as many virtual tokens as the settings say.
    #[wasm_bindgen(js_name = fromPrompt)]
    pub fn from_prompt(
        model: &Model,
        #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Partial<TunerSettings>")] settings: JsValue,
        start: &SoftPrompt,
    ) -> JsResult<Tuner> {
        let (examples, settings) = (from_js::<Vec<Example>>(examples)?, raw_settings_of(settings)?);
        let settings = settings::check(settings.of_a_given_start()).into_result().map_err(to_js_error)?;
        let inner = tuner::Tuner::from_prompt(model.inner.clone(), &examples, settings, &start.inner);
        Ok(Tuner { inner: inner.map_err(to_js_error)?, milliseconds: 0.0 })
    }

    /// Goes on from `saveState()` with the same examples. The `settings` that are given replace the saved ones (for example
    /// more steps); the technique and what belongs to it stay as they were saved.
    pub fn resume(
        model: &Model,
        #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
        state: &[u8],
        #[wasm_bindgen(unchecked_optional_param_type = "Partial<TunerSettings> | null")] settings: JsValue,
    ) -> JsResult<Tuner> {
        let changed = if settings.is_falsy() { RawSettings::default() } else { raw_settings_of(settings)? };
        let examples: Vec<Example> = from_js(examples)?;
        let inner = tuner::Tuner::resume(model.inner.clone(), &examples, state, &changed).map_err(to_js_error)?;
        Ok(Tuner { inner, milliseconds: 0.0 })
    }

    /// One update of the soft prompt: `TimedStepReport`.
    #[wasm_bindgen(unchecked_return_type = "TimedStepReport")]
    pub fn step(&mut self) -> JsResult<JsValue> {
        loop {
            let report = self.advance()?;
            if !report.is_undefined() {
                return Ok(report);
            }
        }
    }

    /// A small part of a step (one block of the network), so that a worker can answer in between: undefined, and
    /// `TimedStepReport` at the last one. A step that is left in the middle has changed nothing.
    #[wasm_bindgen(unchecked_return_type = "TimedStepReport | undefined")]
    pub fn advance(&mut self) -> JsResult<JsValue> {
        let start = now();
        let report = self.inner.advance().map_err(to_js_error)?;
        self.milliseconds += now() - start;
        match report {
            None => Ok(JsValue::UNDEFINED),
            Some(report) => to_js(&TimedStepReport { report, milliseconds: std::mem::take(&mut self.milliseconds) }),
        }
    }

    /// Begins the next step with its batch shared by at most `workers`: the training examples of each share. Share 0 is
    /// for the worker of this run, the others may go to a `GradientWorker`.
    pub fn shares(&mut self, workers: usize) -> JsResult<Vec<js_sys::Uint32Array>> {
        self.milliseconds = 0.0;
        let shares = self.inner.shares(workers).map_err(to_js_error)?;
        let indices = |share: &Vec<usize>| share.iter().map(|i| *i as u32).collect::<Vec<_>>();
        Ok(shares.iter().map(|share| js_sys::Uint32Array::from(indices(share).as_slice())).collect())
    }

    /// Response tokens of the batch under way.
    pub fn targets(&self) -> usize {
        self.inner.targets()
    }

    /// Computes one block of a share here; true while there is more of it to do.
    #[wasm_bindgen(js_name = advanceShare)]
    pub fn advance_share(&mut self, share: usize) -> JsResult<bool> {
        let start = now();
        let more = self.inner.advance_share(share).map_err(to_js_error)?;
        self.milliseconds += now() - start;
        Ok(more)
    }

    /// The `ShareGradient` that another worker has computed.
    #[wasm_bindgen(js_name = setShare)]
    pub fn set_share(
        &mut self,
        share: usize,
        #[wasm_bindgen(unchecked_param_type = "ShareGradient")] gradient: JsValue,
    ) -> JsResult<()> {
        // Field by field: serde would read every number of the array by itself.
        let rows = js_sys::Reflect::get(&gradient, &"dRows".into())?;
        let d_rows = rows.dyn_ref::<js_sys::Float32Array>().map(js_sys::Float32Array::to_vec).unwrap_or_default();
        let ShareGradient { loss_sum, flop } = from_js(gradient)?;
        self.inner.set_share(share, Gradient { loss_sum, d_rows, flop }).map_err(to_js_error)
    }

    /// The update, once every share is there: `TimedStepReport`. `waited`: milliseconds spent waiting for other workers.
    #[wasm_bindgen(js_name = finishStep, unchecked_return_type = "TimedStepReport")]
    pub fn finish_step(&mut self, waited: f64) -> JsResult<JsValue> {
        let start = now();
        let report = self.inner.finish_step().map_err(to_js_error)?;
        let milliseconds = std::mem::take(&mut self.milliseconds) + waited + now() - start;
        to_js(&TimedStepReport { report, milliseconds })
    }

    /// The encoder that makes the soft prompt: safetensors with `value.0`, `value.1` ... in the order of the parameters of PEFT's
    /// `prompt_encoder`, and `fixed` where that is added to its output; undefined where there is none.
    #[wasm_bindgen(js_name = saveEncoder)]
    pub fn save_encoder(&self) -> JsResult<Option<Vec<u8>>> {
        self.inner.save_encoder().map_err(to_js_error)
    }

    /// The training examples of the next `steps` batches.
    #[wasm_bindgen(js_name = plannedBatches)]
    pub fn planned_batches(&self, steps: f64) -> JsResult<Vec<js_sys::Uint32Array>> {
        let batches = self.inner.planned_batches(count_of("steps", steps, MOST_STEPS)?);
        let indices = |batch: Vec<usize>| batch.into_iter().map(|i| i as u32).collect::<Vec<_>>();
        Ok(batches.into_iter().map(|batch| js_sys::Uint32Array::from(indices(batch).as_slice())).collect())
    }

    #[wasm_bindgen(js_name = stepNumber)]
    pub fn step_number(&self) -> usize {
        self.inner.step_number()
    }

    /// How many numbers are trained.
    #[wasm_bindgen(js_name = trainedNumbers)]
    pub fn trained_numbers(&self) -> usize {
        self.inner.trained_numbers()
    }

    /// The effective settings.
    #[wasm_bindgen(unchecked_return_type = "TunerSettings")]
    pub fn settings(&self) -> JsResult<JsValue> {
        to_js(self.inner.settings())
    }

    #[wasm_bindgen(js_name = softPrompt)]
    pub fn soft_prompt(&self) -> JsResult<SoftPrompt> {
        Ok(SoftPrompt { inner: self.inner.soft_prompt().map_err(to_js_error)? })
    }

    /// `Example[]` -> `LossReport` with the soft prompt as it is now, on the model that it is trained for.
    #[wasm_bindgen(unchecked_return_type = "LossReport")]
    pub fn evaluate(&self, #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue) -> JsResult<JsValue> {
        let model = Model { inner: self.inner.model.clone() };
        model.loss_with(examples, self.inner.soft_prompt().map_err(to_js_error)?)
    }

    #[wasm_bindgen(js_name = saveState)]
    pub fn save_state(&self) -> JsResult<Vec<u8>> {
        self.inner.save_state().map_err(to_js_error)
    }
}

/// The soft prompt that a run keeps: the mean of its prompts from the lowest held-out loss on, while the loss stays near it.
#[wasm_bindgen]
pub struct KeptPrompt {
    inner: kept_prompt::KeptPrompt,
}

#[wasm_bindgen]
impl KeptPrompt {
    #[wasm_bindgen(js_name = new)]
    pub fn new_kept() -> KeptPrompt {
        KeptPrompt { inner: kept_prompt::KeptPrompt::new() }
    }

    /// Where the prompt of a step stands by its held-out loss: "lowest" (it is kept), "near" (it may be taken into the
    /// mean) or "worse".
    #[wasm_bindgen(unchecked_return_type = "'lowest' | 'near' | 'worse'")]
    pub fn offer(&mut self, step: u32, held_out_loss: f64, prompt: &SoftPrompt) -> JsResult<String> {
        Ok(match self.inner.offer(step, held_out_loss, &prompt.inner).map_err(to_js_error)? {
            Standing::Lowest => "lowest".into(),
            Standing::Near => "near".into(),
            Standing::Worse => "worse".into(),
        })
    }

    /// The mean as it would be with this prompt; undefined before the first one with a finite loss.
    #[wasm_bindgen(js_name = meanWith)]
    pub fn mean_with(&self, prompt: &SoftPrompt) -> JsResult<Option<SoftPrompt>> {
        Ok(self.inner.mean_with(&prompt.inner).map_err(to_js_error)?.map(|inner| SoftPrompt { inner }))
    }

    /// Takes a prompt into the mean where the held-out loss of the mean with it is near the lowest; whether it did.
    pub fn take(&mut self, step: u32, prompt: &SoftPrompt, loss_of_mean: f64) -> JsResult<bool> {
        self.inner.take(step, &prompt.inner, loss_of_mean).map_err(to_js_error)
    }

    /// The mean; undefined before the first prompt with a finite loss.
    #[wasm_bindgen(js_name = softPrompt)]
    pub fn soft_prompt(&self) -> Option<SoftPrompt> {
        self.inner.prompt().map(|inner| SoftPrompt { inner })
    }

    /// The first and the last step that count in the mean; empty before there is one.
    pub fn steps(&self) -> Vec<u32> {
        self.inner.steps().map_or_else(Vec::new, |(first, last)| vec![first, last])
    }

    /// How many prompts count in the mean.
    pub fn count(&self) -> u32 {
        self.inner.count()
    }
}

/// What a worker found for its share of a batch.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShareGradient {
    /// Cross-entropy summed over the share's response tokens, nats.
    loss_sum: f64,
    flop: u64,
    // and `dRows`, a Float32Array: the share's part of the gradient of the batch's mean loss by the virtual tokens
}

/// A worker without a run of its own: it computes shares of the steps of a `Tuner` in another worker.
#[wasm_bindgen]
pub struct GradientWorker {
    inner: shares::GradientWorker,
}

#[wasm_bindgen]
impl GradientWorker {
    /// The same training examples in the same order as the `Tuner` has them; `kind` of its soft prompt.
    #[wasm_bindgen(js_name = new)]
    pub fn new_worker(
        model: &Model,
        #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
        virtual_tokens: f64,
        #[wasm_bindgen(unchecked_optional_param_type = "PromptKind | null")] kind: Option<String>,
    ) -> JsResult<GradientWorker> {
        let virtual_tokens = count_of("virtual_tokens", virtual_tokens, MAX_VIRTUAL_TOKENS)?;
        let examples: Vec<Example> = from_js(examples)?;
        let inner = shares::GradientWorker::new(model.inner.clone(), &examples, virtual_tokens, kind_of(kind)?);
        Ok(GradientWorker { inner: inner.map_err(to_js_error)? })
    }

    /// Begins a share at the soft prompt of these numbers; `targets`: response tokens of the whole batch.
    pub fn begin(&mut self, share: Vec<u32>, vectors: Vec<f32>, targets: usize) -> JsResult<()> {
        let share: Vec<usize> = share.into_iter().map(|i| i as usize).collect();
        self.inner.begin(&share, vectors, targets).map_err(to_js_error)
    }

    /// Computes one block; true while there is more to do.
    pub fn advance(&mut self) -> bool {
        self.inner.advance()
    }

    /// `ShareGradient` of the share that is done; undefined where none was begun or it is not done.
    #[wasm_bindgen(unchecked_return_type = "ShareGradient | undefined")]
    pub fn take(&mut self) -> JsResult<JsValue> {
        let Some(Gradient { loss_sum, d_rows, flop }) = self.inner.take() else { return Ok(JsValue::UNDEFINED) };
        let rows = js_sys::Float32Array::from(d_rows.as_slice());
        let gradient = to_js(&ShareGradient { loss_sum, flop })?;
        js_sys::Reflect::set(&gradient, &"dRows".into(), &rows)?;
        Ok(gradient)
    }
}

// ---------------------------------------------------------------- before a model is loaded

/// What training will need of a model that is not loaded: its `config.json` or the beginning of its GGUF file, the bytes
/// of its files, `PlannedBatch` -> `TrainingPlan`.
#[wasm_bindgen(js_name = planModel, unchecked_return_type = "TrainingPlan")]
pub fn plan_model(
    config: &[u8],
    files: f64,
    #[wasm_bindgen(unchecked_param_type = "PlannedBatch")] batch: JsValue,
) -> JsResult<JsValue> {
    let config = plan::config_of(config).map_err(to_js_error)?;
    to_js(&TrainingPlan::new(&config, files as u64, &from_js(batch)?))
}

/// Measures how fast this device trains a model of these sizes.
#[wasm_bindgen]
pub struct Probe {
    inner: plan::Probe,
}

#[wasm_bindgen]
impl Probe {
    /// `files`: bytes of the model's files.
    #[wasm_bindgen(js_name = new)]
    pub fn new_probe(config: &[u8], files: f64) -> JsResult<Probe> {
        let config = plan::config_of(config).map_err(to_js_error)?;
        Ok(Probe { inner: plan::Probe::new(&config, files as u64).map_err(to_js_error)? })
    }

    /// Runs one block of it forward and backward; returns its floating-point operations.
    pub fn run(&self) -> f64 {
        self.inner.run() as f64
    }
}

/// SHA-256 of a file that comes in pieces.
#[wasm_bindgen]
#[derive(Default)]
pub struct FileHash {
    inner: sha2::Sha256,
}

#[wasm_bindgen]
impl FileHash {
    #[wasm_bindgen(js_name = new)]
    pub fn new_hash() -> FileHash {
        FileHash::default()
    }

    pub fn update(&mut self, piece: &[u8]) {
        sha2::Digest::update(&mut self.inner, piece);
    }

    /// In hexadecimal; the object begins anew.
    pub fn finish(&mut self) -> String {
        sha2::Digest::finalize_reset(&mut self.inner).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

// ---------------------------------------------------------------- data, metrics, settings

/// A file or pasted text -> `ParsedDataset`.
#[wasm_bindgen(js_name = parseDataset, unchecked_return_type = "ParsedDataset")]
pub fn parse_dataset(text: &str, name: &str) -> JsResult<JsValue> {
    to_js(&dataset_io::parse_dataset(text, name))
}

/// `Example[]`, `DatasetFormat` -> text of the file.
#[wasm_bindgen(js_name = exportDataset)]
pub fn export_dataset(
    #[wasm_bindgen(unchecked_param_type = "Example[]")] examples: JsValue,
    #[wasm_bindgen(unchecked_param_type = "DatasetFormat")] format: JsValue,
) -> JsResult<String> {
    Ok(dataset_io::export_dataset(&from_js::<Vec<Example>>(examples)?, from_js::<DatasetFormat>(format)?))
}

/// Which examples are trained on and which are held out.
#[wasm_bindgen(js_name = splitDataset, unchecked_return_type = "Split")]
pub fn split_dataset(count: f64, share: f64, seed: u32) -> JsResult<JsValue> {
    let count = count_of("count", count, MOST_ROWS)?;
    to_js(&dataset::split(count, share, u64::from(seed)).map_err(to_js_error)?)
}

/// `TunerSettings` with any values -> the effective ones and what was wrong.
#[wasm_bindgen(js_name = checkSettings, unchecked_return_type = "CheckedSettings")]
pub fn check_settings(
    #[wasm_bindgen(unchecked_param_type = "RawSettings")] settings: JsValue,
    start_is_given: bool,
) -> JsResult<JsValue> {
    let raw = raw_settings_of(settings)?;
    to_js(&settings::check(if start_is_given { raw.of_a_given_start() } else { raw }))
}

/// `{answer, reference}[]` -> `AnswerScore[]`.
#[wasm_bindgen(js_name = scoreAnswers, unchecked_return_type = "AnswerScore[]")]
pub fn score_answers(#[wasm_bindgen(unchecked_param_type = "AnswerPair[]")] pairs: JsValue) -> JsResult<JsValue> {
    to_js(&metrics::score_answers(&from_js::<Vec<_>>(pairs)?))
}

/// Share of the n-grams of all texts that are different ones.
#[wasm_bindgen(js_name = distinctNgrams)]
pub fn distinct_ngrams(texts: Vec<String>, n: usize) -> f64 {
    metrics::ngrams::distinct(&texts, n.max(1))
}

/// Which of the person's patterns each text matches.
#[wasm_bindgen(js_name = matchPatterns, unchecked_return_type = "PatternMatches")]
pub fn match_patterns(
    #[wasm_bindgen(unchecked_param_type = "string[]")] texts: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Pattern[]")] patterns: JsValue,
) -> JsResult<JsValue> {
    to_js(&metrics::patterns::match_patterns(&from_js::<Vec<String>>(texts)?, &from_js::<Vec<_>>(patterns)?))
}

/// The same question in three other wordings.
#[wasm_bindgen]
pub fn paraphrases(question: &str) -> Vec<String> {
    metrics::consistency::paraphrases(question)
}

/// Mean chrF over all pairs of answers, from 0 to 100; undefined where there is no pair.
#[wasm_bindgen]
pub fn agreement(answers: Vec<String>) -> Option<f64> {
    metrics::consistency::agreement(&answers)
}

/// How much of each answer is copied from a training response; null where that cannot be measured.
#[wasm_bindgen(unchecked_return_type = "(Copying | null)[]")]
pub fn copying(answers: Vec<String>, responses: Vec<String>) -> JsResult<JsValue> {
    to_js(&metrics::copying::copying(&answers, &responses))
}

/// Test questions that nearly repeat a training input.
#[wasm_bindgen(js_name = nearDuplicates, unchecked_return_type = "NearDuplicate[]")]
pub fn near_duplicates(
    #[wasm_bindgen(unchecked_param_type = "string[]")] questions: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string[]")] inputs: JsValue,
) -> JsResult<JsValue> {
    let (questions, inputs) = (from_js::<Vec<String>>(questions)?, from_js::<Vec<String>>(inputs)?);
    to_js(&dataset::near_duplicates::near_duplicates(&questions, &inputs))
}

/// `CurvePoint[]` -> `CurveReading`.
#[wasm_bindgen(js_name = readCurve, unchecked_return_type = "CurveReading")]
pub fn read_curve(#[wasm_bindgen(unchecked_param_type = "CurvePoint[]")] points: JsValue) -> JsResult<JsValue> {
    to_js(&curve::read_curve(&from_js::<Vec<_>>(points)?))
}

/// The trainings of a cross-validation with `k` folds: `Split[]`. `k` = `count` leaves one out at a time.
#[wasm_bindgen(js_name = planFolds, unchecked_return_type = "Split[]")]
pub fn plan_folds(count: f64, k: f64, seed: u32) -> JsResult<JsValue> {
    let (count, k) = (count_of("count", count, MOST_ROWS)?, count_of("k", k, MOST_TRAININGS)?);
    to_js(&resampling::folds::folds(count, k, u64::from(seed)).map_err(to_js_error)?)
}

/// The trainings of a learning curve: `Draw[]`. `own_test_rows`: nothing needs to be held out.
#[wasm_bindgen(js_name = planDraws, unchecked_return_type = "Draw[]")]
pub fn plan_draws(count: f64, draws: f64, own_test_rows: bool, seed: u32) -> JsResult<JsValue> {
    let (count, draws) = (count_of("count", count, MOST_ROWS)?, count_of("draws", draws, MOST_TRAININGS)?);
    let plan = resampling::draws::draws(count, draws, own_test_rows, u64::from(seed));
    to_js(&plan.map_err(to_js_error)?)
}

/// `FoldResult[]` -> `CrossValidation`.
#[wasm_bindgen(js_name = summariseFolds, unchecked_return_type = "CrossValidation")]
pub fn summarise_folds(#[wasm_bindgen(unchecked_param_type = "FoldResult[]")] folds: JsValue) -> JsResult<JsValue> {
    to_js(&resampling::summary::summarise(&from_js::<Vec<_>>(folds)?))
}

/// `DrawResult[]` -> `LearningCurve`.
#[wasm_bindgen(js_name = readLearningCurve, unchecked_return_type = "LearningCurve")]
pub fn read_learning_curve(
    #[wasm_bindgen(unchecked_param_type = "DrawResult[]")] results: JsValue,
    seed: u32,
) -> JsResult<JsValue> {
    to_js(&resampling::learning_curve::read_learning_curve(&from_js::<Vec<_>>(results)?, u64::from(seed)))
}

// ---------------------------------------------------------------- helpers

/// As many as a run can have steps, a dataset rows, and an experiment folds or draws.
const MOST_STEPS: usize = 100_000;
const MOST_ROWS: usize = 100_000;
const MOST_TRAININGS: usize = 100;

/// A number of things, from 0 to `most`. JavaScript has one kind of number: -1 would arrive as four thousand million.
fn count_of(name: &str, given: f64, most: usize) -> JsResult<usize> {
    if given.fract() == 0.0 && (0.0..=most as f64).contains(&given) {
        return Ok(given as usize);
    }
    Err(to_js_error(Error::input(format!("{name} must be a whole number from 0 to {most}, and it is {given}."))))
}

/// "embeddings" where it is left out.
fn kind_of(kind: Option<String>) -> JsResult<PromptKind> {
    match kind.as_deref() {
        None | Some("embeddings") => Ok(PromptKind::Embeddings),
        Some("keys_values") => Ok(PromptKind::KeysValues),
        Some(other) => Err(to_js_error(Error::Internal(format!("There is no soft prompt of the kind {other}.")))),
    }
}

/// Nothing in front where it is left out.
fn front_of(front: JsValue) -> JsResult<DiscretePrompt> {
    if front.is_falsy() { Ok(DiscretePrompt::default()) } else { from_js(front) }
}

fn settings_of(settings: JsValue) -> JsResult<TunerSettings> {
    settings::check(raw_settings_of(settings)?).into_result().map_err(to_js_error)
}

fn to_js<T: Serialize>(value: &T) -> JsResult<JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value
        .serialize(&serializer)
        .map_err(|e| to_js_error(Error::Internal(format!("A result could not be passed to the page: {e}"))))
}

fn from_js<T: DeserializeOwned>(value: JsValue) -> JsResult<T> {
    serde_wasm_bindgen::from_value(value).map_err(|error| wrong_form("What was given", &error))
}

/// Settings have many names: the one with a value of the wrong kind is told.
fn raw_settings_of(settings: JsValue) -> JsResult<RawSettings> {
    serde_path_to_error::deserialize(serde_wasm_bindgen::Deserializer::from(settings)).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { "The settings".to_string() } else { format!("The setting {path}") };
        wrong_form(&place, error.inner())
    })
}

fn wrong_form(place: &str, error: &serde_wasm_bindgen::Error) -> JsValue {
    let reason = error.to_string();
    let reason = reason.trim_start_matches("Error: ");
    to_js_error(Error::input(format!("{place}: the value does not have the right form ({reason}).")))
}

fn to_js_error(error: Error) -> JsValue {
    let js = js_sys::Error::new(&error.to_string());
    // Setting a field of a fresh Error cannot fail.
    let _ = js_sys::Reflect::set(&js, &"kind".into(), &error.kind().into());
    js.into()
}

/// Milliseconds of the worker's clock; of the day's where there is no worker (Node).
fn now() -> f64 {
    let worker = js_sys::global().dyn_into::<web_sys::WorkerGlobalScope>().ok();
    worker.and_then(|scope| scope.performance()).map_or_else(js_sys::Date::now, |performance| performance.now())
}
