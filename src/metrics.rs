//! How good an answer is: exact match, ROUGE, BLEU and chrF against a reference, patterns that a person writes, and
//! whether answers to one question agree.

pub mod bleu;
pub mod chrf;
pub mod consistency;
pub mod copying;
pub mod ngrams;
pub mod numbered_steps;
pub mod patterns;
pub mod rouge;

use serde::{Deserialize, Serialize};

use crate::dataset::squeeze;

/// An answer of the model and the ideal response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AnswerPair {
    pub answer: String,
    pub reference: String,
}

/// Scores of one answer: ROUGE as rouge-score gives it, BLEU and chrF as sacrebleu.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AnswerScore {
    pub exact_match: bool,
    /// F1 of single words, of pairs of words, and of the longest common subsequence, from 0 to 1.
    pub rouge_1: f64,
    pub rouge_2: f64,
    pub rouge_l: f64,
    /// From 0 to 100.
    pub bleu: f64,
    /// From 0 to 100.
    pub chrf: f64,
    /// Of the answer.
    pub words: usize,
}

pub fn score_answers(pairs: &[AnswerPair]) -> Vec<AnswerScore> {
    let score = |AnswerPair { answer, reference }: &AnswerPair| AnswerScore {
        exact_match: exact_match(answer, reference),
        rouge_1: rouge::rouge_n(answer, reference, 1),
        rouge_2: rouge::rouge_n(answer, reference, 2),
        rouge_l: rouge::rouge_l(answer, reference),
        bleu: bleu::bleu(answer, reference),
        chrf: chrf::chrf(answer, reference),
        words: answer.split_whitespace().count(),
    };
    pairs.iter().map(score).collect()
}

/// Same characters, capitals included, after white space at both ends is cut and every run of it inside counts as one
/// space.
pub fn exact_match(answer: &str, reference: &str) -> bool {
    squeeze(answer) == squeeze(reference)
}
