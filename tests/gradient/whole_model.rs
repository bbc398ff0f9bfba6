//! Loss and gradient of the soft prompt through the whole network.

use candle_core::{DType, Device, Var};
use prompt_playground::config::LlamaConfig;
use prompt_playground::dataset::Example;
use prompt_playground::gradient_pass::GradientPass;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::prefix;
use prompt_playground::rng::Rng;
use prompt_playground::rows::TokenRow;
use prompt_playground::soft_prompt::{PromptKind, SoftPrompt};
use prompt_playground::weights;
use serde::Deserialize;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::candle_llama::{CandleLlama, Tokens};
use crate::common::relative_error;
use crate::random::{Shape, normal};

const CONFIG: &[u8] = include_bytes!("../../www/models/bundled/config.json");
const TOKENIZER: &[u8] = include_bytes!("../../www/models/bundled/tokenizer.json");
const TOKENIZER_CONFIG: &[u8] = include_bytes!("../../www/models/bundled/tokenizer_config.json");
const WEIGHTS: &[u8] = include_bytes!("../../www/models/bundled/model.safetensors");
const CASE: &[u8] = include_bytes!("../fixtures/smarthome.json");

const LOSS_TOLERANCE: f64 = 1e-5;
const GRADIENT_TOLERANCE: f64 = 1e-4;

/// Odd sizes: no width is a multiple of a register tile.
const ODD: Shape = Shape {
    hidden: 40,
    head_size: 10,
    heads: 4,
    kv_heads: 2,
    feed_forward: 24,
    vocabulary: 101,
    layers: 3,
    tied: false,
};

#[derive(Deserialize)]
struct Case {
    objective: String,
    examples: Vec<Example>,
}

fn bundled() -> LanguageModel {
    LanguageModel::from_hf(CONFIG, TOKENIZER, &[WEIGHTS], Some(TOKENIZER_CONFIG)).expect("a model")
}

/// The same weights in the engine and in the reference.
struct Pair {
    engine: LanguageModel,
    reference: CandleLlama,
}

impl Pair {
    fn bundled() -> Self {
        Self { engine: bundled(), reference: CandleLlama::new(CONFIG, WEIGHTS, DType::F64).expect("a model") }
    }

    /// The tokenizer is the bundled model's and never asked: the tests make up their token ids.
    fn random(shape: Shape) -> Self {
        let (config, weights) = (shape.config(), shape.weights(1));
        let llama_config = LlamaConfig::from_json(config.as_bytes()).expect("a configuration");
        let mut engine = bundled();
        engine.llama = weights::from_safetensors(&[&weights], llama_config).expect("a model");
        Self { engine, reference: CandleLlama::new(config.as_bytes(), &weights, DType::F64).expect("a model") }
    }

    /// The engine's mean loss and the gradient.
    fn by_engine(&self, rows: &[TokenRow], soft_rows: &[f32]) -> (f64, Vec<f32>) {
        let prompt = SoftPrompt::of_embeddings(soft_rows.to_vec(), &self.engine.llama).expect("rows");
        self.by_engine_with(rows, &prompt)
    }

    fn by_engine_with(&self, rows: &[TokenRow], prompt: &SoftPrompt) -> (f64, Vec<f32>) {
        let gradient = GradientPass::whole(&self.engine, &rows.iter().collect::<Vec<_>>(), prompt).expect("a gradient");
        let targets: usize = rows.iter().map(TokenRow::targets).sum();
        (gradient.loss_sum / targets as f64, gradient.d_rows)
    }

    /// The same by candle's autograd.
    fn by_autograd(&self, rows: &[TokenRow], soft_rows: &[f32]) -> (f64, Vec<f32>) {
        let width = self.reference.hidden_size();
        let values: Vec<f64> = soft_rows.iter().map(|v| f64::from(*v)).collect();
        let prompt = Var::from_vec(values, (soft_rows.len() / width, width), &Device::Cpu).expect("a variable");
        let examples: Vec<Tokens> = rows.iter().map(|row| Tokens { ids: &row.ids, response: row.response }).collect();
        let loss = self.reference.loss(&prompt, &examples).expect("a loss");
        let gradients = loss.backward().expect("gradients");
        let gradient = gradients.get(&prompt).expect("a gradient of the soft prompt").flatten_all().expect("numbers");
        let gradient = gradient.to_vec1::<f64>().expect("numbers").iter().map(|v| *v as f32).collect();
        (loss.to_scalar().expect("a number"), gradient)
    }

    fn compare(&self, rows: &[TokenRow], soft_rows: &[f32], what: &str) {
        let (loss, gradient) = self.by_engine(rows, soft_rows);
        let (expected_loss, expected) = self.by_autograd(rows, soft_rows);
        let loss_error = (loss / expected_loss - 1.0).abs();
        assert!(loss_error <= LOSS_TOLERANCE, "{what}: loss {loss}, autograd {expected_loss}");
        let error = relative_error(&gradient, &expected);
        assert!(error <= GRADIENT_TOLERANCE, "{what}: the gradient differs from autograd's by {error}");
        assert!(gradient.iter().all(|g| *g != 0.0 && g.is_finite()), "{what}: every trained number has a gradient");

        // Along the gradient itself the loss rises by its length; differences know of neither backward.
        let length = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let rise = |step: f64| {
            let scale = step / length;
            let moved =
                soft_rows.iter().zip(&gradient).map(|(row, g)| (f64::from(*row) + scale * f64::from(*g)) as f32);
            self.by_engine(rows, &moved.collect::<Vec<_>>()).0
        };
        // Five points (error of the fourth power of the step): near small random rows the loss bends within 0.01.
        let step = 4e-3;
        let slope = (8.0 * (rise(step) - rise(-step)) - (rise(2.0 * step) - rise(-2.0 * step))) / (12.0 * step);
        assert!((slope / length - 1.0).abs() < 1e-2, "{what}: differences give a slope of {slope}, not {length}");
    }
}

/// Prefix tuning has no rows of its own. Keys and values that the model made of a text give the loss of the text as
/// rows, and differences along many random directions give the slope that the gradient says.
fn compare_prefix(shape: Shape, virtual_tokens: usize, rows: &[TokenRow]) {
    let pair = Pair::random(shape);
    let llama = &pair.engine.llama;
    let ids: Vec<u32> = (0..virtual_tokens as u32).map(|i| (7 * i + 3) % llama.config.vocab_size as u32).collect();
    let as_rows = SoftPrompt::of_embeddings(llama.embed(&ids), llama).expect("rows");
    let as_prefix = SoftPrompt::new(prefix::of_text(&ids, llama), PromptKind::KeysValues, llama).expect("a prefix");
    let (by_rows, by_prefix) = (pair.by_engine_with(rows, &as_rows).0, pair.by_engine_with(rows, &as_prefix).0);
    assert!(
        (by_prefix / by_rows - 1.0).abs() < LOSS_TOLERANCE,
        "{shape:?}: {by_prefix} as a prefix, {by_rows} as rows"
    );

    let vectors = normal(as_prefix.vectors().len(), 0.5, 5);
    let loss = |vectors: &[f32]| {
        let prompt = SoftPrompt::new(vectors.to_vec(), PromptKind::KeysValues, llama).expect("a prefix");
        pair.by_engine_with(rows, &prompt)
    };
    let gradient = loss(&vectors).1;
    assert!(gradient.iter().all(|g| *g != 0.0 && g.is_finite()), "{shape:?}: every trained number has a gradient");
    let length = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    for seed in 0..6 {
        // Half of it along the gradient, so that the slope is large enough to be measured in f32.
        let noise = normal(vectors.len(), 1.0 / (vectors.len() as f32).sqrt(), 20 + seed);
        let direction: Vec<f64> =
            gradient.iter().zip(&noise).map(|(g, n)| f64::from(*g) / length + f64::from(*n)).collect();
        let moved = |step: f64| {
            let moved: Vec<f32> =
                vectors.iter().zip(&direction).map(|(v, d)| (f64::from(*v) + step * d) as f32).collect();
            loss(&moved).0
        };
        let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
        let expected: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(*g) * d).sum();
        assert!((slope / expected - 1.0).abs() < 2e-2, "{shape:?}: differences give {slope}, the gradient {expected}");
    }
}

/// Random examples of the given (tokens, index of the first response token), which all begin with the same `alike`
/// tokens as far as they go.
fn random_rows(vocabulary: usize, alike: usize, sizes: &[(usize, usize)]) -> Vec<TokenRow> {
    let mut rng = Rng::new(2);
    let mut ids = |length: usize| -> Vec<u32> { (0..length).map(|_| rng.below(vocabulary) as u32).collect() };
    let opening = ids(alike);
    let row = |(length, response): &(usize, usize)| {
        let own = ids(length.saturating_sub(alike));
        TokenRow { ids: opening.iter().copied().chain(own).take(*length).collect(), response: *response }
    };
    sizes.iter().map(row).collect()
}

fn compare_rows(shape: Shape, virtual_tokens: usize, rows: &[TokenRow], what: &str) {
    let soft_rows = normal(virtual_tokens * shape.hidden, 0.5, 3);
    Pair::random(shape).compare(rows, &soft_rows, &format!("{what}, {virtual_tokens} virtual tokens, {shape:?}"));
}

/// Examples of 2 to 17 tokens with responses of 1 to 16, which have nothing in common.
fn compare_random(shape: Shape, virtual_tokens: usize) {
    let rows = random_rows(shape.vocabulary, 0, &[(2, 1), (7, 3), (17, 1), (9, 8), (8, 4)]);
    compare_rows(shape, virtual_tokens, &rows, "rows of their own");
}

#[wasm_bindgen_test(unsupported = test)]
fn the_bundled_model_has_the_gradient_of_autograd() {
    let pair = Pair::bundled();
    let case: Case = serde_json::from_slice(CASE).expect("the chapter's case");
    let rows = pair.engine.token_rows(&case.examples[..3]).expect("rows");
    let ids = pair.engine.tokenizer.encode(&case.objective).expect("ids");
    pair.compare(&rows, &pair.engine.llama.embed(&ids[..7]), "start from the objective's text");
    pair.compare(&rows[..1], &normal(20 * pair.engine.llama.config.hidden_size, 0.1, 4), "random start, one example");
}

#[wasm_bindgen_test(unsupported = test)]
fn one_layer_is_first_and_last_at_once() {
    compare_random(Shape { layers: 1, ..ODD }, 5);
    compare_random(Shape { layers: 1, tied: true, ..ODD }, 1);
}

#[wasm_bindgen_test(unsupported = test)]
fn two_and_three_layers_of_odd_sizes() {
    compare_random(Shape { layers: 2, ..ODD }, 4);
    compare_random(ODD, 5);
    compare_random(Shape { tied: true, ..ODD }, 13);
}

#[wasm_bindgen_test(unsupported = test)]
fn queries_in_groups_of_every_size() {
    for (heads, kv_heads) in [(4, 4), (4, 1), (6, 3), (3, 1), (1, 1)] {
        compare_random(Shape { heads, kv_heads, layers: 2, ..ODD }, 3);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn heads_wider_and_narrower_than_the_hidden_size() {
    compare_random(Shape { head_size: 16, ..ODD }, 4);
    compare_random(Shape { head_size: 2, hidden: 33, feed_forward: 70, vocabulary: 9, ..ODD }, 4);
}

#[wasm_bindgen_test(unsupported = test)]
fn keys_and_values_in_front_of_every_layer() {
    let rows = |alike| random_rows(ODD.vocabulary, alike, &[(9, 7), (14, 3), (8, 7), (6, 2)]);
    for (layers, alike) in [(1, 0), (2, 6), (3, 3)] {
        compare_prefix(Shape { layers, ..ODD }, 5, &rows(alike));
    }
    compare_prefix(Shape { heads: 4, kv_heads: 4, layers: 2, ..ODD }, 1, &rows(4));
    compare_prefix(ODD, 40, &rows(0)[..1]);
}

#[wasm_bindgen_test(unsupported = test)]
fn examples_that_begin_alike() {
    let rows = |sizes| random_rows(ODD.vocabulary, 6, sizes);
    compare_rows(ODD, 4, &rows(&[(9, 7), (14, 8), (8, 7)]), "the same opening");
    compare_rows(ODD, 4, &rows(&[(9, 7), (14, 3), (8, 7)]), "a response within the opening");
    compare_rows(ODD, 4, &rows(&[(6, 5), (14, 8), (6, 5)]), "one is the opening of another, and twice the same");
    compare_rows(Shape { layers: 1, ..ODD }, 4, &rows(&[(6, 5), (14, 8), (6, 2)]), "one layer");
    compare_rows(ODD, 4, &rows(&[(6, 5)]), "one example");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_batch_of_more_rows_than_go_through_at_a_time() {
    let sizes: Vec<(usize, usize)> = (0..45).map(|i| (52 + i % 9, 8 + i)).collect();
    let rows = random_rows(ODD.vocabulary, 5, &sizes);
    assert!(rows.iter().map(|row| row.ids.len()).sum::<usize>() > 2048, "more than one part");
    compare_rows(Shape { layers: 2, ..ODD }, 3, &rows, "two parts");
}
