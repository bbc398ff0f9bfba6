//! RMSNorm (Zhang and Sennrich 2019): y = x / sqrt(mean(x²) + ε) · g, row by row.

use crate::kernels::vector::dot;

/// x, returned y: (rows, hidden); gain: (hidden).
pub fn forward(x: &[f32], gain: &[f32], epsilon: f32) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    for (x, y) in x.chunks_exact(gain.len()).zip(y.chunks_exact_mut(gain.len())) {
        let scale = inverse_rms(x, epsilon);
        for ((y, x), gain) in y.iter_mut().zip(x).zip(gain) {
            *y = x * scale * gain;
        }
    }
    y
}

/// dx += ∂y/∂x · dy = s (g dy − x s² mean(g dy x)), with s = 1 / rms(x).
pub fn backward(x: &[f32], gain: &[f32], epsilon: f32, dy: &[f32], dx: &mut [f32]) {
    let hidden = gain.len();
    let mut scaled = vec![0.0; hidden];
    let rows = x.chunks_exact(hidden).zip(dy.chunks_exact(hidden)).zip(dx.chunks_exact_mut(hidden));
    for ((x, dy), dx) in rows {
        let s = inverse_rms(x, epsilon);
        for ((scaled, gain), dy) in scaled.iter_mut().zip(gain).zip(dy) {
            *scaled = gain * dy;
        }
        let projection = s * s * dot(&scaled, x) / hidden as f32;
        for ((dx, scaled), x) in dx.iter_mut().zip(&scaled).zip(x) {
            *dx += s * (scaled - x * projection);
        }
    }
}

fn inverse_rms(x: &[f32], epsilon: f32) -> f32 {
    1.0 / (dot(x, x) / x.len() as f32 + epsilon).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gradient_check::{check, random};

    #[test]
    fn gradient_equals_finite_differences() {
        let (x, gain, w) = (random(3 * 10, 1), random(10, 2), random(30, 3));
        let mut dx = vec![0.0; 30];
        backward(&x, &gain, 1e-5, &w, &mut dx);
        check(&x, &dx, &w, |x| forward(x, &gain, 1e-5));
    }
}
