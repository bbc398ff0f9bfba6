//! Causal attention with grouped queries over ragged rows that share a prefix.
//!
//! All rows of a batch stand one after another, without padding. The soft prompt's rows come first and are there once:
//! every query attends to them and to the earlier rows of its own example, and the gradients of all examples add up
//! in the prompt's keys and values. Queries with the same first key form a block; a block's products
//! (Q Kᵀ, P V and their gradients) run on the register tile that the linear layers use.

use std::ops::Range;

use crate::kernels::gemm::{Left, add_product};
use crate::kernels::panels::{Panels, PanelsRef};
use crate::kernels::vector::{add_scaled, dot, scaled_softmax, softmax};

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

    /// For every key and value head: its columns, and the columns of the query heads that share it.
    fn groups(self) -> impl Iterator<Item = (Range<usize>, impl Iterator<Item = Range<usize>>)> {
        let heads_of_group = self.heads / self.kv_heads;
        (0..self.kv_heads).map(move |group| {
            let heads = group * heads_of_group..(group + 1) * heads_of_group;
            (self.kv_columns(heads.start), heads.map(move |head| self.q_columns(head)))
        })
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

/// Queries of a block that are computed together: they waste what lies above the diagonal of a square of this size.
const CHUNK: usize = 32;

/// Queries of a block; the backward keeps two numbers for each of them and each of the block's keys.
const MOST_QUERIES: usize = 512;

/// Consecutive queries whose keys begin at the same rows, so that earlier queries attend to a prefix of the keys of
/// later ones.
struct Block<'a> {
    /// Indices of the queries.
    queries: Range<usize>,
    spans: &'a [Span],
    /// Rows of the keys of the last query, in order of position.
    keys: Vec<usize>,
}

/// Some of a block's queries, and how many keys the last of them attends to.
struct Chunk {
    queries: Range<usize>,
    keys: usize,
}

impl<'a> Block<'a> {
    /// All blocks of a batch, in order.
    fn all(spans: &'a [Span]) -> Vec<Self> {
        let mut start = 0;
        let same_keys = |a: &Span, b: &Span| (a.shared, a.first) == (b.shared, b.first) && a.last <= b.last;
        spans
            .chunk_by(same_keys)
            .flat_map(|spans| spans.chunks(MOST_QUERIES))
            .map(|spans| {
                let queries = start..start + spans.len();
                start = queries.end;
                let last = spans[spans.len() - 1];
                Self { queries, spans, keys: (0..last.shared).chain(last.first..=last.last).collect() }
            })
            .collect()
    }

    /// The block's queries in chunks; indices count from the block's first query.
    fn chunks(&self) -> impl Iterator<Item = Chunk> {
        (0..self.spans.len()).step_by(CHUNK).map(|first| {
            let queries = first..self.spans.len().min(first + CHUNK);
            Chunk { keys: self.spans[queries.end - 1].len(), queries }
        })
    }

    /// The block's part of a matrix with one row a query, from a head's first column on.
    fn of_queries<'b>(&self, x: &'b [f32], width: usize, columns: Range<usize>) -> &'b [f32] {
        &x[self.queries.start * width + columns.start..(self.queries.end - 1) * width + columns.end]
    }

    /// A head's columns of the block's keys or values: (keys, size).
    fn of_keys(&self, x: &[f32], width: usize, columns: Range<usize>) -> Vec<f32> {
        let mut rows = Vec::with_capacity(self.keys.len() * columns.len());
        self.keys.iter().for_each(|row| rows.extend_from_slice(&x[row * width..][columns.clone()]));
        rows
    }

    /// P = softmax(Q Kᵀ / sqrt(size)) of a chunk: (queries, keys), zero where a query does not attend; rows begin every
    /// `stride` numbers.
    fn weights(&self, chunk: &Chunk, q: Left, keys: PanelsRef, scale: f32, weights: &mut [f32], stride: usize) {
        add_product(q, keys.first_columns(chunk.keys), weights, stride);
        for (row, span) in weights.chunks_mut(stride).zip(&self.spans[chunk.queries.clone()]) {
            let (attended, hidden) = row[..chunk.keys].split_at_mut(span.len());
            scaled_softmax(attended, scale);
            hidden.fill(0.0);
        }
    }
}

impl Block<'_> {
    /// Adds Aᵀ B to the first `count` keys' rows of `d`, where A (queries, keys) is zero below each query's last key and
    /// B (queries, size). Keys of the block's own rows get it from the queries that attend to them.
    fn add_to_keys(&self, a: &[f32], b: &Panels, count: usize, d: &mut [f32], d_stride: usize) {
        let (n, shared) = (self.keys.len(), self.spans[0].shared);
        let mut add = |keys: Range<usize>| {
            let first_query = self.spans.partition_point(|span| span.len() <= keys.start);
            let queries = self.spans.len() - first_query;
            if keys.is_empty() || queries == 0 {
                return;
            }
            let left = Left::columns(&a[first_query * n + keys.start..], keys.len(), n);
            add_product(
                left,
                b.view().rows(first_query, queries),
                &mut d[self.keys[keys.start] * d_stride..],
                d_stride,
            );
        };
        add(0..shared.min(count));
        for first in (shared..count).step_by(CHUNK) {
            add(first..count.min(first + CHUNK));
        }
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
        let start = block.queries.start * q_width;
        for (group, group_heads) in heads.groups() {
            let keys = Panels::of_rows(&block.of_keys(k, kv_width, group.clone()), size);
            let values = Panels::of_columns(&block.of_keys(v, kv_width, group), size);
            for columns in group_heads {
                for chunk in block.chunks() {
                    let (count, first) = (chunk.queries.len(), start + chunk.queries.start * q_width + columns.start);
                    let mut weights = vec![0.0; count * chunk.keys];
                    let q = Left::rows(&q[first..], count, q_width);
                    block.weights(&chunk, q, keys.view(), heads.scale(), &mut weights, chunk.keys);
                    let weights = Left::rows(&weights, count, chunk.keys);
                    add_product(weights, values.view().rows(0, chunk.keys), &mut out[first..], q_width);
                }
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
        // The needed keys come first: they are the block's smallest rows.
        let needed_keys = block.keys.partition_point(|row| *row < needed);
        for (group, group_heads) in heads.groups() {
            let (k, v) = (block.of_keys(k, kv_width, group.clone()), block.of_keys(v, kv_width, group.clone()));
            let (keys, values) = (Panels::of_rows(&k, size), Panels::of_rows(&v, size));
            let key_columns = Panels::of_columns(&k, size);
            for columns in group_heads {
                let (q, d_out) =
                    (block.of_queries(q, q_width, columns.clone()), block.of_queries(d_out, q_width, columns.clone()));
                let (mut weights, mut d_scores) = (vec![0.0; block.spans.len() * n], vec![0.0; block.spans.len() * n]);
                for chunk in block.chunks() {
                    let (count, first) = (chunk.queries.len(), chunk.queries.start);
                    let weights = &mut weights[first * n..][..count * n];
                    let d_scores = &mut d_scores[first * n..][..count * n];
                    let q = Left::rows(&q[first * q_width..], count, q_width);
                    block.weights(&chunk, q, keys.view(), heads.scale(), weights, n);
                    // d_scores = P (dP − Σ P dP) / sqrt(size), with dP = dO Vᵀ.
                    let d_out = Left::rows(&d_out[first * q_width..], count, q_width);
                    add_product(d_out, values.view().first_columns(chunk.keys), d_scores, n);
                    for (d_row, row) in d_scores.chunks_exact_mut(n).zip(weights.chunks_exact(n)) {
                        let (d_row, row) = (&mut d_row[..chunk.keys], &row[..chunk.keys]);
                        let mean = dot(d_row, row);
                        d_row.iter_mut().zip(row).for_each(|(d, weight)| *d = weight * (*d - mean) * heads.scale());
                    }
                    let row = block.queries.start + first;
                    let asked = count.min(needed_queries.saturating_sub(row));
                    if asked > 0 {
                        let d_scores = Left::rows(d_scores, asked, n);
                        let dq = &mut dq[row * q_width + columns.start..];
                        add_product(d_scores, key_columns.view().rows(0, chunk.keys), dq, q_width);
                    }
                }
                let packed = |x: &[f32]| {
                    let mut rows = Vec::with_capacity(block.spans.len() * size);
                    x.chunks(q_width).for_each(|row| rows.extend_from_slice(&row[..size]));
                    Panels::of_columns(&rows, size)
                };
                block.add_to_keys(&d_scores, &packed(q), needed_keys, &mut dk[group.start..], kv_width);
                block.add_to_keys(&weights, &packed(d_out), needed_keys, &mut dv[group.start..], kv_width);
            }
        }
    }
    (dq, dk, dv)
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
