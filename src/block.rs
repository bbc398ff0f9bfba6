//! One transformer block, forward and backward; reads like the Llama paper (Touvron et al. 2023).
//!
//! Sizes: R rows of a batch, S rows that are asked for, D hidden size, F feed-forward size.
//! Only the block's input has a gradient; nothing here can change a weight.

use std::borrow::Cow;

use crate::config::LlamaConfig;
use crate::kernels::vector::add;
use crate::matrix::Matrix;
use crate::ops::attention::Span;
use crate::ops::rope::{Direction, Rope};
use crate::ops::{attention, linear, rms_norm, swiglu};

/// The weights of a block, each matrix as outputs x inputs.
pub struct Layer {
    pub attention_norm: Vec<f32>, // (D)
    pub wq: Matrix,               // (heads · head size, D)
    pub wk: Matrix,               // (kv heads · head size, D)
    pub wv: Matrix,               // (kv heads · head size, D)
    pub wo: Matrix,               // (D, heads · head size)
    pub mlp_norm: Vec<f32>,       // (D)
    pub w_gate: Matrix,           // (F, D)
    pub w_up: Matrix,             // (F, D)
    pub w_down: Matrix,           // (D, F)
}

/// Keys (rotated) and values of one layer: (positions so far, kv heads · head size).
#[derive(Default, Clone)]
pub struct KeysValues {
    pub keys: Vec<f32>,
    pub values: Vec<f32>,
}

impl KeysValues {
    fn extend(&mut self, keys: Vec<f32>, values: Vec<f32>) {
        if self.keys.is_empty() {
            (self.keys, self.values) = (keys, values);
        } else {
            self.keys.extend(keys);
            self.values.extend(values);
        }
    }
}

/// What the backward of one layer needs of its forward.
pub struct LayerTape {
    x: Vec<f32>,         // (R, D) input of the layer
    q: Vec<f32>,         // (S, heads · head size), rotated
    kv: KeysValues,      // (prefix keys + R, kv heads · head size)
    middle: Vec<f32>,    // (S, D) after attention
    gate: Vec<f32>,      // (S, F) before silu
    up: Vec<f32>,        // (S, F)
    queries: Vec<usize>, // the S rows that were asked for
}

impl LayerTape {
    /// What attention compared: the rotated query (heads · head size) of `row`, one that was asked for, and all rotated
    /// keys (prefix keys + R, kv heads · head size).
    pub fn query_and_keys(&self, row: usize) -> (&[f32], &[f32]) {
        let width = self.q.len() / self.queries.len();
        let index = self.queries.partition_point(|asked| *asked < row);
        (&self.q[index * width..][..width], &self.kv.keys)
    }
}

/// Where the rows of a batch stand.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Position of each of the R rows.
    pub positions: &'a [usize],
    /// The keys that each row attends to, counted from the start of the cache.
    pub spans: &'a [Span],
    /// The S rows, ascending, that are computed beyond their keys and values.
    pub queries: &'a [usize],
}

/// What all blocks of a model share.
pub struct Shared<'a> {
    pub config: &'a LlamaConfig,
    pub rope: &'a Rope,
}

/// What attention needs of some rows.
#[derive(Default, Clone)]
pub struct Projection {
    pub q: Vec<f32>, // (queries, heads · head size), rotated
    pub k: Vec<f32>, // (rows, kv heads · head size), rotated
    pub v: Vec<f32>, // (rows, kv heads · head size)
}

impl Layer {
    /// x (R, D) -> y (S, D). `kv` grows by R rows; with `keep` it moves to the tape that [`Layer::backward`] needs.
    pub fn forward(
        &self,
        shared: &Shared,
        x: Vec<f32>,
        place: Place,
        kv: &mut KeysValues,
        keep: bool,
    ) -> (Vec<f32>, Option<LayerTape>) {
        let projection = self.project(shared, &x, place.positions, place.queries);
        self.attend(shared, x, projection, place, kv, keep)
    }

    /// x (R, D) -> keys and values of all rows, and the queries of the rows that are asked for.
    pub fn project(&self, shared: &Shared, x: &[f32], positions: &[usize], queries: &[usize]) -> Projection {
        let Shared { config, rope } = shared;
        let d = config.hidden_size;
        let h = rms_norm::forward(x, &self.attention_norm, config.rms_norm_eps);
        let (mut k, v) = (product(&h, &self.wk), product(&h, &self.wv));
        rope.rotate(&mut k, positions, Direction::Forward);
        let mut q = product(&gather(&h, d, queries), &self.wq);
        let query_positions: Vec<usize> = queries.iter().map(|row| positions[*row]).collect();
        rope.rotate(&mut q, &query_positions, Direction::Forward);
        Projection { q, k, v }
    }

    /// The rest of [`Layer::forward`]: attention and the feed-forward network.
    pub fn attend(
        &self,
        shared: &Shared,
        x: Vec<f32>,
        projection: Projection,
        place: Place,
        kv: &mut KeysValues,
        keep: bool,
    ) -> (Vec<f32>, Option<LayerTape>) {
        let config = shared.config;
        let Projection { q, k, v } = projection;
        kv.extend(k, v);
        let query_spans: Vec<Span> = place.queries.iter().map(|row| place.spans[*row]).collect();
        let attended = attention::forward(&q, &kv.keys, &kv.values, &query_spans, config.heads());
        let mut middle = gather(&x, config.hidden_size, place.queries).into_owned();
        linear::forward(&attended, &self.wo, &mut middle);

        let h = rms_norm::forward(&middle, &self.mlp_norm, config.rms_norm_eps);
        let (gate, up) = (product(&h, &self.w_gate), product(&h, &self.w_up));
        let mut y = middle.clone();
        linear::forward(&swiglu::forward(&gate, &up), &self.w_down, &mut y);
        let tape =
            keep.then(|| LayerTape { x, q, kv: std::mem::take(kv), middle, gate, up, queries: place.queries.to_vec() });
        (y, tape)
    }

    /// dy (S, D) -> gradient by the first `needed` rows of x (needed, D), the others are not computed; and by the keys and
    /// values that stood in the cache before them (prefix tuning's; none otherwise).
    pub fn backward(
        &self,
        shared: &Shared,
        tape: LayerTape,
        place: Place,
        needed: usize,
        dy: Vec<f32>,
    ) -> (Vec<f32>, KeysValues) {
        let Shared { config, rope } = shared;
        let (d, epsilon) = (config.hidden_size, config.rms_norm_eps);
        let d_activation = product_backward(&dy, &self.w_down);
        let (d_gate, d_up) = swiglu::backward(&tape.gate, &tape.up, &d_activation);
        let mut dh = product_backward(&d_gate, &self.w_gate);
        linear::backward(&d_up, &self.w_up, &mut dh);
        let mut d_middle = dy;
        rms_norm::backward(&tape.middle, &self.mlp_norm, epsilon, &dh, &mut d_middle);

        let d_attended = product_backward(&d_middle, &self.wo);
        let query_spans: Vec<Span> = tape.queries.iter().map(|row| place.spans[*row]).collect();
        let queries = &tape.queries[..tape.queries.partition_point(|row| *row < needed)];
        let kv_width = config.num_key_value_heads * config.head_dim;
        let prefix = tape.kv.keys.len() / kv_width - place.positions.len();
        let (mut dq, mut d_keys, mut d_values) = attention::backward(
            &tape.q,
            &tape.kv.keys,
            &tape.kv.values,
            &query_spans,
            config.heads(),
            &d_attended,
            prefix + needed,
            queries.len(),
        );
        let (mut dk, dv) = (d_keys.split_off(prefix * kv_width), d_values.split_off(prefix * kv_width));
        let d_prefix = KeysValues { keys: d_keys, values: d_values };
        let query_positions: Vec<usize> = queries.iter().map(|row| place.positions[*row]).collect();
        rope.rotate(&mut dq, &query_positions, Direction::Backward);
        rope.rotate(&mut dk, &place.positions[..needed], Direction::Backward);

        let mut dh = product_backward(&dk, &self.wk);
        linear::backward(&dv, &self.wv, &mut dh);
        scatter_add(&mut dh, &product_backward(&dq, &self.wq), d, queries);
        let mut dx = vec![0.0; needed * d];
        rms_norm::backward(&tape.x[..needed * d], &self.attention_norm, epsilon, &dh, &mut dx);
        scatter_add(&mut dx, &d_middle[..queries.len() * d], d, queries);
        (dx, d_prefix)
    }
}

/// x Wᵀ.
fn product(x: &[f32], w: &Matrix) -> Vec<f32> {
    let (outputs, inputs) = w.shape();
    let mut y = vec![0.0; x.len() / inputs * outputs];
    linear::forward(x, w, &mut y);
    y
}

/// dy W.
fn product_backward(dy: &[f32], w: &Matrix) -> Vec<f32> {
    let (outputs, inputs) = w.shape();
    let mut dx = vec![0.0; dy.len() / outputs * inputs];
    linear::backward(dy, w, &mut dx);
    dx
}

/// The rows `indices` of `x`; `x` itself where all are asked for.
fn gather<'a>(x: &'a [f32], width: usize, indices: &[usize]) -> Cow<'a, [f32]> {
    if indices.len() * width == x.len() {
        return Cow::Borrowed(x);
    }
    let mut rows = Vec::with_capacity(indices.len() * width);
    indices.iter().for_each(|row| rows.extend_from_slice(&x[row * width..(row + 1) * width]));
    Cow::Owned(rows)
}

/// x[indices] += rows.
fn scatter_add(x: &mut [f32], rows: &[f32], width: usize, indices: &[usize]) {
    for (row, values) in indices.iter().zip(rows.chunks_exact(width)) {
        add(&mut x[row * width..(row + 1) * width], values);
    }
}
