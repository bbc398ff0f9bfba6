//! The register tile: C (MR x 8) += A (MR x k) · B (k x 8), B packed so that its 8 columns are contiguous.
//!
//! In WebAssembly a tile of 4 x 8 keeps 8 accumulators, 2 values of B and 1 of A in the 16 registers of 128 bits that
//! its engines map to; larger tiles spill. Natively a tile of 8 x 8 does the same with the registers of AVX2 + FMA, where
//! the processor has them.

// The row of a tile indexes accumulators and inputs alike; iterators would hide that.
#![allow(clippy::needless_range_loop)]

/// Columns of a packed panel.
pub const PANEL: usize = 8;

/// Rows of a full tile.
pub const TILE_ROWS: usize = if cfg!(target_arch = "wasm32") { 4 } else { 8 };

/// Adds A · B to `c`.
///
/// `a`: `rows` x `k`, rows begin every `a_row` numbers and go on every `a_step`; `b`: `k` x 8, packed; `c`: `rows` x
/// `columns`, rows begin every `c_stride` numbers. `rows` and `columns` are 1 to 8; the engine uses [`TILE_ROWS`].
pub struct Tile {
    pub rows: usize,
    pub columns: usize,
    pub k: usize,
    pub a_row: usize,
    pub a_step: usize,
    pub c_stride: usize,
}

impl Tile {
    #[inline]
    pub fn accumulate(&self, a: &[f32], b: &[f32], c: &mut [f32]) {
        match self.rows {
            1 => self.run::<1>(a, b, c),
            2 => self.run::<2>(a, b, c),
            3 => self.run::<3>(a, b, c),
            4 => self.run::<4>(a, b, c),
            5 => self.run::<5>(a, b, c),
            6 => self.run::<6>(a, b, c),
            7 => self.run::<7>(a, b, c),
            8 => self.run::<8>(a, b, c),
            rows => unreachable!("a tile has 1 to 8 rows, not {rows}"),
        }
    }

    #[inline(always)]
    fn run<const MR: usize>(&self, a: &[f32], b: &[f32], c: &mut [f32]) {
        // The compiler makes a faster loop where it knows the step.
        if self.a_step == 1 { self.run_step::<MR>(1, a, b, c) } else { self.run_step::<MR>(self.a_step, a, b, c) }
    }

    #[inline(always)]
    fn run_step<const MR: usize>(&self, a_step: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
        let k = self.k;
        // In 64 bits, where a sum of products of such sizes cannot overflow.
        let offset = |rows: usize, row: usize, step: usize| (rows - 1) as u64 * row as u64 + step as u64;
        assert!(k > 0 && b.len() / PANEL >= k && a.len() as u64 > offset(MR, self.a_row, 0) + offset(k, a_step, 0));
        let a = Lines { start: a.as_ptr(), row: self.a_row, step: a_step };
        if self.columns == PANEL {
            assert!(c.len() as u64 >= offset(MR, self.c_stride, PANEL));
            // SAFETY: `a` holds MR rows of k values, `b` k rows of 8 and `c` MR rows of 8.
            return unsafe { add_product::<MR>(k, a, b.as_ptr(), c.as_mut_ptr(), self.c_stride) };
        }
        let mut sums = [[0.0; PANEL]; MR];
        // SAFETY: as above.
        unsafe { add_product::<MR>(k, a, b.as_ptr(), sums.as_flattened_mut().as_mut_ptr(), PANEL) };
        for (row, sum) in sums.iter().enumerate() {
            let c_row = &mut c[row * self.c_stride..][..self.columns];
            c_row.iter_mut().zip(sum).for_each(|(value, add)| *value += add);
        }
    }
}

/// Rows of the left operand in memory.
#[derive(Clone, Copy)]
struct Lines {
    start: *const f32,
    row: usize,
    step: usize,
}

impl Lines {
    /// Number `p` of a row.
    ///
    /// # Safety
    /// It must lie in the operand.
    #[inline(always)]
    unsafe fn at(self, row: usize, p: usize) -> *const f32 {
        // SAFETY: the caller's promise.
        unsafe { self.start.add(row * self.row + p * self.step) }
    }
}

/// # Safety (of every version)
/// `a` must hold MR rows of k values, `b` k rows of 8, and `c` MR rows of 8 that begin every `c_stride` numbers.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline]
unsafe fn add_product<const MR: usize>(k: usize, a: Lines, b: *const f32, c: *mut f32, c_stride: usize) {
    use super::simd128::multiply_add;
    use core::arch::wasm32::*;

    // SAFETY: the caller's promise.
    unsafe {
        let mut low: [v128; MR] = core::array::from_fn(|row| v128_load(c.add(row * c_stride).cast()));
        let mut high: [v128; MR] = core::array::from_fn(|row| v128_load(c.add(row * c_stride + 4).cast()));
        for p in 0..k {
            let b_low = v128_load(b.add(p * PANEL).cast());
            let b_high = v128_load(b.add(p * PANEL + 4).cast());
            for row in 0..MR {
                let value = v128_load32_splat(a.at(row, p).cast());
                low[row] = multiply_add(value, b_low, low[row]);
                high[row] = multiply_add(value, b_high, high[row]);
            }
        }
        for row in 0..MR {
            v128_store(c.add(row * c_stride).cast(), low[row]);
            v128_store(c.add(row * c_stride + 4).cast(), high[row]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn add_product<const MR: usize>(k: usize, a: Lines, b: *const f32, c: *mut f32, c_stride: usize) {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,fma")]
    unsafe fn fused<const MR: usize>(k: usize, a: Lines, b: *const f32, c: *mut f32, c_stride: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums: [__m256; MR] = std::array::from_fn(|row| _mm256_loadu_ps(c.add(row * c_stride)));
            for p in 0..k {
                let b_row = _mm256_loadu_ps(b.add(p * PANEL));
                for row in 0..MR {
                    sums[row] = _mm256_fmadd_ps(_mm256_set1_ps(*a.at(row, p)), b_row, sums[row]);
                }
            }
            for (row, sum) in sums.into_iter().enumerate() {
                _mm256_storeu_ps(c.add(row * c_stride), sum);
            }
        }
    }
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has the two features, and the caller's promise.
        return unsafe { fused::<MR>(k, a, b, c, c_stride) };
    }
    // SAFETY: the caller's promise.
    unsafe { portable::<MR>(k, a, b, c, c_stride) };
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
#[inline]
unsafe fn add_product<const MR: usize>(k: usize, a: Lines, b: *const f32, c: *mut f32, c_stride: usize) {
    // SAFETY: the caller's promise.
    unsafe { portable::<MR>(k, a, b, c, c_stride) };
}

/// The same loop in plain Rust.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
unsafe fn portable<const MR: usize>(k: usize, a: Lines, b: *const f32, c: *mut f32, c_stride: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums: [[f32; PANEL]; MR] =
            std::array::from_fn(|row| std::array::from_fn(|i| *c.add(row * c_stride + i)));
        for p in 0..k {
            for row in 0..MR {
                let value = *a.at(row, p);
                for column in 0..PANEL {
                    sums[row][column] += value * *b.add(p * PANEL + column);
                }
            }
        }
        for (row, sum) in sums.iter().enumerate() {
            std::ptr::copy_nonoverlapping(sum.as_ptr(), c.add(row * c_stride), PANEL);
        }
    }
}
