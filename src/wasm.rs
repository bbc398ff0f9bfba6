//! The library as JavaScript sees it: a thin facade over the core, and the only file that knows wasm-bindgen.
//!
//! Objects go in and out as plain JavaScript values of the shapes in `www/protocol.js`. Every error is a JavaScript
//! `Error` whose message is a sentence for the person and whose `kind` says by whose input it came about.

use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::dataset::{self, Example};
use crate::dataset_io::{self, DatasetFormat};
use crate::error::Error;
use crate::evaluation::LossReport;
use crate::gradient_pass::Gradient;
use crate::language_model::LanguageModel;
use crate::model_info::ModelInfo;
use crate::plan::TrainingPlan;
use crate::prepared::PreparedPrompt;
use crate::settings::{self, RawSettings, TunerSettings};
use crate::{curve, evaluation, generate, metrics, peft, plan, shares, soft_prompt, tuner};

type JsResult<T> = Result<T, JsValue>;

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

    /// Sizes of the model: `ModelInfo` without `name` and `bytes`, which only the page knows.
    pub fn info(&self) -> JsResult<JsValue> {
        to_js(&ModelInfo::of(&self.inner.llama))
    }

    /// SHA-256 over every weight as it is in memory now.
    #[wasm_bindgen(js_name = weightsHash)]
    pub fn weights_hash(&self) -> String {
        self.inner.llama.weights_hash()
    }

    /// `Example[]` -> `DatasetReport`.
    #[wasm_bindgen(js_name = checkDataset)]
    pub fn check_dataset(&self, examples: JsValue, virtual_tokens: usize) -> JsResult<JsValue> {
        let examples: Vec<Example> = from_js(examples)?;
        to_js(&self.inner.check_dataset(&examples, virtual_tokens).map_err(to_js_error)?)
    }

    /// `Example[]`, `Settings` -> `PreparedPrompt[]`: every position as the model sees it.
    pub fn prepare(&self, examples: JsValue, settings: JsValue) -> JsResult<JsValue> {
        let examples: Vec<Example> = from_js(examples)?;
        let settings = settings::check(from_js::<RawSettings>(settings)?).settings;
        let prepare = |example| PreparedPrompt::new(&self.inner, example, settings.num_virtual_tokens);
        to_js(&examples.iter().map(prepare).collect::<Vec<_>>())
    }

    /// What training on a batch will need: `Batch` -> `TrainingPlan`.
    #[wasm_bindgen(js_name = planTraining)]
    pub fn plan_training(&self, batch: JsValue) -> JsResult<JsValue> {
        let config = &self.inner.llama.config;
        to_js(&TrainingPlan::new(config, self.inner.llama.size() as u64, &from_js(batch)?))
    }

    /// The largest batch, at most that of `Batch`, that trains within so many bytes of memory; 0 where none does.
    #[wasm_bindgen(js_name = largestBatch)]
    pub fn largest_batch(&self, batch: JsValue, bytes: f64) -> JsResult<usize> {
        let llama = &self.inner.llama;
        Ok(TrainingPlan::largest_batch(&llama.config, llama.size() as u64, &from_js(batch)?, bytes as u64))
    }

    /// Starts measuring the loss of `examples`, with a soft prompt in front or without.
    pub fn evaluation(&self, examples: JsValue, soft_prompt: Option<SoftPromptRef>) -> JsResult<Evaluation> {
        self.evaluation_with(examples, self.rows_of(soft_prompt)?)
    }

    /// `Example[]` -> `LossReport`, in one go.
    pub fn loss(&self, examples: JsValue, soft_prompt: Option<SoftPromptRef>) -> JsResult<JsValue> {
        self.loss_with(examples, self.rows_of(soft_prompt)?)
    }

    /// Starts an answer to `text`. `instruction` is plain text in front of it, `soft_prompt` trained virtual tokens.
    pub fn generation(
        &self,
        text: &str,
        instruction: Option<String>,
        soft_prompt: Option<SoftPromptRef>,
        settings: JsValue,
    ) -> JsResult<Generation> {
        let (rows, settings) = (self.rows_of(soft_prompt)?, from_js(settings)?);
        let inner = generate::Generation::new(self.inner.clone(), text, instruction.as_deref(), &rows, &settings);
        Ok(Generation { inner: inner.map_err(to_js_error)? })
    }
}

/// What JavaScript does not see.
impl Model {
    /// The rows of a soft prompt that was trained on this model; none without one.
    fn rows_of(&self, soft_prompt: Option<SoftPromptRef>) -> JsResult<Vec<f32>> {
        let Some(prompt) = soft_prompt else { return Ok(Vec::new()) };
        soft_prompt::check_hidden_size(prompt.hidden_size(), &self.inner.llama).map_err(to_js_error)?;
        Ok(prompt.vectors())
    }

    fn evaluation_with(&self, examples: JsValue, soft_rows: Vec<f32>) -> JsResult<Evaluation> {
        let inner = evaluation::Evaluation::new(self.inner.clone(), &from_js::<Vec<Example>>(examples)?, soft_rows);
        Ok(Evaluation { inner: inner.map_err(to_js_error)? })
    }

    fn loss_with(&self, examples: JsValue, soft_rows: Vec<f32>) -> JsResult<JsValue> {
        let mut evaluation = self.evaluation_with(examples, soft_rows)?;
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
    #[wasm_bindgen(js_name = finishReason)]
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

/// Trained virtual tokens: `virtualTokens()` x `hiddenSize()` numbers.
#[wasm_bindgen]
#[derive(Clone)]
pub struct SoftPrompt {
    inner: soft_prompt::SoftPrompt,
}

#[wasm_bindgen]
impl SoftPrompt {
    #[wasm_bindgen(js_name = fromVectors)]
    pub fn from_vectors(model: &Model, vectors: Vec<f32>) -> JsResult<SoftPrompt> {
        let inner = soft_prompt::SoftPrompt::new(vectors, &model.inner.llama).map_err(to_js_error)?;
        Ok(SoftPrompt { inner })
    }

    pub fn vectors(&self) -> Vec<f32> {
        self.inner.vectors().to_vec()
    }

    #[wasm_bindgen(js_name = virtualTokens)]
    pub fn virtual_tokens(&self) -> usize {
        self.inner.virtual_tokens()
    }

    #[wasm_bindgen(js_name = hiddenSize)]
    pub fn hidden_size(&self) -> usize {
        self.inner.hidden_size()
    }

    /// The prompt as a folder that `PeftModel.from_pretrained` reads. `about`: what its model card says (`peft::About`).
    #[wasm_bindgen(js_name = toPeft)]
    pub fn to_peft(&self, model: &Model, about: JsValue) -> JsResult<PeftAdapter> {
        let adapter = peft::to_peft(&self.inner, &model.inner.llama.config, &from_js(about)?).map_err(to_js_error)?;
        Ok(PeftAdapter { config: adapter.config, weights: adapter.weights, readme: adapter.readme })
    }

    /// Reads a prompt-tuning or P-tuning adapter of PEFT: the bytes of its two files.
    #[wasm_bindgen(js_name = fromPeft)]
    pub fn from_peft(model: &Model, config: &[u8], weights: &[u8]) -> JsResult<LoadedAdapter> {
        let inner = peft::from_peft(config, weights, &model.inner.llama).map_err(to_js_error)?;
        Ok(LoadedAdapter { inner })
    }

    /// For every virtual token the `k` nearest words of the vocabulary: `{token, similarity}[][]`.
    #[wasm_bindgen(js_name = nearestTokens)]
    pub fn nearest_tokens(&self, model: &Model, k: usize) -> JsResult<JsValue> {
        soft_prompt::check_hidden_size(self.hidden_size(), &model.inner.llama).map_err(to_js_error)?;
        to_js(&self.inner.nearest_tokens(k, &model.inner.llama, &model.inner.tokenizer))
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
    inner: peft::Loaded,
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

    #[wasm_bindgen(method, js_name = hiddenSize)]
    fn hidden_size(this: &SoftPromptRef) -> usize;
}

/// A run: one soft prompt being trained on some examples.
#[wasm_bindgen]
pub struct Tuner {
    inner: tuner::Tuner,
    /// Time spent in the step that is under way.
    milliseconds: f64,
}

#[derive(Serialize)]
struct StepReport {
    #[serde(flatten)]
    report: tuner::StepReport,
    milliseconds: f64,
}

#[wasm_bindgen]
impl Tuner {
    #[wasm_bindgen(js_name = new)]
    pub fn new_run(model: &Model, examples: JsValue, settings: JsValue) -> JsResult<Tuner> {
        let (examples, settings) = (from_js::<Vec<Example>>(examples)?, settings_of(settings)?);
        let inner = tuner::Tuner::new(model.inner.clone(), &examples, settings).map_err(to_js_error)?;
        Ok(Tuner { inner, milliseconds: 0.0 })
    }

    /// As `new`, from a trained prompt instead of an initialisation: it has as many virtual tokens as the settings say.
    #[wasm_bindgen(js_name = fromPrompt)]
    pub fn from_prompt(model: &Model, examples: JsValue, settings: JsValue, start: &SoftPrompt) -> JsResult<Tuner> {
        let (examples, settings) = (from_js::<Vec<Example>>(examples)?, settings_of(settings)?);
        let inner = tuner::Tuner::from_prompt(model.inner.clone(), &examples, settings, &start.inner);
        Ok(Tuner { inner: inner.map_err(to_js_error)?, milliseconds: 0.0 })
    }

    /// Goes on from `saveState()`; `settings`, where given, replace the saved ones (for example with more steps).
    pub fn resume(model: &Model, examples: JsValue, state: &[u8], settings: JsValue) -> JsResult<Tuner> {
        let changed = if settings.is_falsy() { None } else { Some(settings_of(settings)?) };
        let examples: Vec<Example> = from_js(examples)?;
        let inner = tuner::Tuner::resume(model.inner.clone(), &examples, state, changed).map_err(to_js_error)?;
        Ok(Tuner { inner, milliseconds: 0.0 })
    }

    /// One update of the soft prompt: `StepReport`.
    pub fn step(&mut self) -> JsResult<JsValue> {
        loop {
            let report = self.advance()?;
            if !report.is_undefined() {
                return Ok(report);
            }
        }
    }

    /// A small part of a step (one block of the network), so that a worker can answer in between: undefined, and
    /// `StepReport` at the last one. A step that is left in the middle has changed nothing.
    pub fn advance(&mut self) -> JsResult<JsValue> {
        let start = now();
        let report = self.inner.advance().map_err(to_js_error)?;
        self.milliseconds += now() - start;
        match report {
            None => Ok(JsValue::UNDEFINED),
            Some(report) => to_js(&StepReport { report, milliseconds: std::mem::take(&mut self.milliseconds) }),
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
    pub fn set_share(&mut self, share: usize, gradient: JsValue) -> JsResult<()> {
        // Field by field: serde would read every number of the array by itself.
        let rows = js_sys::Reflect::get(&gradient, &"dRows".into())?;
        let d_rows = rows.dyn_ref::<js_sys::Float32Array>().map(js_sys::Float32Array::to_vec).unwrap_or_default();
        let ShareGradient { loss_sum, flop } = from_js(gradient)?;
        self.inner.set_share(share, Gradient { loss_sum, d_rows, flop }).map_err(to_js_error)
    }

    /// The update, once every share is there: `StepReport`. `waited`: milliseconds spent waiting for other workers.
    #[wasm_bindgen(js_name = finishStep)]
    pub fn finish_step(&mut self, waited: f64) -> JsResult<JsValue> {
        let start = now();
        let report = self.inner.finish_step().map_err(to_js_error)?;
        let milliseconds = std::mem::take(&mut self.milliseconds) + waited + now() - start;
        to_js(&StepReport { report, milliseconds })
    }

    /// The training examples of the next `steps` batches.
    #[wasm_bindgen(js_name = plannedBatches)]
    pub fn planned_batches(&self, steps: usize) -> Vec<js_sys::Uint32Array> {
        let indices = |batch: Vec<usize>| batch.into_iter().map(|i| i as u32).collect::<Vec<_>>();
        self.inner
            .planned_batches(steps)
            .into_iter()
            .map(|b| js_sys::Uint32Array::from(indices(b).as_slice()))
            .collect()
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
    pub fn settings(&self) -> JsResult<JsValue> {
        to_js(self.inner.settings())
    }

    #[wasm_bindgen(js_name = softPrompt)]
    pub fn soft_prompt(&self) -> JsResult<SoftPrompt> {
        Ok(SoftPrompt { inner: self.inner.soft_prompt().map_err(to_js_error)? })
    }

    /// `Example[]` -> `LossReport` with the soft prompt as it is now.
    pub fn evaluate(&self, model: &Model, examples: JsValue) -> JsResult<JsValue> {
        let rows = self.inner.soft_prompt().map_err(to_js_error)?;
        model.loss_with(examples, rows.vectors().to_vec())
    }

    #[wasm_bindgen(js_name = saveState)]
    pub fn save_state(&self) -> JsResult<Vec<u8>> {
        self.inner.save_state().map_err(to_js_error)
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
    /// The same training examples in the same order as the `Tuner` has them.
    #[wasm_bindgen(js_name = new)]
    pub fn new_worker(model: &Model, examples: JsValue, virtual_tokens: usize) -> JsResult<GradientWorker> {
        let examples: Vec<Example> = from_js(examples)?;
        let inner = shares::GradientWorker::new(model.inner.clone(), &examples, virtual_tokens);
        Ok(GradientWorker { inner: inner.map_err(to_js_error)? })
    }

    /// Begins a share at the soft prompt `soft_rows`; `targets`: response tokens of the whole batch.
    pub fn begin(&mut self, share: Vec<u32>, soft_rows: Vec<f32>, targets: usize) -> JsResult<()> {
        let share: Vec<usize> = share.into_iter().map(|i| i as usize).collect();
        self.inner.begin(&share, soft_rows, targets).map_err(to_js_error)
    }

    /// Computes one block; true while there is more to do.
    pub fn advance(&mut self) -> bool {
        self.inner.advance()
    }

    /// `ShareGradient` of the share that is done; undefined where none was begun or it is not done.
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
/// of its files, `Batch` -> `TrainingPlan`.
#[wasm_bindgen(js_name = planModel)]
pub fn plan_model(config: &[u8], files: f64, batch: JsValue) -> JsResult<JsValue> {
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
#[wasm_bindgen(js_name = parseDataset)]
pub fn parse_dataset(text: &str, name: &str) -> JsResult<JsValue> {
    to_js(&dataset_io::parse_dataset(text, name))
}

/// `Example[]`, `DatasetFormat` -> text of the file.
#[wasm_bindgen(js_name = exportDataset)]
pub fn export_dataset(examples: JsValue, format: JsValue) -> JsResult<String> {
    Ok(dataset_io::export_dataset(&from_js::<Vec<Example>>(examples)?, from_js::<DatasetFormat>(format)?))
}

/// Which examples are trained on and which are held out.
#[wasm_bindgen(js_name = splitDataset)]
pub fn split_dataset(count: usize, share: f64, seed: u32) -> JsResult<JsValue> {
    to_js(&dataset::split(count, share, u64::from(seed)).map_err(to_js_error)?)
}

/// `Settings` with any values -> the effective ones and what was wrong.
#[wasm_bindgen(js_name = checkSettings)]
pub fn check_settings(settings: JsValue) -> JsResult<JsValue> {
    to_js(&settings::check(from_js(settings)?))
}

/// `{answer, reference}[]` -> `AnswerScore[]`.
#[wasm_bindgen(js_name = scoreAnswers)]
pub fn score_answers(pairs: JsValue) -> JsResult<JsValue> {
    to_js(&metrics::score_answers(&from_js::<Vec<_>>(pairs)?))
}

/// Share of the n-grams of all texts that are different ones.
#[wasm_bindgen(js_name = distinctNgrams)]
pub fn distinct_ngrams(texts: Vec<String>, n: usize) -> f64 {
    metrics::ngrams::distinct(&texts, n.max(1))
}

/// Which of the person's patterns each text matches.
#[wasm_bindgen(js_name = matchPatterns)]
pub fn match_patterns(texts: JsValue, patterns: JsValue) -> JsResult<JsValue> {
    to_js(&metrics::patterns::match_patterns(&from_js::<Vec<String>>(texts)?, &from_js::<Vec<_>>(patterns)?))
}

/// Test questions that nearly repeat a training input.
#[wasm_bindgen(js_name = nearDuplicates)]
pub fn near_duplicates(questions: JsValue, inputs: JsValue) -> JsResult<JsValue> {
    let (questions, inputs) = (from_js::<Vec<String>>(questions)?, from_js::<Vec<String>>(inputs)?);
    to_js(&dataset::near_duplicates::near_duplicates(&questions, &inputs))
}

/// `CurvePoint[]` -> `CurveReading`.
#[wasm_bindgen(js_name = readCurve)]
pub fn read_curve(points: JsValue) -> JsResult<JsValue> {
    to_js(&curve::read_curve(&from_js::<Vec<_>>(points)?))
}

// ---------------------------------------------------------------- helpers

fn settings_of(settings: JsValue) -> JsResult<TunerSettings> {
    settings::check(from_js(settings)?).into_result().map_err(to_js_error)
}

fn to_js<T: Serialize>(value: &T) -> JsResult<JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value
        .serialize(&serializer)
        .map_err(|e| to_js_error(Error::Internal(format!("A result could not be passed to the page: {e}"))))
}

fn from_js<T: DeserializeOwned>(value: JsValue) -> JsResult<T> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|e| to_js_error(Error::Internal(format!("The page sent something unexpected: {e}"))))
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
