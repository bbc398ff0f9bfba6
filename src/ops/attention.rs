//! Causal attention with grouped queries over ragged rows that share a prefix.
//!
//! All rows of a batch stand one after another, without padding. The soft prompt's rows come first and are there once:
//! every query attends to them and to the earlier rows of its own example, and the gradients of all examples add up
//! in the prompt's keys and values.

use crate::kernels::vector::{add_scaled, dot, softmax};

/// The keys that one query attends to: rows `0 .. shared` and rows `first ..= last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub shared: usize,
    pub first: usize,
    pub last: usize,
}

impl Span {
    /// Rows of the keys, in order of position.
    fn keys(self) -> impl Iterator<Item = usize> {
        (0..self.shared).chain(self.first..=self.last)
    }
}

/// Sizes of the heads; `heads` is a multiple of `kv_heads`.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    pub heads: usize,
    pub kv_heads: usize,
    pub head_size: usize,
}

impl Heads {
    fn scale(&self) -> f32 {
        1.0 / (self.head_size as f32).sqrt()
    }

    /// Where head `head` stands in a row of queries, and its group's keys in a row of keys.
    fn columns(&self, head: usize) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let group = head / (self.heads / self.kv_heads);
        let size = self.head_size;
        (head * size..(head + 1) * size, group * size..(group + 1) * size)
    }
}

/// q: (queries, heads · size); k, v: (rows, kv_heads · size); one span a query. Returns (queries, heads · size).
pub fn forward(q: &[f32], k: &[f32], v: &[f32], spans: &[Span], heads: Heads) -> Vec<f32> {
    let (q_width, kv_width) = (heads.heads * heads.head_size, heads.kv_heads * heads.head_size);
    let mut out = vec![0.0; q.len()];
    let mut weights = Vec::new();
    for (i, span) in spans.iter().enumerate() {
        for head in 0..heads.heads {
            let (q_columns, kv_columns) = heads.columns(head);
            let q_row = &q[i * q_width..][q_columns.clone()];
            attention_weights(q_row, k, kv_width, kv_columns.clone(), *span, heads.scale(), &mut weights);
            let out_row = &mut out[i * q_width..][q_columns];
            for (key, weight) in span.keys().zip(&weights) {
                add_scaled(out_row, *weight, &v[key * kv_width..][kv_columns.clone()]);
            }
        }
    }
    out
}

/// Gradients of [`forward`] for `d_out`; the attention weights are computed anew instead of being kept.
///
/// `needed`: only rows `0 .. needed` of the keys and values get a gradient (all of them, or in the first layer the soft
/// prompt alone, since nothing before it depends on what is trained). Likewise only queries `0 .. needed_queries`.
/// Returns (dq, dk, dv) with `needed_queries` rows in dq and `needed` rows in dk and dv.
#[allow(clippy::too_many_arguments)]
pub fn backward(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    spans: &[Span],
    heads: Heads,
    d_out: &[f32],
    needed: usize,
    needed_queries: usize,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (q_width, kv_width) = (heads.heads * heads.head_size, heads.kv_heads * heads.head_size);
    let (mut dq, mut dk, mut dv) =
        (vec![0.0; needed_queries * q_width], vec![0.0; needed * kv_width], vec![0.0; needed * kv_width]);
    let (mut weights, mut d_weights) = (Vec::new(), Vec::new());
    for (i, span) in spans.iter().enumerate() {
        for head in 0..heads.heads {
            let (q_columns, kv_columns) = heads.columns(head);
            let q_row = &q[i * q_width..][q_columns.clone()];
            let d_out_row = &d_out[i * q_width..][q_columns.clone()];
            attention_weights(q_row, k, kv_width, kv_columns.clone(), *span, heads.scale(), &mut weights);
            d_weights.clear();
            d_weights.extend(span.keys().map(|key| dot(d_out_row, &v[key * kv_width..][kv_columns.clone()])));
            let mean = dot(&weights, &d_weights);
            for ((key, weight), d_weight) in span.keys().zip(&weights).zip(&d_weights) {
                let d_score = weight * (d_weight - mean) * heads.scale();
                if i < needed_queries {
                    add_scaled(
                        &mut dq[i * q_width..][q_columns.clone()],
                        d_score,
                        &k[key * kv_width..][kv_columns.clone()],
                    );
                }
                if key < needed {
                    add_scaled(&mut dk[key * kv_width..][kv_columns.clone()], d_score, q_row);
                    add_scaled(&mut dv[key * kv_width..][kv_columns.clone()], *weight, d_out_row);
                }
            }
        }
    }
    (dq, dk, dv)
}

/// softmax(q · k / sqrt(size)) over the keys of `span`.
fn attention_weights(
    q_row: &[f32],
    k: &[f32],
    kv_width: usize,
    columns: std::ops::Range<usize>,
    span: Span,
    scale: f32,
    weights: &mut Vec<f32>,
) {
    weights.clear();
    weights.extend(span.keys().map(|key| dot(q_row, &k[key * kv_width..][columns.clone()]) * scale));
    softmax(weights);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gradient_check::{check, random};

    const HEADS: Heads = Heads { heads: 4, kv_heads: 2, head_size: 6 };

    /// Two prompt rows and two examples of 3 and 2 rows.
    fn spans() -> Vec<Span> {
        let own = |shared, first, last| Span { shared, first, last };
        vec![own(0, 0, 0), own(0, 0, 1), own(2, 2, 2), own(2, 2, 3), own(2, 2, 4), own(2, 5, 5), own(2, 5, 6)]
    }

    fn inputs() -> (Vec<f32>, Vec<f32>, Vec<f32>, Vec<f32>) {
        (random(7 * 24, 1), random(7 * 12, 2), random(7 * 12, 3), random(7 * 24, 4))
    }

    #[test]
    fn gradient_equals_finite_differences() {
        let (q, k, v, w) = inputs();
        let (dq, dk, dv) = backward(&q, &k, &v, &spans(), HEADS, &w, 7, 7);
        check(&q, &dq, &w, |q| forward(q, &k, &v, &spans(), HEADS));
        check(&k, &dk, &w, |k| forward(&q, k, &v, &spans(), HEADS));
        check(&v, &dv, &w, |v| forward(&q, &k, v, &spans(), HEADS));
    }

    #[test]
    fn a_gradient_for_the_prompt_alone_is_the_first_part_of_the_whole() {
        let (q, k, v, w) = inputs();
        let (dq, dk, dv) = backward(&q, &k, &v, &spans(), HEADS, &w, 7, 7);
        let (dq_2, dk_2, dv_2) = backward(&q, &k, &v, &spans(), HEADS, &w, 2, 2);
        assert_eq!((&dq[..48], &dk[..24], &dv[..24]), (&dq_2[..], &dk_2[..], &dv_2[..]));
    }

    #[test]
    fn an_example_does_not_see_another() {
        let (q, mut k, v, _) = inputs();
        let before = forward(&q, &k, &v, &spans(), HEADS);
        k[2 * 12..5 * 12].iter_mut().for_each(|x| *x += 1.0);
        let after = forward(&q, &k, &v, &spans(), HEADS);
        assert_eq!(before[5 * 24..], after[5 * 24..], "rows of the second example");
        assert_ne!(before[3 * 24..5 * 24], after[3 * 24..5 * 24], "rows of the first example");
    }
}
