//! A step's batch in shares, one for each worker. Every worker computes loss and gradient of its share at the same soft
//! prompt; the sum is taken in the order of the shares, so the same seed and the same number of workers give the same
//! numbers.

use std::rc::Rc;

use crate::dataset::Example;
use crate::error::{Error, Result};
use crate::gradient_pass::{Gradient, GradientPass};
use crate::language_model::LanguageModel;
use crate::rows::TokenRow;
use crate::soft_prompt::{PromptKind, SoftPrompt};
use crate::training_rows::TrainingRows;

/// Cuts `batch` (indices into `rows`) into at most `workers` shares of nearly equal length: the longest example first,
/// each to the share that has least. A share keeps the order of the batch; none is empty.
pub fn shares(batch: &[usize], rows: &[TokenRow], workers: usize) -> Vec<Vec<usize>> {
    let count = workers.clamp(1, batch.len().max(1));
    let length = |at: &usize| rows[batch[*at]].ids.len();
    let mut longest_first: Vec<usize> = (0..batch.len()).collect();
    longest_first.sort_by_key(|at| std::cmp::Reverse(length(at)));
    let mut shares: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new()); count];
    for at in longest_first {
        if let Some((tokens, share)) = shares.iter_mut().min_by_key(|(tokens, _)| *tokens) {
            *tokens += length(&at);
            share.push(at);
        }
    }
    let in_order = |(_, mut share): (usize, Vec<usize>)| {
        share.sort_unstable();
        share.into_iter().map(|at| batch[at]).collect()
    };
    shares.into_iter().map(in_order).collect()
}

/// Where a share of the step under way stands.
pub enum Share {
    /// Nobody has begun here; another worker may have it.
    Waiting(Vec<usize>),
    UnderWay(Box<GradientPass>),
    Done(Gradient),
}

/// A worker without a run of its own: it computes gradients of shares that the run's worker hands out.
pub struct GradientWorker {
    model: Rc<LanguageModel>,
    rows: TrainingRows,
    /// Of the run's kind and size; its numbers come with each share.
    prompt: SoftPrompt,
    pass: Option<GradientPass>,
}

impl GradientWorker {
    /// `examples`: those of the run, in its order; `virtual_tokens` of the kind `kind` are in front of them.
    pub fn new(
        model: Rc<LanguageModel>,
        examples: &[Example],
        virtual_tokens: usize,
        kind: PromptKind,
    ) -> Result<Self> {
        let rows = TrainingRows::new(&model, examples, virtual_tokens)?;
        let zeros = vec![0.0; virtual_tokens * kind.width(&model.llama.config)];
        let prompt = SoftPrompt::new(zeros, kind, &model.llama)?;
        Ok(Self { model, rows, prompt, pass: None })
    }

    /// Begins a share: `vectors` the soft prompt's numbers, `targets` the response tokens of the whole batch.
    /// What was under way is thrown away.
    pub fn begin(&mut self, share: &[usize], vectors: Vec<f32>, targets: usize) -> Result<()> {
        let fits = vectors.len() == self.prompt.vectors().len();
        if !fits || share.iter().any(|row| *row >= self.rows.rows().len()) {
            return Err(Error::Internal("A worker was given a share of another run.".to_string()));
        }
        self.pass =
            Some(GradientPass::new(&self.model, &self.rows, share, self.prompt.with_vectors(vectors), targets)?);
        Ok(())
    }

    /// Computes one more block; true while there is more to do.
    pub fn advance(&mut self) -> bool {
        self.pass.as_mut().is_some_and(|pass| pass.advance(&self.model))
    }

    /// The gradient of the share, once; none where no share was begun or it is not done.
    pub fn take(&mut self) -> Option<Gradient> {
        self.pass.take_if(|pass| pass.is_done()).map(GradientPass::finish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(lengths: &[usize]) -> Vec<TokenRow> {
        lengths.iter().map(|length| TokenRow { ids: vec![0; *length], response: 1 }).collect()
    }

    #[test]
    fn shares_hold_every_example_once_in_the_order_of_the_batch() {
        let rows = rows(&[10, 90, 30, 40, 30]);
        assert_eq!(shares(&[4, 1, 0, 2, 3], &rows, 2), [vec![1, 0], vec![4, 2, 3]]);
        assert_eq!(shares(&[4, 1, 0], &rows, 1), [vec![4, 1, 0]]);
        assert_eq!(shares(&[4, 1, 0], &rows, 8).len(), 3, "no share is empty");
        assert_eq!(shares(&[2, 2], &rows, 2), [[2], [2]], "an example may come twice");
    }
}
