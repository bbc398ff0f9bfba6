//! Loss and gradient of a batch by its virtual tokens, one block of the network at a call: forward through the blocks,
//! the head and the loss, backward through the blocks. A worker can answer between two calls.

use crate::block::{KeysValues, LayerTape};
use crate::config::LlamaConfig;
use crate::error::Result;
use crate::kernels::vector::add;
use crate::language_model::LanguageModel;
use crate::ops::cross_entropy::{self, Prediction};
use crate::rows::{Rows, TokenRow};

/// Text rows that go through the network at a time, and the numbers that may be kept for their backward (768 MiB).
const MOST_ROWS: usize = 2048;
const MOST_NUMBERS: usize = 192 << 20;

/// The result of a pass.
pub struct Gradient {
    /// What every response token cost, example after example.
    pub predictions: Vec<Prediction>,
    /// Gradient of the mean loss by the virtual tokens: (virtual tokens, hidden size).
    pub d_rows: Vec<f32>,
}

/// A pass over a batch. Large batches are cut into parts that fit a budget of rows, whose gradients add up.
pub struct GradientPass {
    /// Parts still to do, the last one first; one of them is under way.
    parts: Vec<Rows>,
    soft_rows: Vec<f32>,
    /// Weight of one response token in the mean loss.
    scale: f32,
    stage: Stage,
    total: Gradient,
}

/// Where the part under way stands; the tape has one entry for each block that is done and not yet undone.
enum Stage {
    Start,
    Forward { x: Vec<f32>, tape: Vec<LayerTape> },
    Backward { dy: Vec<f32>, tape: Vec<LayerTape> },
}

impl GradientPass {
    /// # Errors
    /// Where an example does not fit the model's context.
    pub fn new(model: &LanguageModel, examples: &[&TokenRow], soft_rows: Vec<f32>) -> Result<Self> {
        let parts = parts_of(examples, row_budget(&model.llama.config))
            .into_iter()
            .rev()
            .map(|part| model.batch(part, &soft_rows));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let targets: usize = parts.iter().map(|rows| rows.targets.len()).sum();
        let total = Gradient { predictions: Vec::with_capacity(targets), d_rows: vec![0.0; soft_rows.len()] };
        Ok(Self { parts, soft_rows, scale: 1.0 / targets as f32, stage: Stage::Start, total })
    }

    /// Does one more block; true while there is more to do.
    pub fn advance(&mut self, model: &LanguageModel) -> bool {
        let Some(rows) = self.parts.last() else { return false };
        let llama = &model.llama;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Start) {
            Stage::Start => Stage::Forward { x: model.inputs(rows, &self.soft_rows), tape: Vec::new() },
            Stage::Forward { x, mut tape } if tape.len() < llama.layers() => {
                let (y, kept) = llama.layer_forward(tape.len(), x, rows.place(), &mut KeysValues::default(), true);
                tape.extend(kept);
                Stage::Forward { x: y, tape }
            }
            Stage::Forward { x, tape } => {
                let hidden = llama.last_norm(&x);
                let (predictions, d_hidden) =
                    cross_entropy::forward_backward(&hidden, llama.head(), &rows.targets, self.scale);
                self.total.predictions.extend(predictions);
                Stage::Backward { dy: llama.last_norm_backward(&x, &d_hidden), tape }
            }
            Stage::Backward { dy, mut tape } => match tape.pop() {
                Some(kept) => {
                    let dy = llama.layer_backward(tape.len(), kept, rows.place(), rows.virtual_tokens, dy);
                    Stage::Backward { dy, tape }
                }
                None => {
                    add(&mut self.total.d_rows, &dy);
                    self.parts.pop();
                    Stage::Start
                }
            },
        };
        !self.parts.is_empty()
    }

    /// The gradient, once [`GradientPass::advance`] has said that nothing is left.
    pub fn finish(self) -> Gradient {
        self.total
    }
}

/// Text rows of a part: as many as the tapes of all blocks ([`LayerTape`]) have room for.
fn row_budget(config: &LlamaConfig) -> usize {
    let attention = (config.num_attention_heads + 2 * config.num_key_value_heads) * config.head_dim;
    let row = 2 * config.hidden_size + attention + 2 * config.intermediate_size;
    (MOST_NUMBERS / (row * config.num_hidden_layers)).clamp(1, MOST_ROWS)
}

/// Cuts a batch into parts of at most `budget` text rows, at least one example each.
fn parts_of<'a, 'b>(examples: &'a [&'b TokenRow], budget: usize) -> Vec<&'a [&'b TokenRow]> {
    let mut parts = Vec::new();
    let (mut start, mut rows) = (0, 0);
    for (i, example) in examples.iter().enumerate() {
        if i > start && rows + example.ids.len() > budget {
            parts.push(&examples[start..i]);
            (start, rows) = (i, 0);
        }
        rows += example.ids.len();
    }
    parts.push(&examples[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_every_example_once_within_the_budget() {
        let rows: Vec<TokenRow> =
            [3, 4, 9, 1, 2, 2].iter().map(|length| TokenRow { ids: vec![0; *length], response: 1 }).collect();
        let rows: Vec<&TokenRow> = rows.iter().collect();
        let lengths = |budget| parts_of(&rows, budget).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(lengths(100), [6]);
        assert_eq!(lengths(7), [2, 1, 3], "a row longer than the budget is a part of its own");
        assert_eq!(lengths(1), [1; 6]);
    }

    #[test]
    fn large_models_take_fewer_rows_at_a_time() {
        let config = |hidden_size: usize, num_hidden_layers: usize| {
            let sizes = format!(
                r#"{{"hidden_size": {hidden_size}, "intermediate_size": {}, "num_hidden_layers": {num_hidden_layers},
                "num_attention_heads": 8, "vocab_size": 100}}"#,
                4 * hidden_size
            );
            LlamaConfig::from_json(sizes.as_bytes()).unwrap()
        };
        assert_eq!(row_budget(&config(192, 6)), MOST_ROWS);
        let rows = row_budget(&config(2048, 16));
        assert!(rows > 100 && rows * 16 * 13 * 2048 <= MOST_NUMBERS, "{rows}");
    }
}
