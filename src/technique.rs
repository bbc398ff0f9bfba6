//! What is trained and how it becomes rows in front of the input.
//!
//! A technique holds the trained numbers and computes the virtual tokens from them. The frozen engine gives the
//! gradient by those rows; the technique carries it on to what it trains. P-tuning's encoder comes in through the same
//! door.

use crate::soft_prompt::SoftPrompt;

/// One trained tensor, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// A way to make virtual tokens from trained numbers.
pub trait Technique {
    /// Everything that is trained.
    fn parameters(&self) -> Vec<&Parameter>;

    /// The same, for the optimizer.
    fn parameters_mut(&mut self) -> Vec<&mut Parameter>;

    /// The rows in front of the input: (virtual tokens, hidden size).
    fn virtual_tokens(&self) -> Vec<f32>;

    /// Gradients of the parameters, in their order, for `d_rows`, the gradient of the loss by the rows.
    fn backward(&self, d_rows: &[f32]) -> Vec<Vec<f32>>;

    /// How many numbers are trained.
    fn trained_numbers(&self) -> usize {
        self.parameters().iter().map(|parameter| parameter.values.len()).sum()
    }
}

/// Prompt tuning (Lester et al. 2021): the rows themselves are trained.
pub struct PromptTuning {
    rows: Parameter, // (virtual tokens, hidden size)
}

impl PromptTuning {
    pub fn new(start: &SoftPrompt) -> Self {
        let shape = vec![start.virtual_tokens(), start.hidden_size()];
        Self { rows: Parameter { shape, values: start.vectors().to_vec() } }
    }
}

impl Technique for PromptTuning {
    fn parameters(&self) -> Vec<&Parameter> {
        vec![&self.rows]
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        vec![&mut self.rows]
    }

    fn virtual_tokens(&self) -> Vec<f32> {
        self.rows.values.clone()
    }

    fn backward(&self, d_rows: &[f32]) -> Vec<Vec<f32>> {
        vec![d_rows.to_vec()]
    }
}
