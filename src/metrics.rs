//! How good an answer is: exact match and ROUGE-L against a reference, and patterns that a person writes.

pub mod patterns;
pub mod rouge;

use serde::{Deserialize, Serialize};

use crate::dataset::squeeze;

/// An answer of the model and the ideal response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerPair {
    pub answer: String,
    pub reference: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerScore {
    pub exact_match: bool,
    /// F1, from 0 to 1.
    pub rouge_l: f64,
}

pub fn score_answers(pairs: &[AnswerPair]) -> Vec<AnswerScore> {
    let score = |AnswerPair { answer, reference }: &AnswerPair| AnswerScore {
        exact_match: exact_match(answer, reference),
        rouge_l: rouge::rouge_l(answer, reference),
    };
    pairs.iter().map(score).collect()
}

/// Same characters, capitals included, after white space at both ends is cut and every run of it inside counts as one
/// space.
pub fn exact_match(answer: &str, reference: &str) -> bool {
    squeeze(answer) == squeeze(reference)
}
