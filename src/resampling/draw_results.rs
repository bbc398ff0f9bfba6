//! What the trainings of a learning curve gave, one by one and by their size.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::power_law::Measured;
use super::statistics::{deviation, loss_or_null, mean};

/// One training: the rows it saw and the held-out loss at its end, nats per response token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DrawResult {
    pub draw: usize,
    pub size: usize,
    pub train: Vec<usize>,
    #[serde(deserialize_with = "loss_or_null")]
    #[cfg_attr(test, ts(as = "Option<f64>"))]
    pub loss: f64,
}

/// The trainings of one size; the sample standard deviation is `None` for a single one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CurveSize {
    pub size: usize,
    pub mean: f64,
    pub standard_deviation: Option<f64>,
    pub runs: usize,
}

/// By size, in ascending order.
pub fn points<'a>(results: impl IntoIterator<Item = &'a DrawResult>) -> Vec<CurveSize> {
    let mut by_size: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for result in results {
        by_size.entry(result.size).or_default().push(result.loss);
    }
    let point = |(size, losses): (usize, Vec<f64>)| {
        let standard_deviation = deviation(&losses);
        Some(CurveSize { size, mean: mean(&losses)?, standard_deviation, runs: losses.len() })
    };
    by_size.into_iter().filter_map(point).collect()
}

/// As the power law is fitted: a size counts as often as it was trained.
pub fn measured(points: &[CurveSize]) -> Vec<Measured> {
    points.iter().map(|p| Measured { size: p.size as f64, loss: p.mean, weight: p.runs as f64 }).collect()
}
