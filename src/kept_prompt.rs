//! The soft prompt that a run keeps: the mean of its prompts from the lowest held-out loss on, while the loss stays near it.
//!
//! One step alone is chosen by very few held-out examples, and the prompt still swings from step to step. The mean of
//! prompts that do about as well takes the swing out, as averaging checkpoints does for weights (Vaswani et al. 2017,
//! arXiv:1706.03762, section 6.1). As in a greedy soup (Wortsman et al. 2022, arXiv:2203.05482, section 2), a prompt counts
//! only where the mean with it is near the lowest loss too. Measured in `pretrain/README.md`.

use crate::error::{Error, Result};
use crate::soft_prompt::SoftPrompt;

/// How much higher than the lowest held-out loss one may be, as a share of it, to be near it.
pub const NEAR_LOWEST: f64 = 0.03;

/// Where an evaluated prompt stands among those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The lowest held-out loss so far: the mean begins anew with it.
    Lowest,
    /// Near the lowest: it counts where the mean with it is near as well ([`KeptPrompt::take`]).
    Near,
    /// Too far above the lowest, or not a number: it does not count.
    Worse,
}

/// What a run keeps, evaluation by evaluation. Losses are means a token; steps come in their order.
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

    /// Where the prompt of a step stands by its held-out loss. The lowest one is kept at once.
    ///
    /// # Errors
    /// Where it has another size or kind than those before it.
    pub fn offer(&mut self, step: u32, held_out_loss: f64, prompt: &SoftPrompt) -> Result<Standing> {
        self.check(prompt)?;
        Ok(match &self.mean {
            _ if !held_out_loss.is_finite() => Standing::Worse,
            Some(mean) if held_out_loss >= mean.lowest && mean.is_near(held_out_loss) => Standing::Near,
            Some(mean) if held_out_loss >= mean.lowest => Standing::Worse,
            _ => {
                self.mean = Some(Mean::of(step, held_out_loss, prompt));
                Standing::Lowest
            }
        })
    }

    /// The mean as it would be with this prompt; `None` before the first one with a finite loss.
    ///
    /// # Errors
    /// Where it has another size or kind than those before it.
    pub fn mean_with(&self, prompt: &SoftPrompt) -> Result<Option<SoftPrompt>> {
        self.check(prompt)?;
        Ok(self.mean.as_ref().map(|mean| mean.over(&mean.sums_with(prompt), mean.count + 1)))
    }

    /// Takes a prompt that is near the lowest into the mean, where the held-out loss of the mean with it is near as well.
    ///
    /// # Errors
    /// Where it has another size or kind than those before it.
    pub fn take(&mut self, step: u32, prompt: &SoftPrompt, loss_of_mean: f64) -> Result<bool> {
        self.check(prompt)?;
        let Some(mean) = self.mean.as_mut().filter(|mean| mean.is_near(loss_of_mean)) else { return Ok(false) };
        mean.sums = mean.sums_with(prompt);
        mean.last_step = step;
        mean.count += 1;
        Ok(true)
    }

    /// The mean; `None` before the first prompt with a finite loss.
    pub fn prompt(&self) -> Option<SoftPrompt> {
        self.mean.as_ref().map(|mean| mean.over(&mean.sums, mean.count))
    }

    /// The first step that counts, which has the lowest loss, and the last one.
    pub fn steps(&self) -> Option<(u32, u32)> {
        self.mean.as_ref().map(|mean| (mean.first_step, mean.last_step))
    }

    /// How many prompts count.
    pub fn count(&self) -> u32 {
        self.mean.as_ref().map_or(0, |mean| mean.count)
    }

    fn check(&self, prompt: &SoftPrompt) -> Result<()> {
        let form = |prompt: &SoftPrompt| (prompt.virtual_tokens(), prompt.width(), prompt.kind());
        match &self.mean {
            Some(mean) if form(&mean.like) != form(prompt) => Err(Error::input(
                "This prompt has another size or kind than those before it: keep the prompts of each run apart.",
            )),
            _ => Ok(()),
        }
    }
}

impl Mean {
    fn of(step: u32, lowest: f64, prompt: &SoftPrompt) -> Self {
        let sums = prompt.vectors().iter().copied().map(f64::from).collect();
        Self { lowest, first_step: step, last_step: step, like: prompt.clone(), sums, count: 1 }
    }

    fn is_near(&self, loss: f64) -> bool {
        loss <= self.lowest * (1.0 + NEAR_LOWEST)
    }

    fn sums_with(&self, prompt: &SoftPrompt) -> Vec<f64> {
        self.sums.iter().zip(prompt.vectors()).map(|(sum, number)| sum + f64::from(*number)).collect()
    }

    fn over(&self, sums: &[f64], count: u32) -> SoftPrompt {
        self.like.with_vectors(sums.iter().map(|sum| (sum / f64::from(count)) as f32).collect())
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
        assert_eq!(kept.offer(5, 2.0, &prompt(0.1)).unwrap(), Standing::Lowest);
        assert_eq!(kept.offer(10, 2.1, &prompt(9.0)).unwrap(), Standing::Worse);
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
            assert_eq!(kept.offer(step, loss, &prompt(value)).unwrap(), standing, "step {step}");
            if standing == Standing::Near {
                assert!(kept.take(step, &prompt(value), 1.0).unwrap(), "step {step}");
            }
        }
        assert_eq!(kept.prompt(), Some(prompt(4.0)));
        assert_eq!((kept.steps(), kept.count()), (Some((5, 25)), 4));
    }

    #[test]
    fn a_lower_loss_begins_anew() {
        let mut kept = KeptPrompt::new();
        kept.offer(5, 1.00, &prompt(1.0)).unwrap();
        assert_eq!(kept.offer(10, 1.01, &prompt(2.0)).unwrap(), Standing::Near);
        assert!(kept.take(10, &prompt(2.0), 1.0).unwrap());
        assert_eq!(kept.offer(15, 0.99, &prompt(3.0)).unwrap(), Standing::Lowest);
        assert_eq!(kept.prompt(), Some(prompt(3.0)));
        assert_eq!(kept.steps(), Some((15, 15)));
    }

    #[test]
    fn a_prompt_that_spoils_the_mean_is_left_out() {
        let mut kept = KeptPrompt::new();
        kept.offer(5, 1.00, &prompt(1.0)).unwrap();
        for (step, loss_of_mean) in [(10, 1.04), (15, f64::NAN)] {
            assert_eq!(kept.offer(step, 1.02, &prompt(9.0)).unwrap(), Standing::Near);
            assert_eq!(kept.mean_with(&prompt(9.0)).unwrap(), Some(prompt(5.0)));
            assert!(!kept.take(step, &prompt(9.0), loss_of_mean).unwrap(), "step {step}");
        }
        assert!(kept.take(20, &prompt(2.0), 1.03).unwrap());
        assert_eq!(kept.prompt(), Some(prompt(1.5)));
        assert_eq!((kept.steps(), kept.count()), (Some((5, 20)), 2));
    }

    #[test]
    fn a_prompt_of_another_size_or_kind_is_refused_and_changes_nothing() {
        let mut kept = KeptPrompt::new();
        kept.offer(5, 1.0, &prompt(1.0)).unwrap();
        for other in [
            SoftPrompt::of_width(vec![1.0; 4], 2, PromptKind::Embeddings),
            SoftPrompt::of_width(vec![1.0; 2], 1, PromptKind::Embeddings),
            SoftPrompt::of_width(vec![1.0; 2], 2, PromptKind::KeysValues),
        ] {
            assert!(kept.offer(10, 0.5, &other).is_err());
            assert!(kept.mean_with(&other).is_err());
            assert!(kept.take(10, &other, 0.5).is_err());
        }
        assert_eq!((kept.prompt(), kept.count()), (Some(prompt(1.0)), 1));
    }

    #[test]
    fn a_loss_that_is_not_a_number_never_counts() {
        let mut kept = KeptPrompt::new();
        assert_eq!(kept.offer(5, f64::NAN, &prompt(1.0)).unwrap(), Standing::Worse);
        assert_eq!(kept.prompt(), None);
        kept.offer(10, 1.0, &prompt(2.0)).unwrap();
        assert_eq!(kept.offer(15, f64::INFINITY, &prompt(3.0)).unwrap(), Standing::Worse);
        assert_eq!(kept.count(), 1);
    }
}
