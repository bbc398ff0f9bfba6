//! The register tile: C (MR x 8) += A (MR x k) · B (k x 8), B packed so that its 8 columns are contiguous.
//!
//! A tile of 4 x 8 keeps 8 accumulators, 2 values of B and 1 of A in the 16 registers of 128 bits that WebAssembly's
//! engines map to; larger tiles spill. Natively the same loop is compiled for AVX2 + FMA where the processor has them.

// The row of a tile indexes accumulators and inputs alike; iterators would hide that.
#![allow(clippy::needless_range_loop)]

/// Columns of a packed panel.
pub const PANEL: usize = 8;

/// Rows of a full tile.
pub const TILE_ROWS: usize = if cfg!(target_arch = "wasm32") { 4 } else { 8 };

/// Adds A · B to `c`.
///
/// `a`: `rows` x `k` with row stride `a_stride`; `b`: `k` x 8, packed; `c`: `rows` x `columns` with row stride
/// `c_stride`, where `rows` <= [`TILE_ROWS`] and `columns` <= 8.
pub struct Tile {
    pub rows: usize,
    pub columns: usize,
    pub k: usize,
    pub a_stride: usize,
    pub c_stride: usize,
}

impl Tile {
    #[inline]
    pub fn accumulate(&self, a: &[f32], b: &[f32], c: &mut [f32]) {
        assert!(a.len() >= (self.rows - 1) * self.a_stride + self.k);
        assert!(b.len() >= self.k * PANEL && self.columns <= PANEL);
        match self.rows {
            1 => self.run::<1>(a, b, c),
            2 => self.run::<2>(a, b, c),
            3 => self.run::<3>(a, b, c),
            4 => self.run::<4>(a, b, c),
            5 => self.run::<5>(a, b, c),
            6 => self.run::<6>(a, b, c),
            7 => self.run::<7>(a, b, c),
            8 => self.run::<8>(a, b, c),
            rows => unreachable!("a tile has at most {TILE_ROWS} rows, not {rows}"),
        }
    }

    #[inline]
    fn run<const MR: usize>(&self, a: &[f32], b: &[f32], c: &mut [f32]) {
        let sums = product::<MR>(self.k, a, self.a_stride, b);
        for (row, sum) in sums.iter().enumerate() {
            let c_row = &mut c[row * self.c_stride..][..self.columns];
            for (value, add) in c_row.iter_mut().zip(sum) {
                *value += add;
            }
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline]
fn product<const MR: usize>(k: usize, a: &[f32], a_stride: usize, b: &[f32]) -> [[f32; PANEL]; MR] {
    use core::arch::wasm32::*;

    #[inline(always)]
    fn multiply_add(x: v128, y: v128, sum: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        return f32x4_relaxed_madd(x, y, sum);
        #[cfg(not(target_feature = "relaxed-simd"))]
        return f32x4_add(f32x4_mul(x, y), sum);
    }

    let mut low = [f32x4_splat(0.0); MR];
    let mut high = [f32x4_splat(0.0); MR];
    let (a, b) = (a.as_ptr(), b.as_ptr());
    // SAFETY: `Tile::accumulate` has checked that `a` holds MR rows of k values and `b` k rows of 8.
    unsafe {
        for p in 0..k {
            let b_low = v128_load(b.add(p * PANEL).cast());
            let b_high = v128_load(b.add(p * PANEL + 4).cast());
            for row in 0..MR {
                let value = v128_load32_splat(a.add(row * a_stride + p).cast());
                low[row] = multiply_add(value, b_low, low[row]);
                high[row] = multiply_add(value, b_high, high[row]);
            }
        }
        let mut sums = [[0.0; PANEL]; MR];
        for row in 0..MR {
            v128_store(sums[row].as_mut_ptr().cast(), low[row]);
            v128_store(sums[row].as_mut_ptr().add(4).cast(), high[row]);
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn product<const MR: usize>(k: usize, a: &[f32], a_stride: usize, b: &[f32]) -> [[f32; PANEL]; MR] {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,fma")]
    fn fused<const MR: usize>(k: usize, a: &[f32], a_stride: usize, b: &[f32]) -> [[f32; PANEL]; MR] {
        let mut sums = [_mm256_setzero_ps(); MR];
        let mut out = [[0.0; PANEL]; MR];
        let (a, b) = (a.as_ptr(), b.as_ptr());
        // SAFETY: `Tile::accumulate` has checked that `a` holds MR rows of k values and `b` k rows of 8.
        unsafe {
            for p in 0..k {
                let b_row = _mm256_loadu_ps(b.add(p * PANEL));
                for row in 0..MR {
                    sums[row] = _mm256_fmadd_ps(_mm256_set1_ps(*a.add(row * a_stride + p)), b_row, sums[row]);
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                _mm256_storeu_ps(out.as_mut_ptr(), sum);
            }
        }
        out
    }
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has the two features.
        return unsafe { fused::<MR>(k, a, a_stride, b) };
    }
    portable::<MR>(k, a, a_stride, b)
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
#[inline]
fn product<const MR: usize>(k: usize, a: &[f32], a_stride: usize, b: &[f32]) -> [[f32; PANEL]; MR] {
    portable::<MR>(k, a, a_stride, b)
}

/// The same loop in plain Rust.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn portable<const MR: usize>(k: usize, a: &[f32], a_stride: usize, b: &[f32]) -> [[f32; PANEL]; MR] {
    let mut sums = [[0.0; PANEL]; MR];
    let rows: [&[f32]; MR] = std::array::from_fn(|row| &a[row * a_stride..][..k]);
    for (p, b_row) in b.chunks_exact(PANEL).take(k).enumerate() {
        for row in 0..MR {
            let value = rows[row][p];
            for column in 0..PANEL {
                sums[row][column] += value * b_row[column];
            }
        }
    }
    sums
}
