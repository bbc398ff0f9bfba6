//! What the kernels for WebAssembly's 128-bit SIMD share.

use core::arch::wasm32::*;

/// x · y + sum: rounded once where the build has relaxed SIMD, twice where not.
#[inline(always)]
pub fn multiply_add(x: v128, y: v128, sum: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return f32x4_relaxed_madd(x, y, sum);
    #[cfg(not(target_feature = "relaxed-simd"))]
    return f32x4_add(f32x4_mul(x, y), sum);
}
