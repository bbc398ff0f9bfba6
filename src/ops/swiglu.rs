//! SwiGLU (Shazeer 2020): y = silu(gate) · up, with silu(z) = z σ(z).

use crate::kernels::vector::exp;

#[inline(always)]
fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + exp(-z))
}

/// gate, up, returned y: (rows, feed-forward).
pub fn forward(gate: &[f32], up: &[f32]) -> Vec<f32> {
    gate.iter().zip(up).map(|(z, up)| z * sigmoid(*z) * up).collect()
}

/// Returns (d gate, d up) for dy.
pub fn backward(gate: &[f32], up: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (mut d_gate, mut d_up) = (vec![0.0; dy.len()], dy.to_vec());
    for (((d_gate, d_up), gate), up) in d_gate.iter_mut().zip(&mut d_up).zip(gate).zip(up) {
        let (dy, s) = (*d_up, sigmoid(*gate));
        *d_up = dy * gate * s;
        *d_gate = dy * up * s * (1.0 + gate * (1.0 - s));
    }
    (d_gate, d_up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gradient_check::{check, random};

    #[test]
    fn gradient_equals_finite_differences() {
        let (gate, up, w) = (random(20, 1), random(20, 2), random(20, 3));
        let (d_gate, d_up) = backward(&gate, &up, &w);
        check(&gate, &d_gate, &w, |gate| forward(gate, &up));
        check(&up, &d_up, &w, |up| forward(&gate, up));
    }
}
