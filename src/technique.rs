//! What is trained and how it becomes rows in front of the input.
//!
//! A technique holds candle variables and computes the virtual tokens from them. The frozen engine gives the gradient
//! by those rows; candle's tape carries it on to the variables. P-tuning's encoder comes in through the same door.

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};

use crate::error::Result;
use crate::soft_prompt::SoftPrompt;

/// A way to make virtual tokens from trained variables.
pub trait Technique {
    /// Everything that is trained.
    fn variables(&self) -> Vec<Var>;

    /// The rows in front of the input: (virtual tokens, hidden size).
    fn virtual_tokens(&self) -> Result<Tensor>;

    /// Gradients of the variables for `d_rows`, the gradient of the loss by the rows: backward of Σ rows · d_rows.
    fn backward(&self, d_rows: &[f32]) -> Result<GradStore> {
        let rows = self.virtual_tokens()?;
        let d_rows = Tensor::from_slice(d_rows, rows.shape(), &Device::Cpu)?;
        Ok((rows * d_rows)?.sum_all()?.backward()?)
    }

    /// How many numbers are trained.
    fn trained_numbers(&self) -> usize {
        self.variables().iter().map(|v| v.elem_count()).sum()
    }
}

/// Prompt tuning (Lester et al. 2021): the rows themselves are trained.
pub struct PromptTuning {
    rows: Var, // (virtual tokens, hidden size)
}

impl PromptTuning {
    pub fn new(start: &SoftPrompt) -> Result<Self> {
        let shape = (start.virtual_tokens(), start.hidden_size());
        Ok(Self { rows: Var::from_slice(start.vectors(), shape, &Device::Cpu)? })
    }
}

impl Technique for PromptTuning {
    fn variables(&self) -> Vec<Var> {
        vec![self.rows.clone()]
    }

    fn virtual_tokens(&self) -> Result<Tensor> {
        Ok(self.rows.as_tensor().clone())
    }
}
