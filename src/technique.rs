//! What is trained and how it becomes a soft prompt in front of the input: prompt tuning, prefix tuning, P-tuning.
//!
//! A technique holds the trained numbers and computes the soft prompt from them. The frozen engine gives the gradient by
//! the soft prompt; the technique carries it on to what it trains.

use crate::error::Result;
use crate::model::Llama;
use crate::rng::Rng;
use crate::settings::{PeftType, TunerSettings};
use crate::soft_prompt::SoftPrompt;
use crate::tokenizer::ChatTokenizer;

pub mod initial;
pub mod lstm;
pub mod network;
pub mod p_tuning;
pub mod prefix_tuning;
mod products;
pub mod prompt_tuning;
pub mod shape;
pub mod template;

/// One trained tensor, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

impl Parameter {
    pub fn new(shape: &[usize], values: Vec<f32>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), values }
    }

    /// Normal numbers with mean 0.
    pub fn normal(shape: &[usize], std: f64, rng: &mut Rng) -> Self {
        Self::new(shape, (0..shape.iter().product()).map(|_| (rng.normal() * std) as f32).collect())
    }

    /// Uniform numbers between `-bound` and `bound`.
    pub fn uniform(shape: &[usize], bound: f64, rng: &mut Rng) -> Self {
        Self::new(shape, (0..shape.iter().product()).map(|_| ((2.0 * rng.uniform() - 1.0) * bound) as f32).collect())
    }
}

/// A way to make a soft prompt from trained numbers.
pub trait Technique {
    /// Everything that is trained.
    fn parameters(&self) -> Vec<&Parameter>;

    /// The same, for the optimizer.
    fn parameters_mut(&mut self) -> Vec<&mut Parameter>;

    /// The soft prompt as it is now.
    fn soft_prompt(&self) -> SoftPrompt;

    /// Gradients of the parameters, in their order, for `d_prompt`, the gradient of the loss by the soft prompt's numbers.
    fn backward(&self, d_prompt: &[f32]) -> Vec<Vec<f32>>;

    /// What is not trained and yet part of the soft prompt: what an encoder's output is added to. A run that goes on
    /// needs it.
    fn fixed(&self) -> Option<&Vec<f32>> {
        None
    }

    /// Restores it.
    fn set_fixed(&mut self, _fixed: Vec<f32>) {}

    /// How many numbers are trained.
    fn trained_numbers(&self) -> usize {
        self.parameters().iter().map(|parameter| parameter.values.len()).sum()
    }
}

/// The technique that the settings ask for, before its first step. `start`: a soft prompt to begin from in place of the
/// settings' initialisation.
///
/// # Errors
/// Where the text to start from has no tokens, or `start` is not of the technique's kind and size.
pub fn new(
    settings: &TunerSettings,
    llama: &Llama,
    tokenizer: &ChatTokenizer,
    start: Option<&SoftPrompt>,
    rng: &mut Rng,
) -> Result<Box<dyn Technique>> {
    if let Some(start) = start {
        initial::check_start(start, settings, llama, tokenizer)?;
    }
    Ok(match settings.peft_type {
        PeftType::PromptTuning => {
            let start = initial::start_or(start, || initial::embeddings(settings, llama, tokenizer, rng))?;
            Box::new(prompt_tuning::PromptTuning::new(start))
        }
        PeftType::PrefixTuning => Box::new(prefix_tuning::PrefixTuning::new(settings, llama, tokenizer, start, rng)?),
        PeftType::PTuning => p_tuning::new(settings, llama, tokenizer, start, rng)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_parameters_have_the_spread_they_are_asked_for() {
        let mut rng = Rng::new(0);
        let uniform = Parameter::uniform(&[100, 100], 0.2, &mut rng).values;
        let (least, most) = uniform.iter().fold((0f32, 0f32), |(least, most), v| (least.min(*v), most.max(*v)));
        assert!((-0.2..-0.199).contains(&least) && (0.199..0.2).contains(&most), "{least} to {most}");
        let normal = Parameter::normal(&[100, 100], 0.2, &mut rng).values;
        let moment = |values: &[f32], power| values.iter().map(|v| f64::from(*v).powi(power)).sum::<f64>() / 10_000.0;
        assert!(moment(&uniform, 1).abs() < 0.005 && moment(&normal, 1).abs() < 0.01);
        assert!((moment(&uniform, 2).sqrt() - 0.2 / 3f64.sqrt()).abs() < 0.003);
        assert!((moment(&normal, 2).sqrt() - 0.2).abs() < 0.005);
    }
}
