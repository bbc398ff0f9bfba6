//! Prompt tuning (Lester et al. 2021, arXiv:2104.08691): the rows in front of the input are themselves trained.
//! Reference: PEFT 0.21, `tuners/prompt_tuning/model.py`.

use super::{Parameter, Technique};
use crate::soft_prompt::SoftPrompt;

/// Also prefix tuning without an encoder, whose keys and values are trained themselves.
pub struct PromptTuning {
    start: SoftPrompt,
    vectors: Parameter, // (virtual tokens, numbers of one)
}

impl PromptTuning {
    pub fn new(start: SoftPrompt) -> Self {
        let shape = [start.virtual_tokens(), start.width()];
        let vectors = Parameter::new(&shape, start.vectors().to_vec());
        Self { start, vectors }
    }
}

impl Technique for PromptTuning {
    fn parameters(&self) -> Vec<&Parameter> {
        vec![&self.vectors]
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        vec![&mut self.vectors]
    }

    fn soft_prompt(&self) -> SoftPrompt {
        self.start.with_vectors(self.vectors.values.clone())
    }

    fn backward(&self, d_prompt: &[f32]) -> Vec<Vec<f32>> {
        vec![d_prompt.to_vec()]
    }
}
