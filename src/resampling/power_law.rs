//! The shape of a learning curve: loss(n) = a + b n^(-c). Test loss falls as a power of the number of examples towards a
//! floor over many orders of magnitude (Hestness et al. 2017); with few sizes it is a smooth guess and no law.

use serde::{Deserialize, Serialize};

/// `a`: the loss that no number of examples gets below; `b`: what one example leaves above it; `c`: how fast that
/// shrinks. a >= 0, b >= 0, so that the curve never rises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PowerLaw {
    pub a: f64,
    pub b: f64,
    pub c: f64,
}

/// A mean loss; `weight`: how many trainings it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    pub size: f64,
    pub loss: f64,
    pub weight: f64,
}

const SLOWEST: f64 = 0.05;
const FASTEST: f64 = 3.0;
const GRID: usize = 60;
const GOLDEN: f64 = 0.618_033_988_749_894_9;
/// Three numbers are fitted.
pub const FEWEST_SIZES: usize = 3;

impl PowerLaw {
    pub fn at(&self, size: f64) -> f64 {
        self.a + self.b * size.powf(-self.c)
    }

    /// Weighted least squares: `c` on a grid and then by golden section between the neighbours of the best one, for each
    /// `c` the best `a` and `b`. Needs `FEWEST_SIZES` points of different sizes >= 1, else `None`.
    pub fn fit(points: &[Measured]) -> Option<Self> {
        if points.len() < FEWEST_SIZES {
            return None;
        }
        let grid = |i: usize| SLOWEST * (FASTEST / SLOWEST).powf(i as f64 / (GRID - 1) as f64);
        let fits = (0..GRID).map(|i| (i, Fit::new(points, grid(i))));
        let (at, mut best) = fits.min_by(|(_, a), (_, b)| a.error.total_cmp(&b.error))?;
        let (mut low, mut high) = (grid(at.saturating_sub(1)), grid((at + 1).min(GRID - 1)));
        for _ in 0..30 {
            let left = Fit::new(points, high - GOLDEN * (high - low));
            let right = Fit::new(points, low + GOLDEN * (high - low));
            let better = if left.error <= right.error { left } else { right };
            if left.error <= right.error {
                high = right.law.c
            } else {
                low = left.law.c
            }
            if better.error < best.error {
                best = better;
            }
        }
        Some(best.law)
    }
}

/// The best law of one exponent, and its squared error.
#[derive(Clone, Copy)]
struct Fit {
    law: PowerLaw,
    error: f64,
}

impl Fit {
    /// The best line in n^(-c) with a >= 0 and b >= 0: where the free one breaks a bound, the better of the two edges.
    fn new(points: &[Measured], c: f64) -> Self {
        let x: Vec<f64> = points.iter().map(|p| p.size.powf(-c)).collect();
        let sum = |value: &dyn Fn(f64, f64) -> f64| -> f64 {
            points.iter().zip(&x).map(|(p, x)| p.weight * value(*x, p.loss)).sum()
        };
        let with = |a: f64, b: f64| Self { law: PowerLaw { a, b, c }, error: sum(&|x, y| (y - a - b * x).powi(2)) };
        let weights = sum(&|_, _| 1.0);
        let (mean_x, mean_y) = (sum(&|x, _| x) / weights, sum(&|_, y| y) / weights);
        let spread = sum(&|x, _| (x - mean_x).powi(2));
        let b = if spread > 0.0 { sum(&|x, y| (x - mean_x) * (y - mean_y)) / spread } else { 0.0 };
        let a = mean_y - b * mean_x;
        if a >= 0.0 && b >= 0.0 {
            return with(a, b);
        }
        let flat = with(mean_y.max(0.0), 0.0);
        let floorless = with(0.0, (sum(&|x, y| x * y) / sum(&|x, _| x * x)).max(0.0));
        if floorless.error < flat.error { floorless } else { flat }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(law: PowerLaw, sizes: &[usize]) -> Vec<Measured> {
        let measured = |n: &usize| Measured { size: *n as f64, loss: law.at(*n as f64), weight: 5.0 };
        sizes.iter().map(measured).collect()
    }

    #[test]
    fn recovers_what_made_the_data() {
        for (a, b, c) in [(0.8, 2.0, 0.7), (0.0, 3.0, 0.2), (1.5, 1.0, 1.6), (0.3, 4.0, 2.9)] {
            let fit = PowerLaw::fit(&exact(PowerLaw { a, b, c }, &[2, 4, 6, 8, 10])).unwrap();
            assert!((fit.a - a).abs() < 1e-3 && (fit.b - b).abs() < 1e-3 && (fit.c - c).abs() < 1e-3, "{fit:?}");
        }
    }

    #[test]
    fn bounds_hold() {
        // A straight line in the exponent with a < 0, and one that rises.
        let below = PowerLaw::fit(&exact(PowerLaw { a: -0.5, b: 3.0, c: 0.05 }, &[2, 4, 8])).unwrap();
        assert!(below.a >= 0.0 && below.b > 0.0 && (0.05..=3.0).contains(&below.c), "{below:?}");
        let rising = PowerLaw::fit(&exact(PowerLaw { a: 2.0, b: -1.0, c: 1.0 }, &[2, 4, 8])).unwrap();
        assert_eq!(rising.b, 0.0);
        assert!((rising.a - (1.5 + 1.75 + 1.875) / 3.0).abs() < 1e-9, "flat at the mean: {rising:?}");
    }

    #[test]
    fn weights_count() {
        let mut points = exact(PowerLaw { a: 1.0, b: 0.0, c: 1.0 }, &[2, 4, 8]);
        points[2].loss = 2.0;
        points[2].weight = 15.0;
        let fit = PowerLaw::fit(&points).unwrap();
        assert!((fit.a - (5.0 + 5.0 + 30.0) / 25.0).abs() < 1e-9, "{fit:?}");
    }

    #[test]
    fn needs_three_sizes() {
        assert_eq!(PowerLaw::fit(&exact(PowerLaw { a: 1.0, b: 1.0, c: 1.0 }, &[2, 4])), None);
    }
}
