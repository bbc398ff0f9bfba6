//! The numerical kernels: everything here works on plain `f32` slices and knows nothing of transformers.
//!
//! * [`gemm`]: products with a frozen matrix, forward and backward, packed once or expanded panel by panel.
//! * [`panels`]: packing; [`quantised`]: rows of a GGUF quantisation, expanded or times a vector.
//! * [`tile`]: the register tile that all of them spend their time in, one version for each instruction set.
//! * [`vector`]: dot products, scaled sums and a branch-free exponential that the compiler vectorises.
//! * [`work`]: counts the floating-point operations.

pub mod gemm;
pub mod panels;
pub mod quantised;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
pub mod tile;
pub mod vector;
pub mod work;
