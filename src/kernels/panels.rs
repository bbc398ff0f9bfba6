//! Packing for the register tile: B (k x columns) as panels of k x 8, so that the 8 columns of a row are contiguous.
//! Missing columns of the last panel are zeros.

use super::tile::PANEL;

/// A packed matrix that is lent, or a part of it.
#[derive(Clone, Copy)]
pub struct PanelsRef<'a> {
    pub packed: &'a [f32],
    pub k: usize,
    pub columns: usize,
    /// Numbers from one panel to the next.
    pub stride: usize,
}

impl<'a> PanelsRef<'a> {
    pub fn new(packed: &'a [f32], k: usize, columns: usize) -> Self {
        Self { packed, k, columns, stride: k * PANEL }
    }

    /// Its first columns.
    pub fn first_columns(self, columns: usize) -> Self {
        Self { columns, ..self }
    }

    /// Rows `first .. first + k`.
    pub fn rows(self, first: usize, k: usize) -> Self {
        Self { packed: &self.packed[first * PANEL..], k, ..self }
    }
}

/// A packed matrix.
pub struct Panels {
    packed: Vec<f32>,
    k: usize,
    columns: usize,
}

impl Panels {
    /// B = Xᵀ for `x` (rows, width): the product with it is A Xᵀ.
    pub fn of_rows(x: &[f32], width: usize) -> Self {
        let columns = x.len() / width;
        let mut packed = vec![0.0; columns.next_multiple_of(PANEL) * width];
        pack_rows(x, width, &mut packed);
        Self { packed, k: width, columns }
    }

    /// B = X for `x` (rows, width): the product with it is A X.
    pub fn of_columns(x: &[f32], width: usize) -> Self {
        let k = x.len() / width;
        let mut packed = vec![0.0; width.next_multiple_of(PANEL) * k];
        pack_columns(x, width, &mut packed);
        Self { packed, k, columns: width }
    }

    pub fn view(&self) -> PanelsRef<'_> {
        PanelsRef::new(&self.packed, self.k, self.columns)
    }
}

/// A frozen matrix W (rows x columns) packed once for both of its products.
pub struct PackedMatrix {
    forward: Panels,  // Wᵀ
    backward: Panels, // W
}

impl PackedMatrix {
    /// `values`: row by row.
    pub fn new(columns: usize, values: &[f32]) -> Self {
        Self { forward: Panels::of_rows(values, columns), backward: Panels::of_columns(values, columns) }
    }

    pub fn forward(&self) -> PanelsRef<'_> {
        self.forward.view()
    }

    pub fn backward(&self) -> PanelsRef<'_> {
        self.backward.view()
    }

    /// Rows `first .. first + count` of W, row by row.
    pub fn rows(&self, first: usize, count: usize) -> Vec<f32> {
        let PanelsRef { packed, k, .. } = self.forward();
        let mut rows = vec![0.0; count * k];
        for (index, row) in rows.chunks_exact_mut(k).enumerate() {
            let index = first + index;
            let panel = &packed[index / PANEL * PANEL * k..][..PANEL * k];
            row.iter_mut().zip(panel.chunks_exact(PANEL)).for_each(|(v, lanes)| *v = lanes[index % PANEL]);
        }
        rows
    }

    /// Bytes of both copies.
    pub fn size(&self) -> usize {
        4 * (self.forward.packed.len() + self.backward.packed.len())
    }

    /// Whether the copy for the backward product holds the same numbers, bit for bit.
    pub fn copies_agree(&self) -> bool {
        let (forward, backward) = (self.forward(), self.backward());
        let (inputs, outputs) = (forward.k, forward.columns);
        // Rows of W in eights, and in them its columns in eights: a square stands transposed in the other copy.
        (0..outputs).step_by(PANEL).zip(forward.packed.chunks_exact(forward.stride)).all(|(row, rows)| {
            (0..inputs).step_by(PANEL).zip(backward.packed.chunks_exact(backward.stride)).all(|(column, columns)| {
                let height = PANEL.min(outputs - row);
                let square = &columns[row * PANEL..][..height * PANEL];
                rows[column * PANEL..]
                    .chunks_exact(PANEL)
                    .take(PANEL)
                    .enumerate()
                    .all(|(j, lanes)| (0..height).all(|i| lanes[i].to_bits() == square[i * PANEL + j].to_bits()))
            })
        })
    }
}

/// Packs the rows of `x` (rows, width) as the columns of B.
pub fn pack_rows(x: &[f32], width: usize, packed: &mut [f32]) {
    for (rows, panel) in x.chunks(PANEL * width).zip(packed.chunks_exact_mut(PANEL * width)) {
        if rows.len() == PANEL * width {
            transpose(rows, width, panel);
            continue;
        }
        panel.fill(0.0);
        for (lane, row) in rows.chunks_exact(width).enumerate() {
            row.iter().zip(panel.chunks_exact_mut(PANEL)).for_each(|(v, p)| p[lane] = *v);
        }
    }
}

/// Eight rows of `width` -> `width` rows of eight, in squares of 8 x 8 that stay in registers.
fn transpose(rows: &[f32], width: usize, panel: &mut [f32]) {
    let whole = width / PANEL * PANEL;
    for p in (0..whole).step_by(PANEL) {
        let square: [[f32; PANEL]; PANEL] =
            std::array::from_fn(|lane| std::array::from_fn(|i| rows[lane * width + p + i]));
        for (i, row) in panel[p * PANEL..][..PANEL * PANEL].chunks_exact_mut(PANEL).enumerate() {
            for lane in 0..PANEL {
                row[lane] = square[lane][i];
            }
        }
    }
    for p in whole..width {
        for lane in 0..PANEL {
            panel[p * PANEL + lane] = rows[lane * width + p];
        }
    }
}

/// Packs the columns of `x` (k, width) as the columns of B.
pub fn pack_columns(x: &[f32], width: usize, packed: &mut [f32]) {
    let k = x.len() / width;
    for (i, panel) in packed.chunks_exact_mut(PANEL * k.max(1)).enumerate() {
        let first = i * PANEL;
        let columns = PANEL.min(width - first);
        for (packed, row) in panel.chunks_exact_mut(PANEL).zip(x.chunks_exact(width)) {
            packed[..columns].copy_from_slice(&row[first..first + columns]);
            packed[columns..].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_either_copy_is_seen() {
        for (rows, columns) in [(1, 1), (8, 8), (13, 10), (24, 17)] {
            let values: Vec<f32> = (0..rows * columns).map(|i| 1.0 + i as f32).collect();
            let mut matrix = PackedMatrix::new(columns, &values);
            assert!(matrix.copies_agree());
            assert_eq!(matrix.rows(0, rows), values);
            // Zeros are where the last panel has no column.
            for i in 0..matrix.backward.packed.len() {
                let kept = matrix.backward.packed[i];
                matrix.backward.packed[i] = -kept;
                assert_eq!(matrix.copies_agree(), kept == 0.0, "{rows} x {columns}, number {i}");
                matrix.backward.packed[i] = kept;
            }
        }
    }
}
