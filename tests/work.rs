//! The counter of floating-point work against the formula: what a step must do, and nothing more.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{Case, bundled, json, prompt_of};
use prompt_playground::gradient_pass::GradientPass;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::plan::{Batch, TrainingPlan};
use prompt_playground::rows::{Rows, TokenRow};
use prompt_playground::settings::TunerSettings;
use prompt_playground::tuner::Tuner;

/// Queries that attention computes together.
const CHUNK: u64 = 32;

/// Multiplications of the linear layers in one step: every row once, nothing for what does not depend on the soft
/// prompt, the head and the last block's query side on predicting rows only, no gradient of any weight.
fn linear(model: &LanguageModel, rows: &Rows) -> u64 {
    let config = &model.llama.config;
    let [d, f, vocabulary] = [config.hidden_size, config.intermediate_size, config.vocab_size].map(|n| n as u64);
    let [q, kv] =
        [config.num_attention_heads, 2 * config.num_key_value_heads].map(|heads| (heads * config.head_dim) as u64);
    let (all, prompt, predicting) = (rows.len() as u64, rows.virtual_tokens as u64, rows.targets.len() as u64);
    let rest = q * d + 3 * d * f;
    let first = prompt * d * (q + kv) + all * rest;
    let middle = (config.num_hidden_layers as u64 - 2) * all * (d * (q + kv) + rest);
    let last = all * d * kv + predicting * (d * q + rest);
    // The backward of a frozen linear layer costs what its forward does, for the same rows.
    2 * (first + middle + last + predicting * vocabulary * d)
}

/// Operations of the examples' queries, keys and values in the first block.
fn first_projections(model: &LanguageModel, examples: &[TokenRow]) -> u64 {
    let config = &model.llama.config;
    let width = (config.num_attention_heads + 2 * config.num_key_value_heads) * config.head_dim;
    examples.iter().map(|row| 2 * ((row.ids.len() - 1) * config.hidden_size * width) as u64).sum()
}

/// Multiplications of attention, where a query of block `b` multiplies `keys(b, its own keys)` keys in each product:
/// Q Kᵀ and P V forward, and five products backward. In the first block only the prompt's rows get a gradient.
fn attention(model: &LanguageModel, rows: &Rows, keys: impl Fn(u64) -> u64) -> u64 {
    let config = &model.llama.config;
    let width = (config.num_attention_heads * config.head_dim) as u64;
    let own = |row: usize| (rows.spans[row].shared + rows.spans[row].last + 1 - rows.spans[row].first) as u64;
    let pairs = |rows: &mut dyn Iterator<Item = usize>| rows.map(|row| keys(own(row))).sum::<u64>();
    let (every, prompt) = (pairs(&mut (0..rows.len())), pairs(&mut (0..rows.virtual_tokens)));
    let predicting = pairs(&mut rows.predicting.iter().copied());
    // Of the prompt's keys every row sees all; its own rows see a triangle.
    let shared = (rows.len() - rows.virtual_tokens) as u64 * rows.virtual_tokens as u64 + prompt;
    let first = 2 * every + 2 * every + prompt + 2 * shared;
    width * (first + 7 * (config.num_hidden_layers as u64 - 2) * every + 7 * predicting)
}

fn batch(rows: &[TokenRow], virtual_tokens: usize) -> Rows {
    let model = bundled();
    let prompt = prompt_of(&model, vec![0.0; virtual_tokens * model.llama.config.hidden_size]);
    Rows::new(&prompt, &rows.iter().collect::<Vec<_>>(), 512).unwrap()
}

#[test]
fn a_step_does_what_the_formula_says() {
    let (model, case) = (bundled(), json::<Case>("tests/fixtures/smarthome.json"));
    let settings =
        TunerSettings { prompt_tuning_init_text: case.objective.clone(), batch_size: 10, ..TunerSettings::default() };
    let virtual_tokens = settings.num_virtual_tokens;
    let mut tuner = Tuner::new(model.clone(), &case.examples, settings).unwrap();
    let (first, report) = (tuner.step().unwrap(), tuner.step().unwrap());

    let tokens = model.token_rows(&case.examples).unwrap();
    let rows = batch(&tokens, virtual_tokens);
    let least = 2 * (linear(&model, &rows) + attention(&model, &rows, |own| own));
    // Attention is computed in squares of CHUNK: a query meets fewer than that many keys that it does not attend to.
    let most = 2 * (linear(&model, &rows) + attention(&model, &rows, |own| own + 2 * CHUNK));
    assert!((least..most).contains(&report.flop), "{} not in {least} .. {most}", report.flop);
    assert_eq!(first.flop - report.flop, first_projections(&model, &tokens), "computed once a run");
    assert!((most as f64) < 1.2 * least as f64, "the bounds are close enough to mean something");

    let example_tokens = tokens.iter().map(|row| row.ids.len()).collect();
    let response_tokens = tokens.iter().map(|row| row.ids.len() - row.response).sum();
    let batch = Batch { example_tokens, response_tokens, virtual_tokens, batch_size: 10, trained_numbers: 0 };
    let planned = TrainingPlan::new(&model.llama.config, 0, &batch).flop;
    assert!((least..most).contains(&planned), "{planned} planned, not in {least} .. {most}");
}

#[test]
fn the_linear_layers_do_exactly_what_the_formula_says() {
    let model = bundled();
    // Everything fits one square of attention, so its work is that of whole rectangles; the examples begin unlike.
    let row = |length: u32, response| TokenRow { ids: (0..length).map(|i| 100 + (i + 1) * length).collect(), response };
    let (examples, virtual_tokens) = ([row(12, 6), row(9, 4)], 8);
    let rows = batch(&examples, virtual_tokens);
    let config = &model.llama.config;
    let prompt = prompt_of(&model, vec![0.1; virtual_tokens * config.hidden_size]);
    let gradient = GradientPass::whole(&model, &examples.iter().collect::<Vec<_>>(), &prompt).unwrap();

    let width = (config.num_attention_heads * config.head_dim) as u64;
    let layers = config.num_hidden_layers as u64;
    // (queries, queries in the last block, keys) of the soft prompt and of the two examples.
    let v = virtual_tokens as u64;
    let blocks = [(v, 0, v), (11, 6, v + 11), (8, 5, v + 8)];
    let rectangles: u64 = blocks
        .iter()
        .map(|(queries, last, keys)| {
            let of_prompt = if *last == 0 { queries * keys } else { 0 };
            let first = 4 * queries * keys + of_prompt + 2 * queries * v;
            first + 7 * (layers - 2) * queries * keys + 7 * last * keys
        })
        .sum();
    let expected = 2 * (linear(&model, &rows) + width * rectangles) + first_projections(&model, &examples);
    assert_eq!(gradient.flop, expected);
}
