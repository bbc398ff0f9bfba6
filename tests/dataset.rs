//! Checking, splitting, reading and writing datasets.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use prompt_playground::dataset::near_duplicates::{NEAR_DUPLICATE, near_duplicates, similarity};
use prompt_playground::dataset::{DatasetReport, Example, TokenCounts, WarningKind, check_dataset, split};
use serde_json::json;

fn examples(rows: &[(&str, &str)]) -> Vec<Example> {
    rows.iter().map(|(input, output)| Example::new(*input, *output)).collect()
}

/// Checks rows of ten tokens each under a context of 100 with 20 virtual tokens.
fn check(rows: &[(&str, &str)]) -> DatasetReport {
    let counts = vec![TokenCounts { input: 3, output: 5, total: 10 }; rows.len()];
    check_dataset(&examples(rows), &counts, 20, 100)
}

fn kinds(report: &DatasetReport) -> Vec<Vec<WarningKind>> {
    report.rows.iter().map(|row| row.warnings.iter().map(|w| w.kind).collect()).collect()
}

#[test]
fn good_rows_have_no_warning() {
    let report = check(&[("How do I reset it?", "Press."), ("How do I return it?", "Ship it.")]);
    assert_eq!(kinds(&report), [[], []] as [[WarningKind; 0]; 2]);
    assert_eq!((report.usable, report.tokens), (2, 20));
    assert_eq!((report.rows[0].input_tokens, report.rows[0].output_tokens, report.rows[0].total_tokens), (3, 5, 10));
    assert_eq!(check(&[]).usable, 0);
}

#[test]
fn blank_texts_block_their_row_and_are_not_compared() {
    let report = check(&[("", "x"), ("a", " \n\t "), ("", ""), ("", ""), ("a", "b")]);
    assert!(report.rows[..4].iter().all(|row| row.warnings.len() == 1 && row.warnings[0].blocking));
    assert_eq!(kinds(&report)[0], [WarningKind::Empty]);
    assert!(report.rows[0].warnings[0].message.contains("input"));
    assert!(report.rows[1].warnings[0].message.contains("response"));
    assert_eq!(kinds(&report)[4], []);
    assert_eq!((report.usable, report.tokens), (1, 10));
}

#[test]
fn inputs_that_the_tokenizer_does_not_know_are_reported() {
    let model = common::bundled();
    let unfamiliar = |inputs: &[&str]| {
        let rows: Vec<Example> = inputs.iter().map(|input| Example::new(*input, "Restart it.")).collect();
        model.check_dataset(&rows, 64).unwrap().unfamiliar
    };
    let companies = std::fs::read_dir("pretrain/companies").unwrap().map(|file| file.unwrap().path());
    for path in companies.filter(|path| path.extension().is_some_and(|end| end == "json")) {
        let company: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let inputs: Vec<&str> =
            company["examples"].as_array().unwrap().iter().map(|row| row["input"].as_str().unwrap()).collect();
        assert_eq!(unfamiliar(&inputs), None, "{}", path.display());
    }
    let german = ["Wie kann ich mein Passwort zurücksetzen?", "Die Heizung bleibt kalt, was muss ich tun?"];
    assert_eq!(unfamiliar(&german), None, "82 bytes are too few");
    let german = [&german[..], &["Wann kommt meine Bestellung endlich an?"]].concat();
    assert!(unfamiliar(&german).unwrap().contains("English only"));

    let one = [
        "How do I reset my hub?",
        "كيف أعيد تشغيل الموزع الخاص بي؟ 😀",
        "Can I return my speaker?",
        "Where is my order?",
    ];
    assert!(unfamiliar(&one).unwrap().contains("the input of row 2 into small pieces"), "{:?}", unfamiliar(&one));
    let codes = ["How do I reset my hub?", "E-4711/B7?", "Can I return my speaker?", "Where is my order?"];
    assert_eq!(unfamiliar(&codes), None);
}

#[test]
fn duplicates_are_reported_at_the_later_row() {
    let report = check(&[("Reset it?", "Press the  button."), ("x", "y"), (" reset IT? ", "Press the button.\n")]);
    assert_eq!(kinds(&report), [vec![], vec![], vec![WarningKind::Duplicate]]);
    assert!(report.rows[2].warnings[0].message.contains("row 1"));
    assert_eq!(report.usable, 3, "a duplicate can be trained on");
}

#[test]
fn contradictions_are_reported_at_both_rows() {
    let report = check(&[("x", "y"), ("Reset it?", "Press."), ("reset it?", "Pull."), ("Reset it?", "Press.")]);
    let (duplicate, contradiction) = (WarningKind::Duplicate, WarningKind::Contradiction);
    assert_eq!(kinds(&report), [vec![], vec![contradiction], vec![contradiction], vec![duplicate, contradiction]]);
    assert!(report.rows[1].warnings[0].message.contains("Row 3"));
    assert!(report.rows[2].warnings[0].message.contains("Row 2"));
    assert!(report.rows[3].warnings[1].message.contains("Row 3"));
    assert_eq!(kinds(&check(&[("a", "Yes."), ("a", "yes.")])), [[contradiction], [contradiction]]);
}

#[test]
fn virtual_tokens_count_towards_the_context() {
    let rows = examples(&[("a", "b"), ("c", "d")]);
    let counts = [80, 81].map(|total| TokenCounts { input: 40, output: 30, total });
    let report = check_dataset(&rows, &counts, 20, 100);
    assert_eq!(kinds(&report), [vec![], vec![WarningKind::TooLong]]);
    assert!(report.rows[1].warnings[0].blocking);
    assert!(
        report.rows[1].warnings[0].message.contains("101") && report.rows[1].warnings[0].message.contains("1 token")
    );
    assert_eq!((report.usable, report.tokens), (1, 80));
}

#[test]
fn ten_thousand_rows_with_one_question_are_checked_quickly() {
    let rows: Vec<Example> = (0..10_000).map(|i| Example::new("Same?", format!("Answer {i}"))).collect();
    let report = check_dataset(&rows, &vec![TokenCounts::default(); rows.len()], 0, 100);
    assert!(report.rows.iter().all(|row| row.warnings[0].kind == WarningKind::Contradiction));
}

#[test]
fn reports_have_the_names_of_the_page() {
    let report = serde_json::to_value(check(&[("", "x")])).unwrap();
    assert_eq!(report["rows"][0]["totalTokens"], 10);
    assert_eq!(report["rows"][0]["warnings"][0]["kind"], "empty");
    assert_eq!(report["rows"][0]["warnings"][0]["blocking"], true);
    assert_eq!(serde_json::to_value(split(3, 0.0, 0).unwrap()).unwrap(), json!({"train": [0, 1, 2], "heldOut": []}));
}

#[test]
fn a_split_has_every_row_once() {
    for count in 0..40 {
        for share in [0.0, 0.01, 0.2, 0.33, 0.5] {
            let found = split(count, share, 7).unwrap();
            let mut rows = [found.train.clone(), found.held_out.clone()].concat();
            rows.sort_unstable();
            assert_eq!(rows, (0..count).collect::<Vec<_>>());
            assert!(found.train.is_sorted() && found.held_out.is_sorted());
            assert!(count == 0 || !found.train.is_empty());
        }
    }
}

#[test]
fn the_share_is_rounded_and_at_least_one_row() {
    let held_out = |count, share| split(count, share, 1).unwrap().held_out.len();
    assert_eq!(held_out(10, 0.0), 0);
    assert_eq!(held_out(10, 0.2), 2);
    assert_eq!(held_out(10, 0.24), 2);
    assert_eq!(held_out(10, 0.25), 3);
    assert_eq!(held_out(10, 0.01), 1);
    assert_eq!(held_out(1, 0.5), 0, "one row is trained on");
    assert_eq!(held_out(2, 0.5), 1);
}

#[test]
fn the_seed_decides_the_split() {
    let of = |seed| split(50, 0.2, seed).unwrap().held_out;
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    let larger = split(50, 0.4, 1).unwrap().held_out;
    assert!(of(1).iter().all(|row| larger.contains(row)), "a larger share adds rows");
    let mut times = [0; 10];
    for seed in 0..1000 {
        split(10, 0.2, seed).unwrap().held_out.iter().for_each(|row| times[*row] += 1);
    }
    assert!(times.iter().all(|n| (140..260).contains(n)), "every row is held out about 200 times: {times:?}");
}

#[test]
fn an_impossible_share_is_a_sentence() {
    for share in [-0.1, 0.51, 1e9, f64::NAN, f64::INFINITY] {
        let error = split(10, share, 1).unwrap_err();
        assert_eq!(error.kind(), "input");
        assert!(error.to_string().contains("0 to 0.5"));
    }
}

#[test]
fn near_duplicates_are_found_by_their_words() {
    let inputs = ["How do I return my lamp?".to_string(), "How do I reset my SmartHome Hub?".to_string()];
    let near = [
        "How do I reset my SmartHome Hub?",
        "how can I reset the smarthome hub",
        "SmartHome Hub: how do I reset it?",
        "How do I reset my SmartHome Hubb?",
    ];
    let found = near_duplicates(&near.map(String::from), &inputs);
    assert_eq!(found.iter().map(|n| (n.question, n.input)).collect::<Vec<_>>(), [(0, 1), (1, 1), (2, 1), (3, 1)]);
    assert_eq!(found[0].similarity, 1.0);
    assert!(found.iter().all(|n| n.similarity >= NEAR_DUPLICATE && n.similarity <= 1.0));
    let far = ["How do I reset my SmartHome Cam?", "How do I restart my SmartCam?", "", "?!", "Hub"];
    assert_eq!(near_duplicates(&far.map(String::from), &inputs), []);
}

#[test]
fn the_test_questions_of_the_chapter_are_new() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/smarthome.json")).unwrap();
    let scenario: serde_json::Value = serde_json::from_str(&text).unwrap();
    let texts = |value: &serde_json::Value| value.as_str().unwrap().to_string();
    let questions: Vec<String> = scenario["test"].as_array().unwrap().iter().map(texts).collect();
    let inputs: Vec<String> = scenario["examples"].as_array().unwrap().iter().map(|e| texts(&e["input"])).collect();
    assert_eq!(near_duplicates(&questions, &inputs), []);
    assert_eq!(near_duplicates(&inputs, &inputs).len(), 10);
}

#[test]
fn similarity_works_in_every_script() {
    assert_eq!(similarity("如何重置我的设备？", "如何重置我的设备"), 1.0);
    assert!(similarity("如何重置我的设备？", "你们的营业时间是什么？") < 0.3);
    assert_eq!(similarity("Как сбросить хаб?", "КАК СБРОСИТЬ ХАБ"), 1.0);
    assert_eq!(similarity("how do i", "How do I?"), 1.0, "texts of function words only are compared whole");
    assert_eq!(similarity("a b", "c d"), 0.0);
    assert_eq!(similarity("", ""), 0.0);
}
