#![no_main]
//! A dataset: the first byte chooses the file's name, the rest is its text. What was read is written and read again.

use libfuzzer_sys::fuzz_target;
use prompt_playground::dataset_io::DatasetFormat::{Alpaca, Csv, InputOutput, Messages, PromptCompletion};
use prompt_playground::dataset_io::{MAX_ROWS, export_dataset, parse_dataset};

const NAMES: [&str; 6] = ["", "a.json", "a.jsonl", "a.csv", "a.tsv", "a.txt"];

fuzz_target!(|data: &[u8]| {
    let Some((&first, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let examples = parse_dataset(text, NAMES[usize::from(first) % NAMES.len()]).examples;
    assert!(examples.len() <= MAX_ROWS);
    if examples.is_empty() {
        return;
    }
    for (format, name) in [
        (InputOutput, "a.jsonl"),
        (Messages, "a.jsonl"),
        (Alpaca, "a.jsonl"),
        (PromptCompletion, "a.jsonl"),
        (Csv, "a.csv"),
    ] {
        let written = export_dataset(&examples, format);
        for name in [name, ""] {
            assert_eq!(parse_dataset(&written, name).examples, examples, "{format:?} as {name:?}:\n{written}");
        }
    }
});
