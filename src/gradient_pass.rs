//! Loss and gradient of a batch by its virtual tokens, one block of the network at a call: forward through the blocks,
//! the head and the loss, backward through the blocks. A worker can answer between two calls.

use crate::block::{KeysValues, LayerTape, Projection};
use crate::config::LlamaConfig;
use crate::error::Result;
use crate::kernels::vector::add;
use crate::kernels::work;
use crate::language_model::LanguageModel;
use crate::ops::cross_entropy;
use crate::prefix;
use crate::rows::{Rows, TokenRow};
use crate::soft_prompt::SoftPrompt;
use crate::training_rows::{FirstBlocks, TrainingRows};

/// Text rows that go through the network at a time, and the numbers that may be kept for their backward (768 MiB).
const MOST_ROWS: usize = 2048;
const MOST_NUMBERS: usize = 192 << 20;

/// The result of a pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gradient {
    /// Cross-entropy summed over the response tokens, nats.
    pub loss_sum: f64,
    /// Gradient of Σ loss / targets by the soft prompt: (virtual tokens, numbers of one).
    pub d_rows: Vec<f32>,
    /// Floating-point operations of the products.
    pub flop: u64,
}

/// A pass over a batch. Large batches are cut into parts that fit a budget of rows, whose gradients add up.
pub struct GradientPass {
    /// Parts still to do, the last one first; one of them is under way.
    parts: Vec<Part>,
    first_blocks: Option<FirstBlocks>,
    prompt: SoftPrompt,
    /// Prefix tuning: the keys and values in front of every layer; empty ones otherwise.
    prefix: Vec<KeysValues>,
    /// Weight of one response token in the mean loss.
    scale: f32,
    stage: Stage,
    total: Gradient,
}

struct Part {
    /// Indices into the training examples.
    examples: Vec<usize>,
    rows: Rows,
}

/// Where the part under way stands; the tape has one entry for each block that is done and not yet undone.
enum Stage {
    Start,
    First { x: Vec<f32>, projection: Projection },
    Forward { x: Vec<f32>, tape: Vec<LayerTape> },
    Backward { dy: Vec<f32>, tape: Vec<LayerTape> },
}

impl GradientPass {
    /// Loss and gradient of `examples`, in one go.
    ///
    /// # Errors
    /// As [`GradientPass::new`].
    pub fn whole(model: &LanguageModel, examples: &[&TokenRow], prompt: &SoftPrompt) -> Result<Gradient> {
        let every: Vec<usize> = (0..examples.len()).collect();
        let targets = examples.iter().map(|row| row.targets()).sum();
        let rows = examples.iter().map(|row| (*row).clone()).collect();
        let rows = TrainingRows::of_rows(model, rows, prompt.virtual_tokens());
        let mut pass = Self::new(model, &rows, &every, prompt.clone(), targets)?;
        while pass.advance(model) {}
        Ok(pass.finish())
    }

    /// A pass over the examples `share` of `rows`; `targets` is the number of response tokens that the mean loss is
    /// taken over (of the whole batch, where this is a share of it).
    ///
    /// # Errors
    /// Where an example does not fit the model's context.
    pub fn new(
        model: &LanguageModel,
        rows: &TrainingRows,
        share: &[usize],
        prompt: SoftPrompt,
        targets: usize,
    ) -> Result<Self> {
        let parts = parts_of(share, rows.rows(), row_budget(&model.llama.config)).into_iter().rev().map(|part| {
            let examples: Vec<&TokenRow> = part.iter().map(|i| &rows.rows()[*i]).collect();
            Ok(Part { examples: part.to_vec(), rows: model.batch(&examples, &prompt)? })
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let total = Gradient { d_rows: vec![0.0; prompt.vectors().len()], ..Gradient::default() };
        let scale = 1.0 / targets as f32;
        let prefix = prompt.cache(&model.llama);
        Ok(Self { parts, first_blocks: rows.first_blocks(), prompt, prefix, scale, stage: Stage::Start, total })
    }

    /// Does one more block; true while there is more to do.
    pub fn advance(&mut self, model: &LanguageModel) -> bool {
        let Some(part) = self.parts.last() else { return false };
        let (llama, rows, before) = (&model.llama, &part.rows, work::done());
        self.stage = match std::mem::replace(&mut self.stage, Stage::Start) {
            Stage::Start => match &self.first_blocks {
                Some(blocks) => {
                    let (x, projection) = blocks.of_batch(llama, rows, &part.examples, self.prompt.rows());
                    Stage::First { x, projection }
                }
                None => Stage::Forward { x: model.inputs(rows, &self.prompt), tape: Vec::new() },
            },
            Stage::First { x, projection } => {
                let (x, kept) = llama.first_layer_forward(x, projection, rows.place(), &mut self.prefix[0].clone());
                Stage::Forward { x, tape: kept.into_iter().collect() }
            }
            Stage::Forward { x, mut tape } if tape.len() < llama.layers() => {
                let mut kv = self.prefix[tape.len()].clone();
                let (y, kept) = llama.layer_forward(tape.len(), x, rows.place(), &mut kv, true);
                tape.extend(kept);
                Stage::Forward { x: y, tape }
            }
            Stage::Forward { x, tape } => {
                let hidden = llama.last_norm(&x);
                let (predictions, d_hidden) =
                    cross_entropy::forward_backward(&hidden, llama.head(), &rows.targets, self.scale);
                self.total.loss_sum += predictions.iter().map(|p| f64::from(p.loss)).sum::<f64>();
                Stage::Backward { dy: llama.last_norm_backward(&x, &d_hidden), tape }
            }
            Stage::Backward { dy, mut tape } => match tape.pop() {
                Some(kept) => {
                    let (dy, d_prefix) = llama.layer_backward(tape.len(), kept, rows.place(), rows.virtual_tokens, dy);
                    if rows.prefix_keys > 0 {
                        prefix::add_gradient(&mut self.total.d_rows, tape.len(), &d_prefix, &llama.config);
                    }
                    Stage::Backward { dy, tape }
                }
                None => {
                    if rows.virtual_tokens > 0 {
                        add(&mut self.total.d_rows, &dy);
                    }
                    self.parts.pop();
                    Stage::Start
                }
            },
        };
        self.total.flop += work::done() - before;
        !self.is_done()
    }

    pub fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// The gradient, once [`GradientPass::advance`] has said that nothing is left.
    pub fn finish(self) -> Gradient {
        self.total
    }
}

/// Text rows of a part: as many as the tapes of all blocks have room for.
pub(crate) fn row_budget(config: &LlamaConfig) -> usize {
    (MOST_NUMBERS / (numbers_per_row(config) * config.num_hidden_layers)).clamp(1, MOST_ROWS)
}

/// Numbers of one row in the tape of a block ([`LayerTape`]).
pub(crate) fn numbers_per_row(config: &LlamaConfig) -> usize {
    let attention = (config.num_attention_heads + 2 * config.num_key_value_heads) * config.head_dim;
    2 * config.hidden_size + attention + 2 * config.intermediate_size
}

/// Cuts a share into parts of at most `budget` text rows, at least one example each.
fn parts_of<'a>(share: &'a [usize], rows: &[TokenRow], budget: usize) -> Vec<&'a [usize]> {
    let mut parts = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (i, example) in share.iter().enumerate() {
        let length = rows[*example].ids.len();
        if i > start && tokens + length > budget {
            parts.push(&share[start..i]);
            (start, tokens) = (i, 0);
        }
        tokens += length;
    }
    parts.push(&share[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_every_example_once_within_the_budget() {
        let rows: Vec<TokenRow> =
            [3, 4, 9, 1, 2, 2].iter().map(|length| TokenRow { ids: vec![0; *length], response: 1 }).collect();
        let lengths =
            |budget| parts_of(&[0, 1, 2, 3, 4, 5], &rows, budget).iter().map(|part| part.len()).collect::<Vec<_>>();
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
