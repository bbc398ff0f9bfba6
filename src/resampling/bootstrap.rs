//! How sure a fitted learning curve is: the fits to resampled draws, and the band that they span.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::draw_results::{DrawResult, measured, points};
use super::power_law::PowerLaw;
use super::statistics::{quantile, student_t};
use crate::rng::Rng;

/// The fitted curve at a size: its median over the resamples, and the limits below and above which 5 % lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BandPoint {
    pub size: f64,
    pub low: f64,
    pub middle: f64,
    pub high: f64,
}

/// The fitted loss with twice the examples of the largest training, and how far below that training's it lies; limits
/// as in `BandPoint`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Doubled {
    pub from: usize,
    pub size: usize,
    pub loss: f64,
    pub low: f64,
    pub high: f64,
    pub fall: f64,
    pub fall_low: f64,
    pub fall_high: f64,
}

const RESAMPLES: usize = 200;
const BAND_POINTS: usize = 40;
/// The band ends at so many times the largest size.
const REACH: f64 = 4.0;

/// The fits to draws taken again with replacement (bootstrap): whole draws, because the trainings of a draw share rows.
pub struct Resampled {
    curves: Vec<PowerLaw>,
    /// Few draws resample too narrowly: their spread lacks a factor of sqrt(k / (k - 1)), and their tails are Student's
    /// with k - 1 degrees of freedom instead of normal (Hesterberg 2015).
    widening: f64,
}

impl Resampled {
    /// `None` where less than half of the resamples have enough sizes.
    pub fn new(results: &[DrawResult], seed: u64) -> Option<Self> {
        let mut by_draw: BTreeMap<usize, Vec<&DrawResult>> = BTreeMap::new();
        results.iter().for_each(|result| by_draw.entry(result.draw).or_default().push(result));
        let draws: Vec<Vec<&DrawResult>> = by_draw.into_values().collect();
        let count = draws.len();
        let mut rng = Rng::new(seed);
        let mut resample = || {
            let taken: Vec<&DrawResult> = (0..count).flat_map(|_| draws[rng.below(count)].iter().copied()).collect();
            PowerLaw::fit(&measured(&points(taken)))
        };
        let curves: Vec<PowerLaw> = (0..RESAMPLES).filter_map(|_| resample()).collect();
        const NORMAL_90: f64 = 1.644_854;
        let tails = student_t(0.90, count.checked_sub(1)?)? / NORMAL_90;
        let widening = tails * (count as f64 / (count - 1) as f64).sqrt();
        (curves.len() * 2 >= RESAMPLES).then_some(Self { curves, widening })
    }

    /// 5 %, 50 % and 95 % of a quantity that cannot be negative.
    fn limits(&self, quantity: impl Fn(&PowerLaw) -> f64) -> Option<(f64, f64, f64)> {
        let values: Vec<f64> = self.curves.iter().map(quantity).collect();
        let middle = quantile(&values, 0.5)?;
        let widened = |p: f64| Some((middle + self.widening * (quantile(&values, p)? - middle)).max(0.0));
        Some((widened(0.05)?, middle, widened(0.95)?))
    }

    /// At sizes in equal ratios.
    pub fn band(&self, smallest: usize, largest: usize) -> Vec<BandPoint> {
        let (start, end) = (smallest as f64, REACH * largest as f64);
        let point = |i: usize| {
            let size = start * (end / start).powf(i as f64 / (BAND_POINTS - 1) as f64);
            let (low, middle, high) = self.limits(|curve| curve.at(size))?;
            Some(BandPoint { size, low, middle, high })
        };
        (0..BAND_POINTS).filter_map(point).collect()
    }

    pub fn doubled(&self, from: usize) -> Option<Doubled> {
        let (now, then) = (from as f64, 2.0 * from as f64);
        let (low, loss, high) = self.limits(|curve| curve.at(then))?;
        let (fall_low, fall, fall_high) = self.limits(|curve| curve.at(now) - curve.at(then))?;
        Some(Doubled { from, size: 2 * from, loss, low, high, fall, fall_low, fall_high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(losses: &[(usize, usize, f64)]) -> Vec<DrawResult> {
        let result = |(draw, size, loss): &(usize, usize, f64)| DrawResult {
            draw: *draw,
            size: *size,
            train: Vec::new(),
            loss: *loss,
        };
        losses.iter().map(result).collect()
    }

    #[test]
    fn equal_draws_leave_no_doubt_and_different_ones_do() {
        let equal: Vec<_> = (0..3).flat_map(|draw| [(draw, 2, 2.0), (draw, 4, 1.5), (draw, 8, 1.25)]).collect();
        let sure = Resampled::new(&results(&equal), 1).unwrap().doubled(8).unwrap();
        assert!((sure.loss - 1.125).abs() < 1e-6 && sure.high - sure.low < 1e-6, "{sure:?}");
        assert!((sure.fall - 0.125).abs() < 1e-6);
        let other: Vec<_> = equal.iter().map(|(d, s, loss)| (*d, *s, loss + 0.1 * *d as f64)).collect();
        let unsure = Resampled::new(&results(&other), 1).unwrap().doubled(8).unwrap();
        // Means of three draws taken again from 0, 0.1, 0.2: 5 % to 95 % is 0.1333 wide, widened 2.174 times.
        let width = unsure.high - unsure.low;
        assert!((width - 0.1333 * 2.174).abs() < 0.1, "{width}");
        assert!((unsure.fall - sure.fall).abs() < 1e-3, "a draw that is harder as a whole does not change the fall");
    }

    #[test]
    fn draws_that_each_lack_sizes_give_no_band() {
        let apart = results(&[(0, 2, 2.0), (1, 4, 1.5), (2, 8, 1.2)]);
        assert!(Resampled::new(&apart, 1).is_none());
        assert!(Resampled::new(&[], 1).is_none());
    }
}
