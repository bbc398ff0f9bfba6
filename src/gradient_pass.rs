//! Loss and gradient of a batch by its virtual tokens, one block of the network at a call: forward through the blocks,
//! the head and the loss, backward through the blocks. A worker can answer between two calls.

use crate::block::{KeysValues, LayerTape};
use crate::error::Result;
use crate::kernels::vector::add;
use crate::language_model::LanguageModel;
use crate::ops::cross_entropy::{self, Prediction};
use crate::rows::{Rows, TokenRow};

/// Text rows that go through the network at a time; bounds what is kept for the backward.
const ROW_BUDGET: usize = 2048;

/// The result of a pass.
pub struct Gradient {
    /// What every response token cost, example after example.
    pub predictions: Vec<Prediction>,
    /// Gradient of the mean loss by the virtual tokens: (virtual tokens, hidden size).
    pub d_rows: Vec<f32>,
}

/// A pass over a batch. Large batches are cut into parts of at most [`ROW_BUDGET`] rows, whose gradients add up.
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
        let parts = parts_of(examples).into_iter().rev().map(|part| model.batch(part, &soft_rows));
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

/// Cuts a batch into parts of at most [`ROW_BUDGET`] text rows, at least one example each.
fn parts_of<'a, 'b>(examples: &'a [&'b TokenRow]) -> Vec<&'a [&'b TokenRow]> {
    let mut parts = Vec::new();
    let (mut start, mut rows) = (0, 0);
    for (i, example) in examples.iter().enumerate() {
        if i > start && rows + example.ids.len() > ROW_BUDGET {
            parts.push(&examples[start..i]);
            (start, rows) = (i, 0);
        }
        rows += example.ids.len();
    }
    parts.push(&examples[start..]);
    parts
}
