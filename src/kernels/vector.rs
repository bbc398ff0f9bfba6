//! Operations on vectors, written so that the compiler turns them into SIMD code.

const LANES: usize = 8;

/// Σ aᵢ bᵢ, summed in eight lanes: always in the same order.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    let mut lanes = [0.0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f32>() + tail
}

/// y += s x.
#[inline]
pub fn add_scaled(y: &mut [f32], s: f32, x: &[f32]) {
    debug_assert_eq!(y.len(), x.len());
    for (y, x) in y.iter_mut().zip(x) {
        *y += s * x;
    }
}

/// y += x.
#[inline]
pub fn add(y: &mut [f32], x: &[f32]) {
    debug_assert_eq!(y.len(), x.len());
    for (y, x) in y.iter_mut().zip(x) {
        *y += x;
    }
}

/// eˣ to 2 units in the last place, without a branch: e^x = 2^n e^r with r in [-ln 2 / 2, ln 2 / 2] and the
/// polynomial of Cephes' `expf` for e^r. Below -87 it gives a number under 2e-38, above 88 one over 1e38.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to the nearest integer
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut p = 1.987_569_2e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let e_r = p * r * r + r + 1.0;
    // The last bits of `rounded` are n itself; 2^n has n + 127 as its exponent.
    e_r * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// Turns logits into probabilities in place; returns log Σ exp, the normaliser in nats.
pub fn softmax(row: &mut [f32]) -> f32 {
    scaled_softmax(row, 1.0)
}

/// [`softmax`] of `scale` · row; `scale` is positive.
pub fn scaled_softmax(row: &mut [f32], scale: f32) -> f32 {
    let max = max(row) * scale;
    let sum = exp_in_place(row, scale, max);
    let inverse = 1.0 / sum;
    row.iter_mut().for_each(|value| *value *= inverse);
    max + sum.ln()
}

/// x -> exp(scale · x − shift) in place; returns the sum, in eight lanes.
pub fn exp_in_place(row: &mut [f32], scale: f32, shift: f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (chunks, tail) = row.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            chunk[lane] = exp(chunk[lane] * scale - shift);
            lanes[lane] += chunk[lane];
        }
    }
    tail.iter_mut().for_each(|value| *value = exp(*value * scale - shift));
    lanes.iter().sum::<f32>() + tail.iter().sum::<f32>()
}

/// The largest value; −∞ where there is none.
#[inline]
pub fn max(x: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = x.chunks_exact(LANES);
    let tail = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, larger);
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = larger(lanes[lane], chunk[lane]);
        }
    }
    lanes.into_iter().fold(tail, larger)
}

/// The index of the largest value; the first one where several are equal, 0 where there is none.
pub fn argmax(row: &[f32]) -> usize {
    let max = max(row);
    row.iter().position(|value| *value == max).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_right_to_a_few_units_in_the_last_place() {
        for i in -86_000..88_000 {
            let x = i as f32 / 1000.0;
            let expected = (x as f64).exp();
            let error = ((exp(x) as f64 - expected) / expected).abs();
            assert!(error < 3e-7, "exp({x}): relative error {error}");
        }
    }

    #[test]
    fn softmax_of_huge_logits_is_finite() {
        let mut row = [1e30, 1e30, -1e30];
        softmax(&mut row);
        assert_eq!(row[..2], [0.5, 0.5]);
        assert!(row[2] < 1e-37);
    }

    #[test]
    fn dot_handles_tails() {
        let x: Vec<f32> = (0..19).map(|i| i as f32).collect();
        assert_eq!(dot(&x, &x), (0..19).map(|i| (i * i) as f32).sum::<f32>());
    }
}
