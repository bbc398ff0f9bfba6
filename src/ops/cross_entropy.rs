//! The head and the loss: logits = h Wᵀ on the rows that predict a response token, and their cross-entropy (nats).

use super::linear;
use crate::kernels::vector::{exp_in_place, max};
use crate::matrix::Matrix;

/// Logits that are held at a time (64 MiB): the head is expanded anew for every such chunk of rows.
pub(crate) const LOGITS: usize = 1 << 24;

/// What one row predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// −log p(target), nats.
    pub loss: f32,
    /// The target is the most likely token.
    pub correct: bool,
    /// The most likely token.
    pub likeliest: u32,
}

/// hidden: (rows, hidden size), targets: one token id a row.
pub fn forward(hidden: &[f32], head: &Matrix, targets: &[u32]) -> Vec<Prediction> {
    let mut predictions = Vec::with_capacity(targets.len());
    for_each_chunk(hidden, head, targets, |logits, targets| {
        for (row, target) in logits.chunks_exact_mut(head.rows()).zip(targets) {
            predictions.push(predict(row, *target).0);
        }
    });
    predictions
}

/// As [`forward`], and the gradient of `scale` · Σ loss by `hidden`: W ᵀ(p − 1[target]) · scale.
pub fn forward_backward(hidden: &[f32], head: &Matrix, targets: &[u32], scale: f32) -> (Vec<Prediction>, Vec<f32>) {
    let (vocabulary, width) = head.shape();
    let mut predictions = Vec::with_capacity(targets.len());
    let mut d_hidden = vec![0.0; hidden.len()];
    for_each_chunk(hidden, head, targets, |logits, chunk_targets| {
        let first = predictions.len();
        for (row, target) in logits.chunks_exact_mut(vocabulary).zip(chunk_targets) {
            let (prediction, sum) = predict(row, *target);
            predictions.push(prediction);
            let factor = scale / sum;
            row.iter_mut().for_each(|p| *p *= factor);
            row[*target as usize] -= scale;
        }
        linear::backward(logits, head, &mut d_hidden[first * width..predictions.len() * width]);
    });
    (predictions, d_hidden)
}

/// Leaves exp(logit − largest logit) in `row`; their sum is the second result.
fn predict(row: &mut [f32], target: u32) -> (Prediction, f32) {
    let target = target as usize;
    let (logit, max) = (row[target], max(row));
    let likeliest = row.iter().position(|logit| *logit == max).unwrap_or(row.len());
    let sum = exp_in_place(row, 1.0, max);
    let correct = likeliest == target;
    (Prediction { loss: max + sum.ln() - logit, correct, likeliest: likeliest as u32 }, sum)
}

fn for_each_chunk(hidden: &[f32], head: &Matrix, targets: &[u32], mut use_logits: impl FnMut(&mut [f32], &[u32])) {
    let (vocabulary, width) = head.shape();
    let rows = (LOGITS / vocabulary).max(1);
    let mut logits = vec![0.0; rows.min(targets.len()) * vocabulary];
    for (hidden, targets) in hidden.chunks(rows * width).zip(targets.chunks(rows)) {
        let logits = &mut logits[..targets.len() * vocabulary];
        logits.fill(0.0);
        linear::forward(hidden, head, logits);
        use_logits(logits, targets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gradient_check::{check, random};

    #[test]
    fn gradient_equals_finite_differences() {
        let (hidden, targets) = (random(5 * 12, 1), [3, 0, 9, 9, 6]);
        let head = Matrix::from_f32(10, 12, random(120, 2));
        let (predictions, d_hidden) = forward_backward(&hidden, &head, &targets, 1.0);
        assert_eq!(predictions, forward(&hidden, &head, &targets));
        check(&hidden, &d_hidden, &[1.0; 5], |hidden| {
            forward(hidden, &head, &targets).iter().map(|p| p.loss).collect()
        });
    }

    #[test]
    fn uniform_logits_cost_the_logarithm_of_the_vocabulary() {
        let head = Matrix::from_f32(7, 4, vec![0.0; 28]);
        let loss = forward(&[1.0; 4], &head, &[2])[0].loss;
        assert!((loss - 7f32.ln()).abs() < 1e-6);
    }
}
