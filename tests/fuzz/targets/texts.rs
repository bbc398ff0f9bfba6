#![no_main]
//! What measures answers, on texts that U+0001 separates; each is a pattern as well.

use libfuzzer_sys::fuzz_target;
use prompt_playground::dataset::near_duplicates::near_duplicates;
use prompt_playground::metrics::patterns::PatternKind::{
    AtMostWords, Contains, EndsWith, NumberedSteps, Regex, StartsWith, ValidJson,
};
use prompt_playground::metrics::patterns::{Pattern, PatternKind, match_patterns};
use prompt_playground::metrics::{bleu::bleu, chrf::chrf, consistency, copying::copying, rouge};

const KINDS: [PatternKind; 7] = [Contains, StartsWith, EndsWith, Regex, NumberedSteps, AtMostWords, ValidJson];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let texts: Vec<String> = text.split('\u{1}').map(String::from).collect();
    let patterns: Vec<Pattern> =
        texts.iter().flat_map(|value| KINDS.map(|kind| Pattern { kind, value: value.clone() })).collect();
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
