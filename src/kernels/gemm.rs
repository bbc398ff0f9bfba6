//! Matrix products on the register tile: with a frozen matrix W (outputs x inputs), forward y += x Wᵀ and
//! backward dx += dy W, and with matrices that a step computes itself (attention). No gradient of W exists anywhere.
//!
//! One operand is packed in panels of 8 columns. Small models are packed once when they are loaded; the weights of large
//! ones stay in their file's precision and are expanded and packed some rows at a time. The loops follow Goto and van de
//! Geijn 2008: a block of the other operand that fits the first-level cache meets all panels before the next one comes.

use super::panels::{PackedMatrix, PanelsRef, pack_columns, pack_rows};
use super::tile::{PANEL, TILE_ROWS, Tile};
use super::vector::dot;
use super::work;
use crate::matrix::{Matrix, Storage};

/// Rows of W that are expanded at a time, forward and backward: the expanded rows stay in the second-level cache.
const FORWARD_BLOCK: usize = 64;
const BACKWARD_BLOCK: usize = 128;

/// Below this number of rows packing costs more than it saves, and rows of W are used as they are.
const FEW_ROWS: usize = 4;

/// Numbers of the block of A that stays in the first-level cache (32 KiB), and the longest stretch of k in it.
const CACHED: usize = 8192;
const LONGEST_K: usize = 512;

/// y (m x outputs) += x (m x inputs) Wᵀ.
pub fn forward(x: &[f32], w: &Matrix, y: &mut [f32]) {
    let (outputs, inputs) = w.shape();
    let m = x.len() / inputs;
    assert_eq!((x.len(), y.len()), (m * inputs, m * outputs));
    work::count(m, inputs, outputs);
    if m == 0 {
        return;
    }
    match w.storage() {
        Storage::Packed(packed) if m < FEW_ROWS => few_rows_packed(x, packed, y),
        Storage::Quantised(blocks) if m < FEW_ROWS && blocks.has_dot() => {
            for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
                blocks.times_vector(x, y);
            }
        }
        _ if m < FEW_ROWS => few_rows(x, w, y),
        Storage::Packed(packed) => multiply(Left::rows(x, m, inputs), packed.forward(), y, outputs),
        _ => {
            let mut panels = vec![0.0; FORWARD_BLOCK * inputs];
            for first in (0..outputs).step_by(FORWARD_BLOCK) {
                let columns = FORWARD_BLOCK.min(outputs - first);
                let packed = &mut panels[..columns.next_multiple_of(PANEL) * inputs];
                w.with_rows(first, columns, |rows| pack_rows(rows, inputs, packed));
                multiply(Left::rows(x, m, inputs), PanelsRef::new(packed, inputs, columns), &mut y[first..], outputs);
            }
        }
    }
}

/// dx (m x inputs) += dy (m x outputs) W.
pub fn backward(dy: &[f32], w: &Matrix, dx: &mut [f32]) {
    let (outputs, inputs) = w.shape();
    let m = dy.len() / outputs;
    assert_eq!((dy.len(), dx.len()), (m * outputs, m * inputs));
    work::count(m, outputs, inputs);
    if m == 0 {
        return;
    }
    if let Storage::Packed(packed) = w.storage() {
        return multiply(Left::rows(dy, m, outputs), packed.backward(), dx, inputs);
    }
    let mut panels = vec![0.0; BACKWARD_BLOCK * inputs.next_multiple_of(PANEL)];
    for top in (0..outputs).step_by(BACKWARD_BLOCK) {
        let k = BACKWARD_BLOCK.min(outputs - top);
        let packed = &mut panels[..k * inputs.next_multiple_of(PANEL)];
        w.with_rows(top, k, |rows| pack_columns(rows, inputs, packed));
        multiply(Left::rows(&dy[top..], m, outputs), PanelsRef::new(packed, k, inputs), dx, inputs);
    }
}

/// The left operand of a product: `rows` rows, which begin every `row` numbers; the numbers of a row stand every `step`.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub row: usize,
    pub step: usize,
}

impl<'a> Left<'a> {
    /// `rows` rows that begin every `stride` numbers.
    pub fn rows(data: &'a [f32], rows: usize, stride: usize) -> Self {
        Self { data, rows, row: stride, step: 1 }
    }

    /// The first `rows` columns of a matrix whose rows begin every `stride` numbers.
    pub fn columns(data: &'a [f32], rows: usize, stride: usize) -> Self {
        Self { data, rows, row: 1, step: stride }
    }
}

/// C (m x columns) += A (m x k) · B; rows of `c` begin every `c_stride` numbers. The operations are counted.
pub fn add_product(a: Left, b: PanelsRef, c: &mut [f32], c_stride: usize) {
    work::count(a.rows, b.k, b.columns);
    multiply(a, b, c, c_stride);
}

fn multiply(a: Left, b: PanelsRef, c: &mut [f32], c_stride: usize) {
    let stretch = b.k.div_ceil(b.k.div_ceil(LONGEST_K).max(1)).max(1);
    let block = (CACHED / stretch / TILE_ROWS).max(1) * TILE_ROWS;
    for p in (0..b.k).step_by(stretch) {
        let k = stretch.min(b.k - p);
        for top in (0..a.rows).step_by(block) {
            let end = a.rows.min(top + block);
            for (i, first) in (0..b.columns).step_by(PANEL).enumerate() {
                let panel = &b.packed[i * b.stride + p * PANEL..][..k * PANEL];
                let columns = PANEL.min(b.columns - first);
                for row in (top..end).step_by(TILE_ROWS) {
                    let tile =
                        Tile { rows: TILE_ROWS.min(end - row), columns, k, a_row: a.row, a_step: a.step, c_stride };
                    tile.accumulate(&a.data[row * a.row + p * a.step..], panel, &mut c[row * c_stride + first..]);
                }
            }
        }
    }
}

/// One or a few rows (decoding) of a matrix that is packed: four panels at a time.
fn few_rows_packed(x: &[f32], w: &PackedMatrix, y: &mut [f32]) {
    const AT_ONCE: usize = 4;
    let PanelsRef { packed, k, columns, .. } = w.forward();
    for (x, y) in x.chunks_exact(k).zip(y.chunks_exact_mut(columns)) {
        for (panels, y) in packed.chunks(AT_ONCE * PANEL * k).zip(y.chunks_mut(AT_ONCE * PANEL)) {
            let mut sums = [[0.0f32; PANEL]; AT_ONCE];
            if panels.len() == AT_ONCE * PANEL * k {
                let (first, second) = panels.split_at(2 * PANEL * k);
                let ((a, b), (c, d)) = (first.split_at(PANEL * k), second.split_at(PANEL * k));
                let rows = |panel| <[f32]>::chunks_exact(panel, PANEL);
                for ((((x, a), b), c), d) in x.iter().zip(rows(a)).zip(rows(b)).zip(rows(c)).zip(rows(d)) {
                    for lane in 0..PANEL {
                        sums[0][lane] += x * a[lane];
                        sums[1][lane] += x * b[lane];
                        sums[2][lane] += x * c[lane];
                        sums[3][lane] += x * d[lane];
                    }
                }
            } else {
                for (sums, panel) in sums.iter_mut().zip(panels.chunks_exact(PANEL * k)) {
                    for (x, row) in x.iter().zip(panel.chunks_exact(PANEL)) {
                        sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += x * w);
                    }
                }
            }
            y.iter_mut().zip(sums.as_flattened()).for_each(|(y, sum)| *y += sum);
        }
    }
}

/// One or a few rows of any other matrix: dot products with the rows of W, which are expanded once.
fn few_rows(x: &[f32], w: &Matrix, y: &mut [f32]) {
    let (outputs, inputs) = w.shape();
    for first in (0..outputs).step_by(FORWARD_BLOCK) {
        let count = FORWARD_BLOCK.min(outputs - first);
        w.with_rows(first, count, |rows| {
            for (offset, row) in rows.chunks_exact(inputs).enumerate() {
                for (x_row, y_row) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
                    y_row[first + offset] += dot(x_row, row);
                }
            }
        });
    }
}
