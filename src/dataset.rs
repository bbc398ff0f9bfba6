//! The dataset of step 1: examples, what is wrong with a row, and which rows are held out.

pub mod near_duplicates;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::words::rows;

/// One training example: what the customer writes and the ideal response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Example {
    pub input: String,
    pub output: String,
}

impl Example {
    pub fn new(input: impl Into<String>, output: impl Into<String>) -> Self {
        Self { input: input.into(), output: output.into() }
    }
}

/// How many tokens a row has. `total` counts every text position of the prepared prompt (template, input, response
/// and end of turn), but no virtual token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenCounts {
    pub input: usize,
    pub output: usize,
    pub total: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// Input or output is blank.
    Empty,
    /// An earlier row has the same input and the same output.
    Duplicate,
    /// Another row has the same input and a different output.
    Contradiction,
    /// Virtual tokens and text together are longer than the model's context.
    TooLong,
}

/// What is wrong with a row; a row with a `blocking` warning cannot be trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RowWarning {
    pub kind: WarningKind,
    pub message: String,
    pub blocking: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RowReport {
    pub input_tokens: usize,
    pub output_tokens: usize,
    pub total_tokens: usize,
    pub warnings: Vec<RowWarning>,
}

/// `usable`: rows without a blocking warning; `tokens`: text tokens of those rows; `unfamiliar`: a sentence where the
/// model has seen little text like the inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DatasetReport {
    pub rows: Vec<RowReport>,
    pub usable: usize,
    pub tokens: usize,
    pub unfamiliar: Option<String>,
}

/// Bytes of text for each token, below which the inputs are unlike what the tokenizer was made from. With the bundled
/// model's the inputs of each of the 31 English companies of `pretrain/companies` have 3.06 or more, support sentences in
/// German, French, Spanish, Italian and Dutch 1.8 to 2.4, in Russian and Chinese 1.0.
const FAMILIAR_BYTES: f64 = 2.75;
/// Fewer bytes of input say too little.
const ENOUGH_BYTES: usize = 100;
/// The same of a single row among others: shorter ones, and those with more bytes a token, may be a name or a code.
const STRANGE_BYTES: f64 = 1.8;
const ENOUGH_OF_A_ROW: usize = 20;
/// Rows that a sentence names.
const MOST_NAMED: usize = 5;

/// Checks every row. `counts[i]` belongs to `examples[i]`; `context_length` is the model's number of positions.
///
/// Two inputs are the same if they differ only in white space and capitals; two outputs, only in white space.
/// Blank rows are not compared with others.
///
/// # Panics
/// If `counts` and `examples` differ in length.
pub fn check_dataset(
    examples: &[Example],
    counts: &[TokenCounts],
    virtual_tokens: usize,
    context_length: usize,
) -> DatasetReport {
    assert_eq!(examples.len(), counts.len(), "every example needs its token counts");
    let repeats = find_repeats(examples);
    let mut report = DatasetReport {
        rows: Vec::with_capacity(examples.len()),
        usable: 0,
        tokens: 0,
        unfamiliar: unfamiliar_inputs(examples, counts),
    };
    for ((example, count), repeated) in examples.iter().zip(counts).zip(repeats) {
        let mut warnings = Vec::new();
        warnings.extend(empty_warning(example));
        warnings.extend(repeated);
        warnings.extend(too_long_warning(count, virtual_tokens, context_length));
        if !warnings.iter().any(|w| w.blocking) {
            report.usable += 1;
            report.tokens += count.total;
        }
        report.rows.push(RowReport {
            input_tokens: count.input,
            output_tokens: count.output,
            total_tokens: count.total,
            warnings,
        });
    }
    report
}

fn empty_warning(example: &Example) -> Option<RowWarning> {
    let missing = match (example.input.trim().is_empty(), example.output.trim().is_empty()) {
        (true, true) => "This row is empty. Fill in both texts or delete the row.",
        (true, false) => "The input is empty. Write what the customer asks, or delete the row.",
        (false, true) => "The response is empty. Write the ideal response, or delete the row.",
        (false, false) => return None,
    };
    Some(RowWarning { kind: WarningKind::Empty, message: missing.into(), blocking: true })
}

/// What the model rarely read, its tokenizer cuts into small pieces. Where few rows are so, they are named.
fn unfamiliar_inputs(examples: &[Example], counts: &[TokenCounts]) -> Option<String> {
    let bytes = |row: usize| examples[row].input.trim().len();
    let per_token = |rows: &[usize]| {
        let tokens: usize = rows.iter().map(|row| counts[*row].input).sum();
        rows.iter().map(|row| bytes(*row)).sum::<usize>() as f64 / tokens.max(1) as f64
    };
    let all: Vec<usize> = (0..examples.len()).collect();
    let (strange, others): (Vec<usize>, Vec<usize>) =
        all.iter().partition(|row| bytes(**row) >= ENOUGH_OF_A_ROW && per_token(&[**row]) < STRANGE_BYTES);
    let few = !strange.is_empty() && strange.len() < others.len();
    if !few && (all.iter().map(|row| bytes(*row)).sum::<usize>() < ENOUGH_BYTES || per_token(&all) >= FAMILIAR_BYTES) {
        return None;
    }
    let (what, them, measured) = if few {
        let inputs = if strange.len() == 1 { "the input of" } else { "the inputs of" };
        let shown = &strange[..strange.len().min(MOST_NAMED)];
        let more = strange.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (format!("{inputs} {}{more}", rows(shown)), if strange.len() == 1 { "it" } else { "them" }, per_token(&strange))
    } else {
        ("these inputs".to_string(), "them", per_token(&all))
    };
    Some(format!(
        "The model's tokenizer cuts {what} into small pieces ({measured:.1} bytes of text for each token, where plain English \
         has 3 to 5), so the model has read little text like that. If it is in another language than the model's, write \
         {them} in that one (the bundled model reads English only), or choose a model that knows yours."
    ))
}

fn too_long_warning(count: &TokenCounts, virtual_tokens: usize, context_length: usize) -> Option<RowWarning> {
    let needed = count.total + virtual_tokens;
    if needed <= context_length {
        return None;
    }
    let message = format!(
        "This row needs {needed} positions ({} of text and {virtual_tokens} virtual tokens), and the model has \
         {context_length}. Shorten the texts by at least {} tokens.",
        count.total,
        needed - context_length
    );
    Some(RowWarning { kind: WarningKind::TooLong, message, blocking: true })
}

/// What is known of one input: the first row of each of its outputs, and the first rows of two different ones.
#[derive(Default)]
struct Answers {
    first_rows: HashMap<String, usize>,
    different: Vec<usize>,
}

/// Duplicate and contradiction warnings of every row. Rows are named by their number, from 1.
fn find_repeats(examples: &[Example]) -> Vec<Vec<RowWarning>> {
    let keys: Vec<Option<(String, String)>> = examples.iter().map(comparison_key).collect();
    let mut answers: HashMap<&str, Answers> = HashMap::new();
    for (row, (input, output)) in keys.iter().enumerate().filter_map(|(row, key)| Some((row, key.as_ref()?))) {
        let known = answers.entry(input).or_default();
        if !known.first_rows.contains_key(output) {
            known.first_rows.insert(output.clone(), row);
            if known.different.len() < 2 {
                known.different.push(row);
            }
        }
    }
    let warnings_of = |(row, key): (usize, &Option<(String, String)>)| {
        let Some((input, output)) = key else { return Vec::new() };
        let known = &answers[input.as_str()];
        let first = known.first_rows[output];
        let duplicate = (first != row).then(|| duplicate_warning(first + 1));
        let other = known.different.iter().find(|other| **other != first);
        duplicate.into_iter().chain(other.map(|other| contradiction_warning(other + 1))).collect()
    };
    keys.iter().enumerate().map(warnings_of).collect()
}

/// Input and output as they are compared with other rows; `None` for a blank row.
fn comparison_key(example: &Example) -> Option<(String, String)> {
    let key = (squeeze(&example.input).to_lowercase(), squeeze(&example.output));
    (!key.0.is_empty() && !key.1.is_empty()).then_some(key)
}

fn duplicate_warning(number: usize) -> RowWarning {
    let message = format!("This row repeats row {number} and would count twice. Delete one of them.");
    RowWarning { kind: WarningKind::Duplicate, message, blocking: false }
}

fn contradiction_warning(number: usize) -> RowWarning {
    let message = format!(
        "Row {number} has the same input with a different response. The prompt cannot learn both: keep the better one."
    );
    RowWarning { kind: WarningKind::Contradiction, message, blocking: false }
}

/// Trimmed, with every run of white space as one space.
pub(crate) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Which rows are trained on and which are held out, as indices in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Split {
    pub train: Vec<usize>,
    pub held_out: Vec<usize>,
}

/// Holds out a random `share` (0 to 0.5) of `count` rows.
///
/// The number held out is `count * share` rounded half up, but at least one where `share` is above 0, and always
/// leaves a row to train on (so a single row is never held out). The same count and seed hold out the same rows; a
/// larger share adds rows to them.
///
/// # Errors
/// `Error::Input` if `share` is not a number from 0 to 0.5.
pub fn split(count: usize, share: f64, seed: u64) -> Result<Split> {
    if !(0.0..=0.5).contains(&share) {
        return Err(Error::input(format!(
            "The held-out share is {share}; it must be a number from 0 to 0.5, for example 0.2 for one row in five."
        )));
    }
    let wanted = if share == 0.0 { 0 } else { ((count as f64 * share).round() as usize).max(1) };
    let mut rows: Vec<usize> = (0..count).collect();
    Rng::new(seed).shuffle(&mut rows);
    let mut held_out: Vec<usize> = rows.drain(..wanted.min(count.saturating_sub(1))).collect();
    rows.sort_unstable();
    held_out.sort_unstable();
    Ok(Split { train: rows, held_out })
}
