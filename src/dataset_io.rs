//! Datasets as text: reading what a person pastes or drops, and writing it again.
//!
//! Nothing that is wrong in one row costs another row: every fault is reported with its line, the good rows come back.

mod csv_rows;
mod json_rows;

use serde::{Deserialize, Serialize};

use crate::dataset::Example;

pub const MAX_ROWS: usize = 10_000;
/// Characters (Unicode scalar values) of one input or output.
pub const MAX_FIELD: usize = 100_000;
/// So many lines that are left out are listed, and so many notes; the rest is only counted.
const MAX_PROBLEMS: usize = 100;

/// The formats that can be written; all of them can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DatasetFormat {
    /// JSON lines `{"input", "output"}`.
    InputOutput,
    /// JSON lines `{"messages": [{"role", "content"}]}`.
    Messages,
    /// JSON lines `{"instruction", "input", "output"}`.
    Alpaca,
    /// JSON lines `{"prompt", "completion"}`.
    PromptCompletion,
    /// A header `input,output` and comma-separated records (RFC 4180).
    Csv,
}

/// `line` counts from 1 in the text as it was given; `message` is a sentence without the line number.
/// `left_out`: for this reason nothing is imported from the line; otherwise it is a note, and costs no row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "LineProblem"))]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub line: usize,
    pub message: String,
    pub left_out: bool,
}

/// `format`: that of the first row, "csv" for every separated text, "unknown" where there is no row.
///
/// `problems`: in the order of the lines, at most 100 that are left out and at most 100 notes. `left_out` and `noted`
/// count all of both. Where nothing can be read from a line on, all that follows counts as one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ParsedDataset {
    pub format: String,
    /// No line of a separated text names its columns: of the two with text, the left one was read as the input.
    pub assumed_columns: bool,
    pub examples: Vec<Example>,
    pub problems: Vec<Problem>,
    pub left_out: usize,
    pub noted: usize,
}

/// Reads a dataset. The ending of `file_name` (.json, .jsonl, .csv, .tsv) decides how; without one of these (pasted
/// text), a text that begins like JSON is JSON and every other one is separated by tabs, commas or semicolons.
///
/// JSON: one row a line, an array of rows, or an object with the array `examples`. What a row may look like:
/// * `input`/`output` and other common pairs (`question`/`answer`, `prompt`/`completion`, ...);
/// * Alpaca: `instruction` and `input` are joined by an empty line;
/// * chat `messages` (OpenAI) or `conversations` (ShareGPT): the last user turn and the assistant turn after it; a
///   system text is put in front of the user's text with an empty line between. Earlier turns are left out and reported.
pub fn parse_dataset(text: &str, file_name: &str) -> ParsedDataset {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = Rows::default();
    if text.contains('\0') {
        rows.leave_out(
            1,
            "This is not plain text in UTF-8. Save the file as JSON lines or as \"CSV UTF-8\" and try again.",
        );
    } else if text.trim().is_empty() {
        rows.leave_out(
            1,
            "The text is empty. Paste or drop JSON lines or CSV with an input and an output in every row.",
        );
    } else {
        if let Some(line) = text.lines().position(|line| line.contains('\u{fffd}')) {
            rows.note(
                line + 1,
                "Some characters could not be read (\u{fffd}). Save the file as UTF-8 to keep accents \
                 and other scripts.",
            );
        }
        match kind_of(text, file_name) {
            Kind::Json => json_rows::read(text, &mut rows),
            Kind::Separated(delimiter) => csv_rows::read(text, delimiter, &mut rows),
        }
    }
    rows.finish()
}

/// Writes a dataset so that `parse_dataset` gives exactly the same examples. JSON lines end with a line feed each.
pub fn export_dataset(examples: &[Example], format: DatasetFormat) -> String {
    match format {
        DatasetFormat::Csv => csv_rows::write(examples),
        _ => examples.iter().map(|example| json_rows::line(example, format) + "\n").collect(),
    }
}

/// An inquiry may begin with a prefix token: `[TECH_SUPPORT] ...` is no list.
fn begins_like_json(text: &str) -> bool {
    let text = text.trim_start();
    let inside = text.strip_prefix('[').map(str::trim_start);
    text.starts_with('{') || inside.is_some_and(|rest| rest.is_empty() || rest.starts_with(['{', '[', '"', ']']))
}

enum Kind {
    Json,
    Separated(u8),
}

fn kind_of(text: &str, file_name: &str) -> Kind {
    let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "json" | "jsonl" | "ndjson" => Kind::Json,
        "tsv" | "tab" => Kind::Separated(b'\t'),
        "csv" => Kind::Separated(csv_rows::guess_delimiter(text)),
        _ if begins_like_json(text) => Kind::Json,
        _ => Kind::Separated(csv_rows::guess_delimiter(text)),
    }
}

/// Collects rows and problems under the limits.
#[derive(Default)]
struct Rows {
    format: Option<DatasetFormat>,
    assumed_columns: bool,
    examples: Vec<Example>,
    problems: Vec<Problem>,
    left_out: usize,
    noted: usize,
    /// A row came that is one too many: what follows is only counted.
    over: bool,
}

impl Rows {
    /// Nothing is imported from this line.
    fn leave_out(&mut self, line: usize, message: impl Into<String>) {
        self.left_out += 1;
        if self.left_out <= MAX_PROBLEMS && !self.over {
            self.problems.push(Problem { line, message: message.into(), left_out: true });
        }
    }

    /// Something to know of a line, which costs no row.
    fn note(&mut self, line: usize, message: impl Into<String>) {
        self.noted += 1;
        if self.noted <= MAX_PROBLEMS {
            self.problems.push(Problem { line, message: message.into(), left_out: false });
        }
    }

    /// Takes a row, unless the dataset is full or a field is too long: whether it was taken.
    fn push(&mut self, line: usize, format: DatasetFormat, example: Example) -> bool {
        if self.examples.len() == MAX_ROWS {
            let message = format!("Only the first {MAX_ROWS} rows were read; the rows from here on are left out.");
            self.leave_out(line, message);
            self.over = true;
            return false;
        }
        for (name, field) in [("input", &example.input), ("output", &example.output)] {
            // A text has at most as many characters as bytes: most need no counting.
            if field.len() > MAX_FIELD && field.chars().count() > MAX_FIELD {
                let message = format!(
                    "The {name} has {} characters, more than the {MAX_FIELD} allowed. The row was left out: shorten it.",
                    field.chars().count()
                );
                self.leave_out(line, message);
                return false;
            }
        }
        self.format.get_or_insert(format);
        self.examples.push(example);
        true
    }

    fn finish(mut self) -> ParsedDataset {
        self.problems.sort_by_key(|problem| problem.line);
        let name = |format| serde_json::to_value(format).ok()?.as_str().map(String::from);
        ParsedDataset {
            format: self.format.and_then(name).unwrap_or_else(|| "unknown".into()),
            assumed_columns: self.assumed_columns,
            examples: self.examples,
            problems: self.problems,
            left_out: self.left_out,
            noted: self.noted,
        }
    }
}

/// Numbers the lines of ascending positions of a text; each call counts on from the one before.
struct Lines<'a> {
    text: &'a str,
    position: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, position: 0, line: 1 }
    }

    /// The line, from 1, of a byte position not below the last one asked for.
    fn line_of(&mut self, position: usize) -> usize {
        self.line += self.text[self.position..position].matches('\n').count();
        self.position = position;
        self.line
    }
}

/// Names under which datasets keep what is asked and what is answered, as JSON keys and as column titles.
const PAIRS: [(&str, &str); 15] = [
    ("input", "output"),
    ("prompt", "completion"),
    ("question", "answer"),
    ("prompt", "response"),
    ("input", "response"),
    ("query", "response"),
    ("query", "answer"),
    ("inquiry", "response"),
    ("inquiry", "ideal response"),
    ("customer inquiry", "ideal response"),
    ("questions", "answers"),
    ("question", "response"),
    ("user", "assistant"),
    ("customer", "agent"),
    ("source", "target"),
];

/// What Alpaca shows the model: the instruction and, after an empty line, the input where there is one.
fn join_alpaca(instruction: &str, input: &str) -> String {
    match (instruction.is_empty(), input.is_empty()) {
        (_, true) => instruction.to_string(),
        (true, false) => input.to_string(),
        (false, false) => format!("{instruction}\n\n{input}"),
    }
}
