//! The matrix kernels alone, called by `make bench` in Chromium and natively.
//!
//! * [`tile_loop`]: the register tile on operands that stay in the first-level cache: what the machine can do at most.
//! * [`Product`]: the product that the engine uses, with operands as large as the models' are.
//!
//! Both only do the work; the caller holds the clock.

use candle_core::quantized::GgmlDType;
use prompt_playground::kernels::gemm;
use prompt_playground::kernels::tile::{PANEL, Tile};
use prompt_playground::matrix::Matrix;
use prompt_playground::rng::Rng;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::prelude::*;

fn random(n: usize) -> Vec<f32> {
    let mut rng = Rng::new(1);
    (0..n).map(|_| rng.normal() as f32).collect()
}

/// Runs a tile of `rows` x 8 `repeats` times on the same 256-long operands; returns the floating-point operations done.
/// The engine's tile has 4 rows in WebAssembly; the caller tries others too.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen(js_name = tileLoop))]
pub fn tile_loop(rows: usize, repeats: usize) -> f64 {
    const K: usize = 256;
    let (a, b) = (random(rows * K), random(K * PANEL));
    let mut c = vec![0.0; rows * PANEL];
    let tile = Tile { rows, columns: PANEL, k: K, a_row: K, a_step: 1, c_stride: PANEL };
    for _ in 0..repeats {
        tile.accumulate(std::hint::black_box(&a), std::hint::black_box(&b), &mut c);
    }
    std::hint::black_box(&c);
    2.0 * (rows * PANEL * K * repeats) as f64
}

/// A matrix of Q4_1 blocks: scale and minimum as f16, and 32 codes of four bits.
fn q4_1(rows: usize, columns: usize) -> Matrix {
    let mut rng = Rng::new(2);
    let block = |_| {
        let mut block = vec![0x00, 0x2c, 0x00, 0xb4]; // 1/16 and -1/4
        block.extend((0..16).map(|_| rng.below(256) as u8));
        block
    };
    let bytes = (0..rows * columns / 32).flat_map(block).collect();
    Matrix::from_quantised(rows, columns, bytes, GgmlDType::Q4_1).expect("whole blocks")
}

/// x (m, k) times a frozen W (n, k), forward and backward.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen)]
pub struct Product {
    x: Vec<f32>,
    w: Matrix,
    y: Vec<f32>,
    dx: Vec<f32>,
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen)]
impl Product {
    /// `packed`: once, as in a small model; otherwise W is Q4_1 and expanded in every product, as in SmolLM2's GGUF.
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen(constructor))]
    pub fn new(m: usize, k: usize, n: usize, packed: bool) -> Product {
        let w = if packed { Matrix::from_f32(n, k, random(n * k)).packed() } else { q4_1(n, k) };
        Product { x: random(m * k), w, y: vec![0.0; m * n], dx: vec![0.0; m * k] }
    }

    /// One product y = x Wᵀ; returns its floating-point operations.
    pub fn forward(&mut self) -> f64 {
        gemm::forward(&self.x, &self.w, &mut self.y);
        self.operations()
    }

    /// One product dx += y W; returns its floating-point operations.
    pub fn backward(&mut self) -> f64 {
        gemm::backward(&self.y, &self.w, &mut self.dx);
        self.operations()
    }

    fn operations(&self) -> f64 {
        let (n, k) = self.w.shape();
        2.0 * (self.y.len() / n * n * k) as f64
    }
}
