//! Test questions that nearly repeat a training input: an answer to those shows memory, not what was learned.
//!
//! Two texts are compared by the character trigrams of their words, in lower case and without the order of the words
//! (Dice's coefficient of the two multisets: 1 = same words, 0 = nothing in common). Short function words of English
//! are left out, so that "How do I reset my hub?" and "How can I reset the hub?" are the same question.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// From this similarity on, a question counts as a near repetition.
///
/// One misspelt or inflected word in three stays above it ("reset smarthome hubb": 0.91), another noun falls below
/// ("reset smarthome cam" for "reset smarthome hub": 0.82).
pub const NEAR_DUPLICATE: f64 = 0.85;

const FUNCTION_WORDS: [&str; 38] = [
    "a", "am", "an", "and", "are", "at", "be", "can", "could", "did", "do", "does", "for", "from", "get", "have",
    "how", "i", "in", "is", "it", "me", "my", "of", "on", "or", "please", "should", "that", "the", "this", "to",
    "what", "where", "why", "will", "with", "you",
];

/// A question and the training input nearest to it, as indices into the two lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NearDuplicate {
    pub question: usize,
    pub input: usize,
    pub similarity: f64,
}

/// For every question its nearest input, where that is at least `NEAR_DUPLICATE` similar (the first one, on a tie).
pub fn near_duplicates(questions: &[String], inputs: &[String]) -> Vec<NearDuplicate> {
    let inputs: Vec<Trigrams> = inputs.iter().map(|text| Trigrams::of(text)).collect();
    let mut found = Vec::new();
    for (question, text) in questions.iter().enumerate() {
        let trigrams = Trigrams::of(text);
        let mut nearest: Option<NearDuplicate> = None;
        for (input, other) in inputs.iter().enumerate() {
            let similarity = trigrams.similarity(other);
            if similarity >= NEAR_DUPLICATE && nearest.as_ref().is_none_or(|n| similarity > n.similarity) {
                nearest = Some(NearDuplicate { question, input, similarity });
            }
        }
        found.extend(nearest);
    }
    found
}

/// Similarity of two texts, from 0 to 1; 0 where one of them has no letter or digit.
pub fn similarity(a: &str, b: &str) -> f64 {
    Trigrams::of(a).similarity(&Trigrams::of(b))
}

/// The multiset of character trigrams of a text's words, each word with a blank at either end.
struct Trigrams {
    counts: HashMap<[char; 3], usize>,
    total: usize,
}

impl Trigrams {
    fn of(text: &str) -> Self {
        let mut counts = HashMap::new();
        for word in content_words(text) {
            let padded: Vec<char> = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
            for window in padded.windows(3) {
                *counts.entry([window[0], window[1], window[2]]).or_insert(0) += 1;
            }
        }
        let total = counts.values().sum();
        Self { counts, total }
    }

    fn similarity(&self, other: &Self) -> f64 {
        if self.total == 0 || other.total == 0 {
            return 0.0;
        }
        let shared: usize = self.counts.iter().map(|(t, n)| *n.min(other.counts.get(t).unwrap_or(&0))).sum();
        2.0 * shared as f64 / (self.total + other.total) as f64
    }
}

/// The words in lower case without function words; all of them where nothing else is left.
fn content_words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = || lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let content: Vec<String> = words().filter(|word| !FUNCTION_WORDS.contains(word)).map(String::from).collect();
    if content.is_empty() { words().map(String::from).collect() } else { content }
}
