//! The matrix products of a trained layer, forward and backward. V: rows, one for each virtual token.

use crate::kernels::gemm::{Left, add_product};
use crate::kernels::panels::Panels;
use crate::kernels::vector::add;

/// y (V, outputs) += x (V, inputs) Wᵀ.
pub fn product(x: &[f32], w: &[f32], inputs: usize, y: &mut [f32]) {
    add_product(Left::rows(x, x.len() / inputs, inputs), Panels::of_rows(w, inputs).view(), y, w.len() / inputs);
}

/// dy W: (V, inputs).
pub fn product_backward(dy: &[f32], w: &[f32], inputs: usize) -> Vec<f32> {
    let outputs = w.len() / inputs;
    let rows = dy.len() / outputs;
    let mut dx = vec![0.0; rows * inputs];
    add_product(Left::rows(dy, rows, outputs), Panels::of_columns(w, inputs).view(), &mut dx, inputs);
    dx
}

/// Gradient of W: dyᵀ x, (outputs, inputs).
pub fn outer(dy: &[f32], x: &[f32], outputs: usize, inputs: usize) -> Vec<f32> {
    let mut dw = vec![0.0; outputs * inputs];
    add_product(Left::columns(dy, outputs, outputs), Panels::of_columns(x, inputs).view(), &mut dw, inputs);
    dw
}

pub fn column_sums(dy: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    dy.chunks_exact(width).for_each(|row| add(&mut sum, row));
    sum
}
