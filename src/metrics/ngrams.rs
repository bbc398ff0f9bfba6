//! Counts of n-grams, and how many two lists have in common.

use std::collections::HashMap;

/// How many n-grams a text has, its reference has, and both have (each at most as often as in either).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    pub answer: usize,
    pub reference: usize,
    pub common: usize,
}

/// Overlap of the runs of `n` items of two lists.
pub fn overlap<T: Eq + std::hash::Hash>(answer: &[T], reference: &[T], n: usize) -> Overlap {
    let mut left: HashMap<&[T], usize> = HashMap::new();
    for gram in reference.windows(n) {
        *left.entry(gram).or_default() += 1;
    }
    let mut common = 0;
    for gram in answer.windows(n) {
        if let Some(count) = left.get_mut(gram).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    let count = |items: &[T]| (items.len() + 1).saturating_sub(n);
    Overlap { answer: count(answer), reference: count(reference), common }
}

/// Share of the n-grams of some texts that are different ones (distinct-n; Li et al. 2016, arXiv:1510.03055); 0 where
/// there is none. Words are runs of letters and digits, in lower case.
pub fn distinct(texts: &[String], n: usize) -> f64 {
    let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let mut seen = std::collections::HashSet::new();
    let mut all = 0;
    for text in &lower {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        for gram in words.windows(n) {
            all += 1;
            seen.insert(gram.to_vec());
        }
    }
    if all == 0 { 0.0 } else { seen.len() as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gram_counts_as_often_as_both_have_it() {
        let items = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(overlap(&items("aaab"), &items("aab"), 1), Overlap { answer: 4, reference: 3, common: 3 });
        assert_eq!(overlap(&items("aaab"), &items("aab"), 2), Overlap { answer: 3, reference: 2, common: 2 });
        assert_eq!(overlap(&items("a"), &items("ab"), 2), Overlap { answer: 0, reference: 1, common: 0 });
    }

    #[test]
    fn distinct_n_is_a_share_over_all_texts() {
        let texts = ["Tap Save. Tap Save.".to_string(), "tap open".to_string()];
        assert_eq!(distinct(&texts, 1), 3.0 / 6.0);
        assert_eq!(distinct(&texts, 2), 3.0 / 4.0);
        assert_eq!(distinct(&["".to_string(), "…".to_string()], 2), 0.0);
        assert_eq!(distinct(&["你好 世界".to_string()], 1), 1.0);
    }
}
