//! Causal attention with grouped queries over ragged rows that share a prefix.
//!
//! All rows of a batch stand one after another, without padding. The soft prompt's rows come first and are there once:
//! every query attends to them and to the earlier rows of its own example, and the gradients of all examples add up
//! in the prompt's keys and values. Queries with the same first key form a block; a block's products
//! (Q Kᵀ, P V and their gradients) run on the register tile that the linear layers use.

use std::ops::Range;

use crate::kernels::gemm::{Panels, product};
use crate::kernels::vector::{add, add_scaled, dot, softmax};

/// The keys that one query attends to: rows `0 .. shared` and rows `first ..= last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub shared: usize,
    pub first: usize,
    pub last: usize,
}

impl Span {
    /// Number of keys.
    fn len(self) -> usize {
        self.shared + self.last + 1 - self.first
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

    /// Columns of head `head` in a row of queries.
    fn q_columns(&self, head: usize) -> Range<usize> {
        head * self.head_size..(head + 1) * self.head_size
    }

    /// Columns of the keys and values that head `head` shares with its group.
    fn kv_columns(&self, head: usize) -> Range<usize> {
        let group = head / (self.heads / self.kv_heads);
        group * self.head_size..(group + 1) * self.head_size
    }
}

/// One head of a block: consecutive queries whose keys begin at the same rows, so that earlier queries attend to a
/// prefix of the keys of later ones.
struct Block<'a> {
    /// Indices of the queries.
    queries: Range<usize>,
    spans: &'a [Span],
    /// Rows of the keys of the last query, in order of position.
    keys: Vec<usize>,
}

impl<'a> Block<'a> {
    /// All blocks of a batch, in order.
    fn all(spans: &'a [Span]) -> Vec<Self> {
        let mut start = 0;
        let same_keys = |a: &Span, b: &Span| (a.shared, a.first) == (b.shared, b.first) && a.last <= b.last;
        spans
            .chunk_by(same_keys)
            .map(|spans| {
                let queries = start..start + spans.len();
                start = queries.end;
                let last = spans[spans.len() - 1];
                Self { queries, spans, keys: (0..last.shared).chain(last.first..=last.last).collect() }
            })
            .collect()
    }

    /// The head's columns of the block's queries: (queries, size).
    fn of_queries(&self, x: &[f32], width: usize, columns: Range<usize>) -> Vec<f32> {
        self.queries.clone().flat_map(|row| &x[row * width..][columns.clone()]).copied().collect()
    }

    /// The head's columns of the block's keys or values: (keys, size).
    fn of_keys(&self, x: &[f32], width: usize, columns: Range<usize>) -> Vec<f32> {
        self.keys.iter().flat_map(|row| &x[row * width..][columns.clone()]).copied().collect()
    }

    /// softmax(Q Kᵀ / sqrt(size)): (queries, keys), zero where a query does not attend.
    fn weights(&self, q: &[f32], k: &[f32], size: usize, scale: f32) -> Vec<f32> {
        let mut weights = product(q, size, &Panels::of_rows(k, size));
        for (row, span) in weights.chunks_exact_mut(self.keys.len()).zip(self.spans) {
            let (attended, hidden) = row.split_at_mut(span.len());
            attended.iter_mut().for_each(|score| *score *= scale);
            softmax(attended);
            hidden.fill(0.0);
        }
        weights
    }
}

/// q: (queries, heads · size); k, v: (rows, kv_heads · size); one span a query. Returns (queries, heads · size).
pub fn forward(q: &[f32], k: &[f32], v: &[f32], spans: &[Span], heads: Heads) -> Vec<f32> {
    let (q_width, kv_width, size) = (heads.heads * heads.head_size, heads.kv_heads * heads.head_size, heads.head_size);
    let mut out = vec![0.0; q.len()];
    for block in Block::all(spans) {
        if block.queries.len() == 1 {
            let row = block.queries.start * q_width..block.queries.end * q_width;
            one_query(&q[row.clone()], k, v, &block.keys, heads, &mut out[row]);
            continue;
        }
        for head in 0..heads.heads {
            let q_head = block.of_queries(q, q_width, heads.q_columns(head));
            let k_head = block.of_keys(k, kv_width, heads.kv_columns(head));
            let v_head = block.of_keys(v, kv_width, heads.kv_columns(head));
            let weights = block.weights(&q_head, &k_head, size, heads.scale());
            let out_head = product(&weights, block.keys.len(), &Panels::of_columns(&v_head, size));
            for (row, values) in block.queries.clone().zip(out_head.chunks_exact(size)) {
                out[row * q_width..][heads.q_columns(head)].copy_from_slice(values);
            }
        }
    }
    out
}

/// One query (decoding): packing its keys would cost more than it saves. Adds to `out`.
fn one_query(q: &[f32], k: &[f32], v: &[f32], keys: &[usize], heads: Heads, out: &mut [f32]) {
    let kv_width = heads.kv_heads * heads.head_size;
    for head in 0..heads.heads {
        let (q_head, columns) = (&q[heads.q_columns(head)], heads.kv_columns(head));
        let score = |row: &usize| dot(q_head, &k[row * kv_width..][columns.clone()]) * heads.scale();
        let mut weights: Vec<f32> = keys.iter().map(score).collect();
        softmax(&mut weights);
        for (row, weight) in keys.iter().zip(weights) {
            add_scaled(&mut out[heads.q_columns(head)], weight, &v[row * kv_width..][columns.clone()]);
        }
    }
}

/// Gradients of [`forward`] for `d_out`; the attention weights are computed anew instead of being kept.
///
/// Only rows `0 .. needed` of the keys and values, and only queries `0 .. needed_queries`, get a gradient: all of them,
/// or in the first layer those of the soft prompt, since nothing before it depends on what is trained.
/// Returns (dq, dk, dv) with that many rows.
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
    let (q_width, kv_width, size) = (heads.heads * heads.head_size, heads.kv_heads * heads.head_size, heads.head_size);
    let mut dq = vec![0.0; needed_queries * q_width];
    let (mut dk, mut dv) = (vec![0.0; needed * kv_width], vec![0.0; needed * kv_width]);
    for block in Block::all(spans) {
        let n = block.keys.len();
        for head in 0..heads.heads {
            let q_head = block.of_queries(q, q_width, heads.q_columns(head));
            let k_head = block.of_keys(k, kv_width, heads.kv_columns(head));
            let v_head = block.of_keys(v, kv_width, heads.kv_columns(head));
            let d_out_head = block.of_queries(d_out, q_width, heads.q_columns(head));
            let weights = block.weights(&q_head, &k_head, size, heads.scale());

            // d_scores = P (dP − Σ P dP) / sqrt(size), with dP = dO Vᵀ.
            let mut d_scores = product(&d_out_head, size, &Panels::of_rows(&v_head, size));
            for (d_row, row) in d_scores.chunks_exact_mut(n).zip(weights.chunks_exact(n)) {
                let mean = dot(d_row, row);
                d_row.iter_mut().zip(row).for_each(|(d, weight)| *d = weight * (*d - mean) * heads.scale());
            }
            if block.queries.start < needed_queries {
                let dq_head = product(&d_scores, n, &Panels::of_columns(&k_head, size));
                for (row, values) in block.queries.clone().zip(dq_head.chunks_exact(size)) {
                    if row < needed_queries {
                        dq[row * q_width..][heads.q_columns(head)].copy_from_slice(values);
                    }
                }
            }
            // The needed keys come first: they are the block's smallest rows.
            let count = block.keys.partition_point(|row| *row < needed);
            let rows = block.queries.len();
            let dk_head = product(&transposed(&d_scores, n, count), rows, &Panels::of_columns(&q_head, size));
            let dv_head = product(&transposed(&weights, n, count), rows, &Panels::of_columns(&d_out_head, size));
            for (i, row) in block.keys[..count].iter().enumerate() {
                add(&mut dk[row * kv_width..][heads.kv_columns(head)], &dk_head[i * size..(i + 1) * size]);
                add(&mut dv[row * kv_width..][heads.kv_columns(head)], &dv_head[i * size..(i + 1) * size]);
            }
        }
    }
    (dq, dk, dv)
}

/// The first `count` columns of `x` (rows, width), as rows: (count, rows).
fn transposed(x: &[f32], width: usize, count: usize) -> Vec<f32> {
    let rows = x.len() / width;
    let mut out = vec![0.0; count * rows];
    for (i, row) in x.chunks_exact(width).enumerate() {
        for (column, value) in row[..count].iter().enumerate() {
            out[column * rows + i] = *value;
        }
    }
    out
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

    #[test]
    fn decoding_one_query_gives_the_last_row_of_the_whole() {
        let (q, k, v, _) = inputs();
        let all = forward(&q, &k, &v, &spans(), HEADS);
        let one = forward(&q[6 * 24..], &k, &v, &spans()[6..], HEADS);
        for (a, b) in all[6 * 24..].iter().zip(one) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}
