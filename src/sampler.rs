//! The choice of the next token: greedy, or by temperature and top-p, with a repetition penalty.

use std::collections::HashSet;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::kernels::vector::{argmax, max, softmax};
use crate::rng::Rng;

/// How an answer is decoded; names and meaning as in `transformers`' `GenerationConfig`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GenerationSettings {
    /// 0 is greedy.
    pub temperature: f64,
    /// Above 0, at most 1; 1 is off.
    pub top_p: f64,
    /// Divides positive and multiplies negative logits of tokens already written (Keskar et al. 2019); 1 is off.
    /// Tokens of the question do not count, as in `transformers` where the model is given embeddings.
    pub repetition_penalty: f64,
    pub max_new_tokens: f64,
    pub seed: f64,
}

impl GenerationSettings {
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        let bounds = [
            ("The temperature", self.temperature, 0.0, 10.0),
            ("Top-p", self.top_p, 1e-6, 1.0),
            ("The repetition penalty", self.repetition_penalty, 1.0, 10.0),
            ("The maximum length", self.max_new_tokens, 1.0, 100_000.0),
            ("The seed", self.seed, 0.0, f64::from(u32::MAX)),
        ];
        for (name, value, min, max) in bounds {
            if !(min..=max).contains(&value) {
                return Err(Error::input(format!("{name} is {value}, but must be from {min} to {max}.")));
            }
        }
        Ok(())
    }
}

pub struct Sampler {
    temperature: f32,
    top_p: f32,
    repetition_penalty: f32,
    rng: Rng,
}

impl Sampler {
    pub fn new(settings: &GenerationSettings) -> Self {
        Self {
            temperature: settings.temperature as f32,
            top_p: settings.top_p as f32,
            repetition_penalty: settings.repetition_penalty as f32,
            rng: Rng::new(settings.seed as u64),
        }
    }

    /// The next token's id; `written` are the tokens of the answer so far. `logits` is used up.
    pub fn choose(&mut self, logits: &mut [f32], written: &[u32]) -> u32 {
        for id in written.iter().collect::<HashSet<_>>() {
            let logit = &mut logits[*id as usize];
            *logit = if *logit > 0.0 { *logit / self.repetition_penalty } else { *logit * self.repetition_penalty };
        }
        if self.temperature == 0.0 {
            return argmax(logits) as u32;
        }
        // Relative to the largest, so that a temperature near 0 gives no infinite numbers.
        let largest = max(logits);
        logits.iter_mut().for_each(|logit| *logit = (*logit - largest) / self.temperature);
        softmax(logits);
        self.draw(logits)
    }

    /// Draws from the smallest set of tokens whose probabilities add up to `top_p` (Holtzman et al. 2020).
    fn draw(&mut self, probabilities: &[f32]) -> u32 {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
        let (mut kept, mut mass) = (0, 0.0);
        while kept < order.len() && (kept == 0 || mass < self.top_p) {
            mass += probabilities[order[kept]];
            kept += 1;
        }
        let mut left = self.rng.uniform() as f32 * mass;
        for id in &order[..kept] {
            left -= probabilities[*id];
            if left <= 0.0 {
                return *id as u32;
            }
        }
        order[kept - 1] as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(temperature: f64, top_p: f64, repetition_penalty: f64) -> Sampler {
        Sampler::new(&GenerationSettings { temperature, top_p, repetition_penalty, max_new_tokens: 1.0, seed: 1.0 })
    }

    #[test]
    fn greedy_takes_the_largest_and_the_penalty_moves_on() {
        assert_eq!(sampler(0.0, 1.0, 1.0).choose(&mut [1.0, 2.0, 1.9], &[1]), 1);
        assert_eq!(sampler(0.0, 1.0, 1.3).choose(&mut [1.0, 2.0, 1.9], &[1, 1]), 2);
        assert_eq!(sampler(0.0, 1.0, 1.3).choose(&mut [-1.0, -1.1], &[0]), 1);
    }

    #[test]
    fn sampling_follows_the_probabilities() {
        let mut sampler = sampler(1.0, 1.0, 1.0);
        let logits = [0.7f32.ln(), 0.2f32.ln(), 0.1f32.ln()];
        let mut counts = [0i32; 3];
        for _ in 0..10_000 {
            counts[sampler.choose(&mut logits.clone(), &[]) as usize] += 1;
        }
        for (count, expected) in counts.iter().zip([7000, 2000, 1000]) {
            assert!((count - expected).abs() < 200, "{counts:?}");
        }
    }

    #[test]
    fn top_p_leaves_out_the_tail() {
        let mut sampler = sampler(1.0, 0.85, 1.0);
        let logits = [0.7f32.ln(), 0.2f32.ln(), 0.1f32.ln()];
        assert!((0..2000).all(|_| sampler.choose(&mut logits.clone(), &[]) < 2));
    }

    #[test]
    fn a_temperature_near_zero_is_greedy() {
        assert_eq!(sampler(1e-40, 1.0, 1.0).choose(&mut [1.0, 2.0, 1.9], &[]), 1);
    }
}
