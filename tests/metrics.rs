//! Scores of answers, against rouge-score's numbers and by hand.
#![cfg(not(target_arch = "wasm32"))]

use prompt_playground::metrics::patterns::{Pattern, PatternKind, match_patterns};
use prompt_playground::metrics::{AnswerPair, exact_match, rouge::rouge_l, score_answers};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    pairs: Vec<ScoredPair>,
}

#[derive(Deserialize)]
struct ScoredPair {
    answer: String,
    reference: String,
    rouge1: f64,
    rouge2: f64,
    #[serde(rename = "rougeL")]
    rouge_l: f64,
    bleu: f64,
    chrf: f64,
}

#[test]
fn scores_are_those_of_rouge_score_and_sacrebleu() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/metrics.json")).unwrap();
    let fixture: Fixture = serde_json::from_str(&text).unwrap();
    assert_eq!(fixture.pairs.len(), 200);
    for part in [
        |p: &ScoredPair| p.rouge_l,
        |p: &ScoredPair| p.rouge2,
        |p: &ScoredPair| p.bleu / 100.0,
        |p: &ScoredPair| p.chrf / 100.0,
    ] {
        assert!(fixture.pairs.iter().filter(|p| (0.01..0.99).contains(&part(p))).count() > 100, "too easy a fixture");
    }
    for pair in fixture.pairs {
        let ScoredPair { answer, reference, .. } = &pair;
        let [ours] = score_answers(&[AnswerPair { answer: answer.clone(), reference: reference.clone() }])[..] else {
            panic!("one score for one pair");
        };
        let numbers = [
            ("ROUGE-1", ours.rouge_1, pair.rouge1),
            ("ROUGE-2", ours.rouge_2, pair.rouge2),
            ("ROUGE-L", ours.rouge_l, pair.rouge_l),
            ("BLEU", ours.bleu, pair.bleu),
            ("chrF", ours.chrf, pair.chrf),
        ];
        for (name, ours, theirs) in numbers {
            assert!((ours - theirs).abs() < 1e-9, "{name}: {ours} is not {theirs} for {answer:?} and {reference:?}");
        }
    }
}

#[test]
fn rouge_l_counts_the_order_of_words() {
    // Longest common subsequence of 4 and 4 words: "the cat" or "the mat" with 3 common words in order.
    assert!((rouge_l("police killed the gunman", "police kill the gunman") - 0.75).abs() < 1e-12);
    assert!((rouge_l("the gunman kill police", "police kill the gunman") - 0.5).abs() < 1e-12);
}

#[test]
fn exact_match_ignores_white_space_only() {
    assert!(exact_match("  Tap  Save.\n", "Tap Save."));
    assert!(exact_match("", "   "));
    assert!(!exact_match("tap Save.", "Tap Save."));
    assert!(!exact_match("Tap Save", "Tap Save."));
    assert!(!exact_match("TapSave.", "Tap Save."));
}

#[test]
fn scores_come_as_the_page_reads_them() {
    let pair = |answer: &str| AnswerPair { answer: answer.into(), reference: "a b".into() };
    let scores = score_answers(&[pair("a b "), pair("a c")]);
    let json = serde_json::to_value(&scores).unwrap();
    let part = |name: &str| [json[0][name].clone(), json[1][name].clone()];
    assert_eq!(part("exactMatch"), [true, false]);
    assert_eq!(part("rougeL"), [1.0, 0.5]);
    assert_eq!(part("rouge1"), [1.0, 0.5]);
    assert_eq!(part("rouge2"), [1.0, 0.0]);
    assert_eq!(part("bleu")[0], 100.0);
    assert_eq!(part("chrf")[0], 100.0);
    assert_eq!(part("words"), [2, 2]);
}

fn pattern(kind: PatternKind, value: &str) -> Pattern {
    Pattern { kind, value: value.into() }
}

fn matches(text: &str, kind: PatternKind, value: &str) -> bool {
    let found = match_patterns(&[text.into()], &[pattern(kind, value)]);
    assert_eq!(found.problems, []);
    found.matches[0][0]
}

#[test]
fn patterns_match_texts() {
    use PatternKind::*;
    let answer = "  To reset the Hub: 1) Unplug it. 2) Wait.\nWe are here to help!  \n";
    assert!(matches(answer, Contains, "1) Unplug"));
    assert!(!matches(answer, Contains, "unplug"), "capitals count");
    assert!(matches(answer, StartsWith, "To reset"));
    assert!(!matches(answer, StartsWith, "reset"));
    assert!(matches(answer, EndsWith, "here to help! "));
    assert!(!matches(answer, EndsWith, "help"));
    assert!(matches(answer, Regex, r"\b1\).*\b2\)"));
    assert!(matches(answer, Regex, r"(?i)^TO reset"));
    assert!(matches(answer, Regex, r"help!$"), "white space at the end of the answer does not count");
    assert!(!matches(answer, Regex, r"^\d"));
    assert!(matches("Für Größe 3", Regex, r"^\w+ \w+ \d$"), "letters of every script are word characters");
}

#[test]
fn matches_are_text_by_pattern() {
    let texts = ["ab".to_string(), "b".to_string()];
    let patterns = [pattern(PatternKind::StartsWith, "a"), pattern(PatternKind::Contains, "b")];
    assert_eq!(match_patterns(&texts, &patterns).matches, [[true, true], [false, true]]);
    assert_eq!(match_patterns(&[], &patterns).matches.len(), 0);
    assert_eq!(match_patterns(&texts, &[]).matches, [[], []] as [[bool; 0]; 2]);
}

#[test]
fn a_pattern_that_cannot_be_used_is_explained_and_matches_nothing() {
    let patterns = [
        pattern(PatternKind::Contains, "a"),
        pattern(PatternKind::Regex, "(a"),
        pattern(PatternKind::EndsWith, "  "),
        pattern(PatternKind::Regex, r"(\w{1000}){1000}"),
        pattern(PatternKind::Regex, r"a(?=b)"),
    ];
    let found = match_patterns(&["a".into()], &patterns);
    assert_eq!(found.matches, [[true, false, false, false, false]]);
    let places: Vec<usize> = found.problems.iter().map(|p| p.pattern).collect();
    assert_eq!(places, [1, 2, 3, 4]);
    assert!(found.problems[0].message.contains("unclosed group"), "{}", found.problems[0].message);
    assert!(found.problems[1].message.contains("empty"));
    assert!(found.problems[2].message.contains("too large"));
    assert!(found.problems[3].message.contains("look-around"), "{}", found.problems[3].message);
    assert!(found.problems.iter().all(|p| p.message.ends_with('.') && !p.message.contains('\n')));
}

#[test]
fn a_regular_expression_cannot_hang() {
    let text = "a".repeat(100_000) + "!";
    assert!(!matches(&text, PatternKind::Regex, r"^(a+)+$"));
}

#[test]
fn patterns_have_the_names_of_the_page() {
    let read: Pattern = serde_json::from_str(r#"{"kind": "starts_with", "value": "x"}"#).unwrap();
    assert_eq!(read, pattern(PatternKind::StartsWith, "x"));
}
