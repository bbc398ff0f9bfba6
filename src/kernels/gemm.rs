//! Products with a frozen matrix W (outputs x inputs), which is stored once and expanded panel by panel:
//! forward y = x Wᵀ, backward dx = dy W. No gradient of W exists anywhere.

use super::tile::{PANEL, TILE_ROWS, Tile};
use super::vector::dot;
use crate::matrix::Matrix;

/// Rows of W that are expanded at a time in the backward product.
const BLOCK: usize = 128;

/// Below this number of rows packing costs more than it saves, and rows of W are used as they are.
const FEW_ROWS: usize = 4;

/// y (m x outputs) = x (m x inputs) Wᵀ.
pub fn forward(x: &[f32], w: &Matrix, y: &mut [f32]) {
    let (outputs, inputs) = w.shape();
    let m = x.len() / inputs;
    assert_eq!((x.len(), y.len()), (m * inputs, m * outputs));
    if m < FEW_ROWS {
        return forward_few(x, w, y);
    }
    y.fill(0.0);
    let mut panel = vec![0.0; inputs * PANEL];
    for first in (0..outputs).step_by(PANEL) {
        let columns = PANEL.min(outputs - first);
        w.with_rows(first, columns, |rows| transpose_into(rows, inputs, &mut panel));
        accumulate(x, inputs, inputs, &panel, columns, &mut y[first..], outputs);
    }
}

/// dx (m x inputs) += dy (m x outputs) W.
pub fn backward(dy: &[f32], w: &Matrix, dx: &mut [f32]) {
    let (outputs, inputs) = w.shape();
    let m = dy.len() / outputs;
    assert_eq!((dy.len(), dx.len()), (m * outputs, m * inputs));
    if m == 0 {
        return;
    }
    let mut panel = vec![0.0; BLOCK * PANEL];
    for top in (0..outputs).step_by(BLOCK) {
        let height = BLOCK.min(outputs - top);
        w.with_rows(top, height, |rows| {
            for first in (0..inputs).step_by(PANEL) {
                let columns = PANEL.min(inputs - first);
                pack_columns(rows, inputs, first, &mut panel);
                accumulate(&dy[top..], outputs, height, &panel, columns, &mut dx[first..], inputs);
            }
        });
    }
}

/// A matrix packed for the register tile: B (k x columns) as panels of k x 8.
pub struct Panels {
    packed: Vec<f32>,
    k: usize,
    columns: usize,
}

impl Panels {
    /// B = Xᵀ for `x` (rows, width): the product with it is A Xᵀ.
    pub fn of_rows(x: &[f32], width: usize) -> Self {
        let columns = x.len() / width;
        let mut packed = vec![0.0; columns.div_ceil(PANEL) * PANEL * width];
        for (rows, panel) in x.chunks(PANEL * width).zip(packed.chunks_exact_mut(PANEL * width)) {
            transpose_into(rows, width, panel);
        }
        Self { packed, k: width, columns }
    }

    /// B = X for `x` (rows, width): the product with it is A X.
    pub fn of_columns(x: &[f32], width: usize) -> Self {
        let k = x.len() / width;
        let mut packed = vec![0.0; width.div_ceil(PANEL) * PANEL * k];
        for (i, panel) in packed.chunks_exact_mut(PANEL * k).enumerate() {
            pack_columns(x, width, i * PANEL, panel);
        }
        Self { packed, k, columns: width }
    }
}

/// A (m, k) · B (k, columns) -> (m, columns).
pub fn product(a: &[f32], k: usize, b: &Panels) -> Vec<f32> {
    assert_eq!(k, b.k);
    let mut c = vec![0.0; a.len() / k * b.columns];
    if c.is_empty() {
        return c;
    }
    for (i, panel) in b.packed.chunks_exact(PANEL * k).enumerate() {
        let first = i * PANEL;
        accumulate(a, k, k, panel, PANEL.min(b.columns - first), &mut c[first..], b.columns);
    }
    c
}

/// One or a few rows (decoding): dot products with the rows of W, which are read once.
fn forward_few(x: &[f32], w: &Matrix, y: &mut [f32]) {
    let (outputs, inputs) = w.shape();
    for first in (0..outputs).step_by(BLOCK) {
        let count = BLOCK.min(outputs - first);
        w.with_rows(first, count, |rows| {
            for (offset, row) in rows.chunks_exact(inputs).enumerate() {
                for (x_row, y_row) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
                    y_row[first + offset] = dot(x_row, row);
                }
            }
        });
    }
}

/// C (m x columns) += A (m x k) · panel, tile by tile. The last row of `a` and of `c` may end early.
fn accumulate(a: &[f32], a_stride: usize, k: usize, panel: &[f32], columns: usize, c: &mut [f32], c_stride: usize) {
    let m = a.len().div_ceil(a_stride);
    for first in (0..m).step_by(TILE_ROWS) {
        let tile = Tile { rows: TILE_ROWS.min(m - first), columns, k, a_stride, c_stride };
        tile.accumulate(&a[first * a_stride..], panel, &mut c[first * c_stride..]);
    }
}

/// Packs `rows` (at most 8 rows of `width`) as `width` x 8; missing rows become zeros.
fn transpose_into(rows: &[f32], width: usize, panel: &mut [f32]) {
    for lane in 0..PANEL {
        match rows.get(lane * width..(lane + 1) * width) {
            Some(row) => row.iter().zip(panel.chunks_exact_mut(PANEL)).for_each(|(v, p)| p[lane] = *v),
            None => panel.chunks_exact_mut(PANEL).for_each(|p| p[lane] = 0.0),
        }
    }
}

/// Packs columns `first .. first + 8` of `rows` (k, width) as k x 8; missing columns become zeros.
fn pack_columns(rows: &[f32], width: usize, first: usize, panel: &mut [f32]) {
    let columns = PANEL.min(width - first);
    for (packed, row) in panel.chunks_exact_mut(PANEL).zip(rows.chunks_exact(width)) {
        packed[..columns].copy_from_slice(&row[first..first + columns]);
        packed[columns..].fill(0.0);
    }
}
