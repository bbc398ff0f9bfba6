//! Training many times on parts of the data: with ten examples one split says little, and how much more data would help
//! can only be seen from training on less.
//!
//! Plans ([`folds`], [`draws`]) say which rows each training sees; the trainings themselves run elsewhere; what came of
//! them is read by [`summary`] (cross-validation), [`learning_curve`] and [`row_effects`]. Rows are indices from 0;
//! sentences name them by their number, from 1.

pub mod bootstrap;
pub mod cross_validation;
pub mod draw_results;
pub mod draws;
pub mod folds;
pub mod learning_curve;
pub mod power_law;
pub mod row_effects;
mod statistics;
pub mod summary;
mod summary_words;
