#![no_main]
//! What measures answers, on texts that U+0001 separates; each is a pattern as well.

use libfuzzer_sys::fuzz_target;
use prompt_playground::dataset::near_duplicates::near_duplicates;
use prompt_playground::metrics::patterns::{Pattern, match_patterns};
use prompt_playground::metrics::{bleu::bleu, chrf::chrf, consistency, copying::copying, rouge};
use serde_json::json;

const KINDS: [&str; 7] = ["starts_with", "ends_with", "contains", "regex", "numbered_steps", "min_words", "max_words"];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let texts: Vec<String> = text.split('\u{1}').map(String::from).collect();
    let pattern = |kind, value| serde_json::from_value::<Pattern>(json!({"kind": kind, "value": value})).ok();
    let patterns: Vec<Pattern> =
        texts.iter().flat_map(|t| KINDS.into_iter().filter_map(move |k| pattern(k, t))).collect();
    match_patterns(&texts, &patterns);
    copying(&texts, &texts);
    near_duplicates(&texts, &texts);
    for text in &texts {
        consistency::agreement(&consistency::paraphrases(text));
    }
    if let [answer, reference, ..] = &texts[..] {
        for value in [rouge::rouge_l(answer, reference), rouge::rouge_n(answer, reference, 2)] {
            assert!((0.0..=1.0).contains(&value), "ROUGE {value}");
        }
        for value in [bleu(answer, reference), chrf(answer, reference)] {
            assert!((0.0..=100.0 + 1e-9).contains(&value), "BLEU or chrF {value}");
        }
    }
});
