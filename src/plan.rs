//! What training a model takes before it is loaded: memory from its sizes, time from a probe on this device.

use candle_core::quantized::GgmlDType;
use serde::{Deserialize, Serialize};

use crate::block::{KeysValues, Layer, Place};
use crate::config::LlamaConfig;
use crate::error::{Error, Result};
use crate::gguf::Gguf;
use crate::gguf_tokenizer;
use crate::gradient_pass::{numbers_per_row, row_budget};
use crate::kernels::work;
use crate::left_out::or_default;
use crate::matrix::Matrix;
use crate::model::Llama;
use crate::ops::attention::Span;
use crate::ops::cross_entropy::LOGITS;
use crate::weights;

/// The batch that is planned for, in tokens of the chat template, input and response.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PlannedBatch"))]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// Tokens of each example of the dataset.
    pub example_tokens: Vec<usize>,
    /// Response tokens of all of them.
    pub response_tokens: usize,
    pub virtual_tokens: usize,
    pub batch_size: usize,
    /// Those of an encoder included; 0 where they are few beside the rest.
    #[serde(default, deserialize_with = "or_default")]
    #[cfg_attr(test, ts(as = "Option<usize>", optional = nullable))]
    pub trained_numbers: usize,
}

/// What training will need: bytes of wasm memory of one worker, and work.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TrainingPlan {
    /// The frozen weights as they are kept in memory.
    pub weights: u64,
    /// While the files are read: the files and the weights.
    pub loading: u64,
    /// While it trains: the weights and what a batch needs.
    pub training: u64,
    /// The larger of the two: wasm memory does not shrink.
    pub peak: u64,
    /// Operations of one step.
    pub flop: u64,
}

impl TrainingPlan {
    /// `files`: bytes of the model's files.
    pub fn new(config: &LlamaConfig, files: u64, batch: &Batch) -> Self {
        let weights = weights::bytes_in_memory(config, files);
        let training = weights + library(config) + 4 * numbers_of_a_step(config, batch);
        let loading = files + weights + library(config);
        Self { weights, loading, training, peak: loading.max(training), flop: step_flop(config, batch) }
    }

    /// The largest batch, at most the one planned, whose training fits in `bytes`; 0 where not even one example does.
    pub fn largest_batch(config: &LlamaConfig, files: u64, batch: &Batch, bytes: u64) -> usize {
        let fits =
            |size: &usize| Self::new(config, files, &Batch { batch_size: *size, ..batch.clone() }).training <= bytes;
        if fits(&batch.batch_size) {
            return batch.batch_size;
        }
        // No batch is larger than the dataset.
        let sizes: Vec<usize> = (1..=batch.batch_size.min(batch.example_tokens.len())).collect();
        sizes.partition_point(fits) // a larger batch never needs less
    }
}

/// The sizes of a model: from its `config.json`, or from the beginning of a GGUF file.
///
/// # Errors
/// Where the model will not work here, as far as these bytes tell.
pub fn config_of(bytes: &[u8]) -> Result<LlamaConfig> {
    if !bytes.starts_with(b"GGUF") {
        return LlamaConfig::from_json(bytes);
    }
    let gguf = Gguf::read(bytes)?;
    gguf_tokenizer::check_kind(&gguf.metadata())?;
    weights::gguf_config(&gguf)
}

/// Bytes of the library itself, the tokenizer and the tables of angles.
fn library(config: &LlamaConfig) -> u64 {
    const BASE: u64 = 16 << 20;
    const TOKEN: u64 = 400;
    BASE + TOKEN * config.vocab_size as u64
}

impl Batch {
    /// The longest examples that one batch can hold, in rows of text.
    fn rows(&self) -> usize {
        let mut lengths = self.example_tokens.clone();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths.iter().take(self.batch_size).sum()
    }

    /// A mean batch: (examples, rows of text, response tokens).
    fn mean(&self) -> (u64, u64, u64) {
        let all = self.example_tokens.len().max(1) as u64;
        let examples = (self.batch_size as u64).clamp(1, all);
        let tokens: u64 = self.example_tokens.iter().map(|n| *n as u64).sum();
        (examples, tokens * examples / all, self.response_tokens as u64 * examples / all)
    }
}

/// Numbers that a step keeps at a time: the tapes of all blocks, one block's intermediate results, the logits, and the
/// constant part of the first block.
fn numbers_of_a_step(config: &LlamaConfig, batch: &Batch) -> u64 {
    let longest = batch.example_tokens.iter().max().copied().unwrap_or(0);
    // a part of a batch ends before the budget, or is one example
    let rows = (batch.rows().min(row_budget(config).max(longest)) + batch.virtual_tokens) as u64;
    let (d, f, layers) = (config.hidden_size as u64, config.intermediate_size as u64, config.num_hidden_layers as u64);
    let tapes = rows * layers * numbers_per_row(config) as u64;
    let block = rows * (6 * d + 3 * f);
    let predicting = (batch.response_tokens as u64).min(rows);
    let logits = (LOGITS as u64).min(predicting * config.vocab_size as u64);
    let tokens: u64 = batch.example_tokens.iter().map(|n| *n as u64).sum();
    let first = (tokens * (2 * d)).min(16 << 20);
    // values, gradient, two moments, and the copy that is saved
    let trained = 5 * batch.trained_numbers as u64;
    tapes + block + logits + first + trained
}

/// Operations of the linear layers of a mean batch, forward and backward: every row once, the last block and the head
/// on the rows that predict (`tests/work.rs` has the whole formula), and those of attention.
fn step_flop(config: &LlamaConfig, batch: &Batch) -> u64 {
    let [d, f, vocabulary, layers] =
        [config.hidden_size, config.intermediate_size, config.vocab_size, config.num_hidden_layers].map(|n| n as u64);
    let [q, kv] =
        [config.num_attention_heads, 2 * config.num_key_value_heads].map(|heads| (heads * config.head_dim) as u64);
    let ((examples, text, predicting), prompt) = (batch.mean(), batch.virtual_tokens as u64);
    let rows = text + prompt;
    let rest = q * d + 3 * d * f;
    let first = prompt * d * (q + kv) + rows * rest;
    let middle = layers.saturating_sub(2) * rows * (d * (q + kv) + rest);
    let last = rows * d * kv + predicting * (d * q + rest);
    let keys = prompt + text / (2 * examples);
    let attention = q * keys * (7 * layers.saturating_sub(1) * rows + 7 * predicting);
    2 * (2 * (first + middle + last + predicting * vocabulary * d) + attention)
}

/// Measures how fast this device trains a model of some sizes: one block of it, with empty weights in the precision
/// that its products read, forward and backward.
pub struct Probe {
    llama: Llama,
    rows: usize,
}

/// Rows that go through the block: enough that expanding its weights costs as little a row as in a real batch.
const PROBE_ROWS: usize = 256;

impl Probe {
    /// `files`: bytes of the model's files, which tell the precision of its weights.
    ///
    /// # Errors
    /// Where the sizes do not fit the blocks of that precision.
    pub fn new(config: &LlamaConfig, files: u64) -> Result<Self> {
        let stored = weights::stored_parameters(config);
        if stored > 4 * files {
            return Err(Error::model(format!(
                "The model's files have {files} bytes, but its configuration asks for {stored} weights. The two are not of the same model."
            )));
        }
        let bits = if weights::is_expanded(config) { 32 } else { 8 * files / stored.max(1) };
        let (d, f) = (config.hidden_size, config.intermediate_size);
        let [q, kv] = [config.num_attention_heads, config.num_key_value_heads].map(|heads| heads * config.head_dim);
        let matrix =
            |rows, columns| -> Result<Matrix> { Ok(weights::as_computed(empty(rows, columns, bits)?, config)) };
        let layer = || -> Result<Layer> {
            Ok(Layer {
                attention_norm: vec![1.0; d],
                wq: matrix(q, d)?,
                wk: matrix(kv, d)?,
                wv: matrix(kv, d)?,
                wo: matrix(d, q)?,
                mlp_norm: vec![1.0; d],
                w_gate: matrix(f, d)?,
                w_up: matrix(f, d)?,
                w_down: matrix(d, f)?,
            })
        };
        // of two blocks, since the last one computes less
        let (layers, embedding) = (vec![layer()?, layer()?], Matrix::from_f32(1, d, vec![0.0; d]));
        let llama = Llama::new(config.clone(), embedding, layers, vec![1.0; d], None);
        Ok(Self { llama, rows: PROBE_ROWS.min(config.max_position_embeddings) })
    }

    /// Runs the block once; returns the operations that it did.
    pub fn run(&self) -> u64 {
        let (d, before) = (self.llama.config.hidden_size, work::done());
        let positions: Vec<usize> = (0..self.rows).collect();
        let spans: Vec<Span> = positions.iter().map(|last| Span { shared: 0, first: 0, last: *last }).collect();
        let place = Place { positions: &positions, spans: &spans, queries: &positions };
        let x = (0..self.rows * d).map(|i| (i % 7) as f32 * 0.1).collect();
        let (y, tape) = self.llama.layer_forward(0, x, place, &mut KeysValues::default(), true);
        if let Some(tape) = tape {
            self.llama.layer_backward(0, tape, place, self.rows, y);
        }
        work::done() - before
    }
}

/// A matrix of zeros in the precision of `bits` a weight; the time of a product does not depend on the numbers.
fn empty(rows: usize, columns: usize, bits: u64) -> Result<Matrix> {
    let quantised = |dtype: GgmlDType| {
        let bytes = rows * columns / dtype.block_size() * dtype.type_size();
        Matrix::from_quantised(rows, columns, vec![0; bytes], dtype)
    };
    match bits {
        24.. => Ok(Matrix::from_f32(rows, columns, vec![0.0; rows * columns])),
        12.. => Ok(Matrix::from_bf16(rows, columns, vec![half::bf16::ZERO; rows * columns])),
        7.. => quantised(GgmlDType::Q8_0),
        _ => quantised(GgmlDType::Q4_1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smollm2() -> LlamaConfig {
        LlamaConfig::from_json(
            br#"{"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
            "num_key_value_heads": 3, "vocab_size": 49152, "tie_word_embeddings": true}"#,
        )
        .unwrap()
    }

    fn batch(batch_size: usize) -> Batch {
        Batch { example_tokens: vec![98; 10], response_tokens: 700, virtual_tokens: 20, batch_size, trained_numbers: 0 }
    }

    #[test]
    fn a_smaller_batch_needs_less_and_the_largest_that_fits_is_found() {
        let plans: Vec<u64> =
            [1, 5, 10].map(|size| TrainingPlan::new(&smollm2(), 98 << 20, &batch(size)).training).to_vec();
        assert!(plans.is_sorted() && plans[0] < plans[2]);
        let largest = |bytes| TrainingPlan::largest_batch(&smollm2(), 98 << 20, &batch(10), bytes);
        assert_eq!(largest(plans[2]), 10);
        assert_eq!(largest(plans[1]), 5);
        assert_eq!(largest(10 << 20), 0);
    }

    #[test]
    fn weights_of_a_tied_model_are_counted_once_where_its_files_are_read() {
        let plan = TrainingPlan::new(&smollm2(), 269 << 20, &batch(5));
        assert_eq!(plan.weights, 269 << 20, "a large model stays as it is stored");
        assert_eq!(plan.loading, 2 * (269 << 20) + library(&smollm2()));
        assert_eq!(weights::stored_parameters(&smollm2()), 134_479_872);
    }

    #[test]
    fn the_header_of_a_gguf_file_tells_its_sizes() {
        let file = std::fs::read(format!("{}/tests/fixtures/tiny/gguf_q8_0.gguf", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let whole = config_of(&file).unwrap();
        assert_eq!((whole.hidden_size, whole.vocab_size), (32, 320));
        let header = file.windows(16).rposition(|window| window == b"output_norm.weig").unwrap_or(0).max(12_000);
        assert_eq!(config_of(&file[..header.min(file.len())]).unwrap(), whole, "without the weights");
        assert!(config_of(&file[..200]).is_err());
    }

    #[test]
    fn the_probe_does_the_work_of_a_block() {
        let linear = 2 * 2 * PROBE_ROWS as u64 * (4 * 64 * 64 + 3 * 64 * 128);
        // The larger one reads its weights as its files have them.
        for (vocabulary, bits) in [(100, 32), (100, 8), (600_000, 32), (600_000, 16), (600_000, 8), (600_000, 5)] {
            let config = LlamaConfig::from_json(
                format!(
                    r#"{{"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 4, "num_attention_heads": 2,
                    "vocab_size": {vocabulary}}}"#
                )
                .as_bytes(),
            )
            .unwrap();
            assert_eq!(weights::is_expanded(&config), vocabulary == 100);
            let files = weights::stored_parameters(&config) * bits / 8;
            let flop = Probe::new(&config, files).unwrap().run();
            assert!(flop > linear && flop < 3 * linear, "{flop} against {linear}");
        }
    }

    #[test]
    fn the_bundled_model_in_eight_bits_is_measured_though_its_rows_are_no_whole_blocks() {
        let config = LlamaConfig::from_json(
            br#"{"hidden_size": 256, "intermediate_size": 688, "num_hidden_layers": 6, "num_attention_heads": 4,
            "num_key_value_heads": 1, "vocab_size": 4096, "tie_word_embeddings": true}"#,
        )
        .unwrap();
        assert!(Probe::new(&config, 5_553_582).unwrap().run() > 0);
    }
}
