//! ROUGE (Lin 2004) with the numbers of Google's Python package `rouge-score`, `use_stemmer=False`.
//!
//! Its tokens are runs of a-z and 0-9 in lower case: texts in other scripts have none, and their score is 0.

use super::ngrams::{Overlap, overlap};

/// F1 of the longest common subsequence of tokens: 2 P R / (P + R), where P and R are its share of the answer's and the
/// reference's tokens. 0 where one of them has no token.
pub fn rouge_l(answer: &str, reference: &str) -> f64 {
    let (answer, reference) = (tokens(answer), tokens(reference));
    let common = longest_common_subsequence(&answer, &reference) as f64;
    if common == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (common / answer.len() as f64, common / reference.len() as f64);
    2.0 * precision * recall / (precision + recall)
}

/// F1 of the `n`-grams that both have (ROUGE-1, ROUGE-2). 0 where one of them has none.
pub fn rouge_n(answer: &str, reference: &str, n: usize) -> f64 {
    let (answer, reference) = (tokens(answer), tokens(reference));
    let Overlap { answer, reference, common } = overlap(&answer, &reference, n);
    if common == 0 { 0.0 } else { 2.0 * common as f64 / (answer + reference) as f64 }
}

fn tokens(text: &str) -> Vec<String> {
    let separates = |c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit();
    text.to_lowercase().split(separates).filter(|token| !token.is_empty()).map(str::to_string).collect()
}

/// Length of the longest common subsequence: O(n m) time, O(m) memory.
fn longest_common_subsequence(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}
