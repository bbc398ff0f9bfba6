//! The soft prompt that a run keeps: the mean of its prompts from the lowest held-out loss on, while the loss stays near it.
//!
//! One step alone is chosen by very few held-out examples, and the prompt still swings from step to step. The mean of
//! prompts that do about as well takes the swing out, as averaging checkpoints does for weights (Vaswani et al. 2017,
//! arXiv:1706.03762, section 6.1; Izmailov et al. 2018, arXiv:1803.05407). Measured in `pretrain/README.md`.

use crate::soft_prompt::SoftPrompt;

/// How much higher than the lowest held-out loss a step's may be, as a share of it, to count in the mean.
pub const NEAR_LOWEST: f64 = 0.03;

/// Where an evaluated prompt stands among those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The lowest held-out loss so far: the mean begins anew with it.
    Lowest,
    /// Near the lowest: it counts in the mean.
    Near,
    /// Too far above the lowest, or not a number: it does not count.
    Worse,
}

/// What a run keeps, evaluation by evaluation.
#[derive(Debug, Default)]
pub struct KeptPrompt {
    mean: Option<Mean>,
}

#[derive(Debug)]
struct Mean {
    lowest: f64,
    first_step: u32,
    last_step: u32,
    like: SoftPrompt,
    /// Of every number of the prompts that count: (virtual tokens · width).
    sums: Vec<f64>,
    count: u32,
}

impl KeptPrompt {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the prompt of a step with its held-out loss (mean a token). Steps come in their order.
    pub fn offer(&mut self, step: u32, held_out_loss: f64, prompt: &SoftPrompt) -> Standing {
        match &mut self.mean {
            _ if !held_out_loss.is_finite() => Standing::Worse,
            Some(mean) if held_out_loss >= mean.lowest => mean.add_if_near(step, held_out_loss, prompt),
            _ => {
                self.mean = Some(Mean::of(step, held_out_loss, prompt));
                Standing::Lowest
            }
        }
    }

    /// The mean; `None` before the first prompt with a finite loss.
    pub fn prompt(&self) -> Option<SoftPrompt> {
        let Mean { like, sums, count, .. } = self.mean.as_ref()?;
        Some(like.with_vectors(sums.iter().map(|sum| (sum / f64::from(*count)) as f32).collect()))
    }

    /// The first step that counts, which has the lowest loss, and the last one.
    pub fn steps(&self) -> Option<(u32, u32)> {
        self.mean.as_ref().map(|mean| (mean.first_step, mean.last_step))
    }

    /// How many prompts count.
    pub fn count(&self) -> u32 {
        self.mean.as_ref().map_or(0, |mean| mean.count)
    }
}

impl Mean {
    fn of(step: u32, lowest: f64, prompt: &SoftPrompt) -> Self {
        let sums = prompt.vectors().iter().copied().map(f64::from).collect();
        Self { lowest, first_step: step, last_step: step, like: prompt.clone(), sums, count: 1 }
    }

    fn add_if_near(&mut self, step: u32, loss: f64, prompt: &SoftPrompt) -> Standing {
        if loss > self.lowest * (1.0 + NEAR_LOWEST) {
            return Standing::Worse;
        }
        for (sum, number) in self.sums.iter_mut().zip(prompt.vectors()) {
            *sum += f64::from(*number);
        }
        self.last_step = step;
        self.count += 1;
        Standing::Near
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soft_prompt::PromptKind;

    fn prompt(value: f32) -> SoftPrompt {
        SoftPrompt::of_width(vec![value, -value], 2, PromptKind::Embeddings)
    }

    #[test]
    fn one_prompt_is_kept_bit_for_bit() {
        let mut kept = KeptPrompt::new();
        assert_eq!(kept.prompt(), None);
        assert_eq!(kept.offer(5, 2.0, &prompt(0.1)), Standing::Lowest);
        assert_eq!(kept.offer(10, 2.1, &prompt(9.0)), Standing::Worse);
        assert_eq!(kept.prompt(), Some(prompt(0.1)));
        assert_eq!((kept.steps(), kept.count()), (Some((5, 5)), 1));
    }

    #[test]
    fn steps_near_the_lowest_count_and_those_between_them_that_are_not_do_not() {
        let mut kept = KeptPrompt::new();
        for (step, loss, value, standing) in [
            (5, 1.00, 1.0, Standing::Lowest),
            (10, 1.02, 2.0, Standing::Near),
            (15, 1.04, 50.0, Standing::Worse),
            (20, 1.03, 6.0, Standing::Near),
            (25, 1.0, 7.0, Standing::Near),
        ] {
            assert_eq!(kept.offer(step, loss, &prompt(value)), standing, "step {step}");
        }
        assert_eq!(kept.prompt(), Some(prompt(4.0)));
        assert_eq!((kept.steps(), kept.count()), (Some((5, 25)), 4));
    }

    #[test]
    fn a_lower_loss_begins_anew() {
        let mut kept = KeptPrompt::new();
        kept.offer(5, 1.00, &prompt(1.0));
        kept.offer(10, 1.01, &prompt(2.0));
        assert_eq!(kept.offer(15, 0.99, &prompt(3.0)), Standing::Lowest);
        assert_eq!(kept.prompt(), Some(prompt(3.0)));
        assert_eq!(kept.steps(), Some((15, 15)));
    }

    #[test]
    fn a_loss_that_is_not_a_number_never_counts() {
        let mut kept = KeptPrompt::new();
        assert_eq!(kept.offer(5, f64::NAN, &prompt(1.0)), Standing::Worse);
        assert_eq!(kept.prompt(), None);
        kept.offer(10, 1.0, &prompt(2.0));
        assert_eq!(kept.offer(15, f64::INFINITY, &prompt(3.0)), Standing::Worse);
        assert_eq!(kept.count(), 1);
    }
}
