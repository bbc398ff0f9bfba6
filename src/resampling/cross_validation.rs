//! What the trainings of a cross-validation gave, and what is read from them.

use serde::{Deserialize, Serialize};

use super::statistics::losses_or_null;

/// One training and what was measured on the rows it had not seen, in the order of `held_out`: nats per response token
/// of the base and of the tuned model, and the number of response tokens.
///
/// Measure `tuned_losses` at the end of the training: at the best step of these rows they would look better than they
/// are. `best_step`: of the held-out curve. `trained_on`: how many rows the training saw; where it is left out, `folds`
/// are taken to be all there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FoldResult {
    pub fold: usize,
    pub held_out: Vec<usize>,
    #[serde(deserialize_with = "losses_or_null")]
    #[cfg_attr(test, ts(as = "Vec<Option<f64>>"))]
    pub base_losses: Vec<f64>,
    #[serde(deserialize_with = "losses_or_null")]
    #[cfg_attr(test, ts(as = "Vec<Option<f64>>"))]
    pub tuned_losses: Vec<f64>,
    pub tokens: Vec<usize>,
    pub best_step: Option<usize>,
    #[serde(default)]
    #[cfg_attr(test, ts(optional = nullable))]
    pub trained_on: Option<usize>,
}

/// Over the folds; the sample standard deviation is `None` for a single fold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    pub mean: f64,
    pub standard_deviation: Option<f64>,
}

/// Base loss less tuned loss, fold by fold: above 0 where tuning helps. `low` to `high`: 95 % by Student's t, `None` for
/// a single fold. The folds share training rows, so the true uncertainty is somewhat larger, by an amount that cannot be
/// known from them (Bengio and Grandvalet 2004).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Improvement {
    pub mean: f64,
    pub standard_error: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// `robust_z`: how far the tuned loss lies above the median row, `None` with fewer than five rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HeldOutRow {
    pub row: usize,
    pub fold: usize,
    pub tokens: usize,
    pub base_loss: f64,
    pub tuned_loss: f64,
    pub robust_z: Option<f64>,
    pub outlier: bool,
}

/// The step of the lowest held-out loss of each fold: how long to train a prompt that sees all rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BestStep {
    pub median: f64,
    pub lowest: usize,
    pub highest: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "CrossValidationVerdict"))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole 95 % interval of the improvement lies above 0.
    TuningHelps,
    /// It lies below 0.
    TuningHurts,
    /// It contains 0.
    Unclear,
    /// Fewer than three folds can be counted.
    TooFewFolds,
}

/// `rows`: the highest tuned loss first; `outliers`: rows among them. `folds` and `rows` are what could be counted,
/// `skipped` the rows whose loss is not a number or that have no response token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CrossValidation {
    pub verdict: Verdict,
    pub sentence: String,
    pub advice: String,
    pub folds: usize,
    pub skipped: usize,
    pub base: Option<Spread>,
    pub tuned: Option<Spread>,
    pub improvement: Option<Improvement>,
    pub improved_rows: usize,
    pub rows: Vec<HeldOutRow>,
    pub outliers: Vec<usize>,
    pub best_step: Option<BestStep>,
}
