//! Rows of a GGUF quantisation: blocks of 32 or 256 small whole numbers with a common scale.
//!
//! Every type is expanded to f32 by candle. For the common 32-number types there is a product with one vector as well
//! (decoding), which expands the codes in registers and multiplies a block's sum by its scale: f32 throughout, since a
//! vector rounded to 8 or 16 bits changes the logits (0.006 with 16 bits on SmolLM2, whose activations have outliers).

use candle_core::quantized::k_quants::*;
use candle_core::quantized::{GgmlDType, GgmlType};

/// Numbers of a block in the types that [`QuantisedRows::times_vector`] knows.
const BLOCK: usize = 32;

/// A matrix in blocks; a row is a whole number of them.
pub struct QuantisedRows {
    bytes: Vec<u8>,
    dtype: GgmlDType,
    columns: usize,
}

impl QuantisedRows {
    /// `bytes` as GGUF stores them; none where they are not whole rows of `columns` numbers.
    pub fn new(columns: usize, bytes: Vec<u8>, dtype: GgmlDType) -> Option<Self> {
        let rows = Self { bytes, dtype, columns };
        let whole = columns.is_multiple_of(dtype.block_size()) && rows.bytes.len().is_multiple_of(rows.row_bytes());
        whole.then_some(rows)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn row_bytes(&self) -> usize {
        self.columns / self.dtype.block_size() * self.dtype.type_size()
    }

    /// The rows in another order.
    pub fn reordered(&self, order: impl Iterator<Item = usize>) -> Self {
        let width = self.row_bytes();
        let bytes = order.flat_map(|row| &self.bytes[row * width..(row + 1) * width]).copied().collect();
        Self { bytes, ..*self }
    }

    /// Rows `first .. first + count` as f32.
    pub fn expand(&self, first: usize, count: usize) -> Vec<f32> {
        let width = self.row_bytes();
        let bytes = &self.bytes[first * width..(first + count) * width];
        let mut values = vec![0.0; count * self.columns];
        match self.dtype {
            GgmlDType::Q4_0 => expand::<BlockQ4_0>(bytes, &mut values),
            GgmlDType::Q4_1 => expand::<BlockQ4_1>(bytes, &mut values),
            GgmlDType::Q5_0 => expand::<BlockQ5_0>(bytes, &mut values),
            GgmlDType::Q5_1 => expand::<BlockQ5_1>(bytes, &mut values),
            GgmlDType::Q8_0 => expand::<BlockQ8_0>(bytes, &mut values),
            GgmlDType::Q8_1 => expand::<BlockQ8_1>(bytes, &mut values),
            GgmlDType::Q2K => expand::<BlockQ2K>(bytes, &mut values),
            GgmlDType::Q3K => expand::<BlockQ3K>(bytes, &mut values),
            GgmlDType::Q4K => expand::<BlockQ4K>(bytes, &mut values),
            GgmlDType::Q5K => expand::<BlockQ5K>(bytes, &mut values),
            GgmlDType::Q6K => expand::<BlockQ6K>(bytes, &mut values),
            GgmlDType::Q8K => expand::<BlockQ8K>(bytes, &mut values),
            GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => unreachable!("not a quantisation"),
        }
        values
    }

    /// Whether [`QuantisedRows::times_vector`] knows the type.
    pub fn has_dot(&self) -> bool {
        matches!(self.dtype, GgmlDType::Q4_0 | GgmlDType::Q4_1 | GgmlDType::Q8_0)
    }

    /// y (rows) += W x for one vector x (columns).
    pub fn times_vector(&self, x: &[f32], y: &mut [f32]) {
        let (x, _) = x.as_chunks::<BLOCK>();
        let sums: Vec<f32> = x.iter().map(|block| block.iter().sum()).collect();
        let rows = self.bytes.chunks_exact(self.row_bytes());
        match self.dtype {
            GgmlDType::Q4_0 => y.iter_mut().zip(rows).for_each(|(y, row)| *y += dot::<18>(row, x, &sums, q4_0)),
            GgmlDType::Q4_1 => y.iter_mut().zip(rows).for_each(|(y, row)| *y += dot::<20>(row, x, &sums, q4_1)),
            GgmlDType::Q8_0 => y.iter_mut().zip(rows).for_each(|(y, row)| *y += dot::<34>(row, x, &sums, q8_0)),
            other => unreachable!("no product of a vector with {other:?}"),
        }
    }
}

/// Expands whole blocks of candle's type `B`, which may lie anywhere in memory.
fn expand<B: GgmlType>(bytes: &[u8], values: &mut [f32]) {
    for (block, values) in bytes.chunks_exact(size_of::<B>()).zip(values.chunks_exact_mut(B::BLCK_SIZE)) {
        let mut aligned = [B::zeros()];
        // SAFETY: `block` has exactly the size of B, and candle's blocks are plain numbers, valid for any bytes.
        unsafe { std::ptr::copy_nonoverlapping(block.as_ptr(), aligned.as_mut_ptr().cast::<u8>(), size_of::<B>()) };
        B::to_float(&aligned, values);
    }
}

/// A row, in blocks of `BYTES` bytes, times x; `sums` has Σ x of each block. `parts` gives a block's scale, what is added
/// to each of its numbers, and Σ of its codes times x.
#[inline(always)]
fn dot<const BYTES: usize>(
    row: &[u8],
    x: &[[f32; BLOCK]],
    sums: &[f32],
    parts: impl Fn(&[u8; BYTES], &[f32; BLOCK]) -> (f32, f32, Lanes),
) -> f32 {
    let (mut total, mut offset) = (Lanes::zero(), 0.0);
    let (blocks, _) = row.as_chunks::<BYTES>();
    for ((block, x), sum) in blocks.iter().zip(x).zip(sums) {
        let (d, minimum, lanes) = parts(block, x);
        total.add_scaled(lanes, d);
        offset += minimum * sum;
    }
    total.sum() + offset
}

/// w = d (code − 8); codes of numbers i and i + 16 share a byte.
#[inline(always)]
fn q4_0(block: &[u8; 18], x: &[f32; BLOCK]) -> (f32, f32, Lanes) {
    let d = half_to_f32(block[0], block[1]);
    (d, -8.0 * d, dot_nibbles(&block[2..], x))
}

/// w = d code + m.
#[inline(always)]
fn q4_1(block: &[u8; 20], x: &[f32; BLOCK]) -> (f32, f32, Lanes) {
    (half_to_f32(block[0], block[1]), half_to_f32(block[2], block[3]), dot_nibbles(&block[4..], x))
}

/// w = d code with a signed code.
#[inline(always)]
fn q8_0(block: &[u8; 34], x: &[f32; BLOCK]) -> (f32, f32, Lanes) {
    (half_to_f32(block[0], block[1]), 0.0, dot_bytes(&block[2..], x))
}

/// A finite f16 (little endian) as f32, without a branch: its bits at the place of an f32's are the number times 2⁻¹¹².
#[inline(always)]
fn half_to_f32(low: u8, high: u8) -> f32 {
    const TWO_112: f32 = f32::from_bits((127 + 112) << 23);
    let bits = u32::from(u16::from_le_bytes([low, high]));
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * TWO_112;
    f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16)
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use super::BLOCK;
    use crate::kernels::simd128::multiply_add;
    use core::arch::wasm32::*;

    /// Four partial sums.
    #[derive(Clone, Copy)]
    pub struct Lanes(v128);

    impl Lanes {
        #[inline(always)]
        pub fn zero() -> Self {
            Self(f32x4_splat(0.0))
        }

        #[inline(always)]
        pub fn add_scaled(&mut self, other: Self, scale: f32) {
            self.0 = multiply_add(other.0, f32x4_splat(scale), self.0);
        }

        #[inline(always)]
        pub fn sum(self) -> f32 {
            let v = self.0;
            let (a, b) = (f32x4_extract_lane::<0>(v), f32x4_extract_lane::<1>(v));
            let (c, d) = (f32x4_extract_lane::<2>(v), f32x4_extract_lane::<3>(v));
            (a + b) + (c + d)
        }
    }

    /// Adds eight 16-bit codes times x[first .. first + 8] to two sums.
    #[inline(always)]
    fn add_eight(codes: v128, x: &[f32; BLOCK], first: usize, sums: &mut [v128; 2]) {
        // SAFETY: `first` is 0, 8, 16 or 24, so eight numbers follow it.
        let (a, b) = unsafe { (v128_load(x.as_ptr().add(first).cast()), v128_load(x.as_ptr().add(first + 4).cast())) };
        sums[0] = multiply_add(f32x4_convert_i32x4(i32x4_extend_low_i16x8(codes)), a, sums[0]);
        sums[1] = multiply_add(f32x4_convert_i32x4(i32x4_extend_high_i16x8(codes)), b, sums[1]);
    }

    #[inline(always)]
    pub fn dot_nibbles(codes: &[u8], x: &[f32; BLOCK]) -> Lanes {
        assert!(codes.len() == BLOCK / 2);
        // SAFETY: sixteen bytes are there.
        let codes = unsafe { v128_load(codes.as_ptr().cast()) };
        let (low, high) = (v128_and(codes, u8x16_splat(15)), u8x16_shr(codes, 4));
        let mut sums = [f32x4_splat(0.0); 2];
        add_eight(u16x8_extend_low_u8x16(low), x, 0, &mut sums);
        add_eight(u16x8_extend_high_u8x16(low), x, 8, &mut sums);
        add_eight(u16x8_extend_low_u8x16(high), x, 16, &mut sums);
        add_eight(u16x8_extend_high_u8x16(high), x, 24, &mut sums);
        Lanes(f32x4_add(sums[0], sums[1]))
    }

    #[inline(always)]
    pub fn dot_bytes(codes: &[u8], x: &[f32; BLOCK]) -> Lanes {
        assert!(codes.len() == BLOCK);
        // SAFETY: thirty-two bytes are there.
        let (low, high) = unsafe { (v128_load(codes.as_ptr().cast()), v128_load(codes.as_ptr().add(16).cast())) };
        let mut sums = [f32x4_splat(0.0); 2];
        add_eight(i16x8_extend_low_i8x16(low), x, 0, &mut sums);
        add_eight(i16x8_extend_high_i8x16(low), x, 8, &mut sums);
        add_eight(i16x8_extend_low_i8x16(high), x, 16, &mut sums);
        add_eight(i16x8_extend_high_i8x16(high), x, 24, &mut sums);
        Lanes(f32x4_add(sums[0], sums[1]))
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    use super::BLOCK;

    /// Partial sums.
    #[derive(Clone, Copy)]
    pub struct Lanes([f32; 8]);

    impl Lanes {
        #[inline(always)]
        pub fn zero() -> Self {
            Self([0.0; 8])
        }

        #[inline(always)]
        pub fn add_scaled(&mut self, other: Self, scale: f32) {
            self.0.iter_mut().zip(other.0).for_each(|(sum, lane)| *sum += lane * scale);
        }

        #[inline(always)]
        pub fn sum(self) -> f32 {
            self.0.iter().sum()
        }
    }

    #[inline(always)]
    fn dot(codes: [f32; BLOCK], x: &[f32; BLOCK]) -> Lanes {
        let mut lanes = [0.0; 8];
        for first in (0..BLOCK).step_by(8) {
            for lane in 0..8 {
                lanes[lane] += codes[first + lane] * x[first + lane];
            }
        }
        Lanes(lanes)
    }

    #[inline(always)]
    pub fn dot_nibbles(codes: &[u8], x: &[f32; BLOCK]) -> Lanes {
        let code = |i: usize| if i < BLOCK / 2 { codes[i] & 15 } else { codes[i - BLOCK / 2] >> 4 };
        dot(std::array::from_fn(|i| f32::from(code(i))), x)
    }

    #[inline(always)]
    pub fn dot_bytes(codes: &[u8], x: &[f32; BLOCK]) -> Lanes {
        dot(std::array::from_fn(|i| f32::from(codes[i] as i8)), x)
    }
}

use lanes::{Lanes, dot_bytes, dot_nibbles};
