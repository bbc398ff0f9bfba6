//! The differentiable operations of a frozen transformer on row-major `f32` slices.
//!
//! Each file has a forward and a backward that gives the gradient of its *inputs* only, since no weight is trained,
//! and a check of that gradient against finite differences. Where a backward takes its output as an argument, the
//! gradient is added to what stands in it.

pub mod attention;
pub mod cross_entropy;
pub mod rms_norm;
pub mod rope;
pub mod swiglu;

pub use crate::kernels::gemm as linear;

#[cfg(test)]
pub mod gradient_check {
    use crate::rng::Rng;

    /// Normal numbers, for tests.
    pub fn random(n: usize, seed: u64) -> Vec<f32> {
        let mut rng = Rng::new(seed);
        (0..n).map(|_| rng.normal() as f32).collect()
    }

    /// Checks `gradient` of Σ w·f(x) at `x` against central differences, with f computed by `forward` and random w.
    pub fn check(x: &[f32], gradient: &[f32], weights: &[f32], mut forward: impl FnMut(&[f32]) -> Vec<f32>) {
        let mut value = |x: &[f32]| -> f64 { forward(x).iter().zip(weights).map(|(y, w)| *y as f64 * *w as f64).sum() };
        let step = 1e-2f32;
        for i in 0..x.len() {
            let mut moved = x.to_vec();
            moved[i] = x[i] + step;
            let above = value(&moved);
            moved[i] = x[i] - step;
            let numeric = (above - value(&moved)) / (2.0 * step as f64);
            let error = (numeric - gradient[i] as f64).abs();
            assert!(
                error < 2e-3 * (1.0 + numeric.abs()),
                "x[{i}]: gradient {} but differences give {numeric}",
                gradient[i]
            );
        }
    }
}
