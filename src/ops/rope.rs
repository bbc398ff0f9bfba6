//! Rotary position embedding (Su et al. 2021), in the half-split form of Llama in `transformers`:
//! dimension i of a head turns together with dimension i + half by the angle position · θ^(−i / half).

/// cos and sin of every position: (positions, half).
pub struct Rope {
    half: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

/// `Backward` turns the other way round: the rotation is orthogonal, so that is its gradient.
#[derive(Clone, Copy, PartialEq)]
pub enum Direction {
    Forward,
    Backward,
}

impl Rope {
    pub fn new(head_size: usize, theta: f32, positions: usize) -> Self {
        let half = head_size / 2;
        let (mut cos, mut sin) = (Vec::with_capacity(positions * half), Vec::with_capacity(positions * half));
        // f32 throughout, as the reference computes it.
        let frequencies: Vec<f32> = (0..half).map(|i| 1.0 / theta.powf(2.0 * i as f32 / head_size as f32)).collect();
        for position in 0..positions {
            for frequency in &frequencies {
                let angle = position as f32 * frequency;
                cos.push(angle.cos());
                sin.push(angle.sin());
            }
        }
        Self { half, cos, sin }
    }

    /// Rotates `x` (rows, heads · head size) in place; row i stands at `positions[i]`.
    pub fn rotate(&self, x: &mut [f32], positions: &[usize], direction: Direction) {
        if positions.is_empty() {
            return;
        }
        let half = self.half;
        let width = x.len() / positions.len();
        for (row, position) in x.chunks_exact_mut(width).zip(positions) {
            let cos = &self.cos[position * half..(position + 1) * half];
            let sin = &self.sin[position * half..(position + 1) * half];
            for head in row.chunks_exact_mut(2 * half) {
                let (left, right) = head.split_at_mut(half);
                for i in 0..half {
                    let sin = if direction == Direction::Forward { sin[i] } else { -sin[i] };
                    let (a, b) = (left[i], right[i]);
                    left[i] = a * cos[i] - b * sin;
                    right[i] = b * cos[i] + a * sin;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gradient_check::{check, random};

    #[test]
    fn gradient_equals_finite_differences() {
        let (rope, positions) = (Rope::new(8, 10_000.0, 10), [0, 3, 9]);
        let (x, w) = (random(3 * 16, 1), random(3 * 16, 2));
        let mut dx = w.clone();
        rope.rotate(&mut dx, &positions, Direction::Backward);
        check(&x, &dx, &w, |x| {
            let mut y = x.to_vec();
            rope.rotate(&mut y, &positions, Direction::Forward);
            y
        });
    }

    #[test]
    fn position_zero_is_left_alone_and_lengths_are_kept() {
        let rope = Rope::new(8, 10_000.0, 4);
        let x = random(16, 1);
        let mut y = x.clone();
        rope.rotate(&mut y, &[0, 3], Direction::Forward);
        assert_eq!(x[..8], y[..8]);
        let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>();
        assert!((length(&x[8..]) - length(&y[8..])).abs() < 1e-4);
        assert!(x[8..] != y[8..]);
    }
}
