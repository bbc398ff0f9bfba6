//! Comma-, semicolon- and tab-separated datasets (RFC 4180 quoting), with a header line, or without one where it is clear
//! which columns are meant.

use super::{DatasetFormat, Lines, PAIRS, Rows, join_alpaca};
use crate::dataset::Example;
use crate::words::{beginning, counted};

/// So many records at the beginning of a text show what separates their fields.
const SHOWN_RECORDS: usize = 20;

/// The one of tab, comma and semicolon that makes named columns, else fields of the same number in most of the first
/// records. Sentences have commas, and may have as many in every line: on a tie the rarer sign wins.
pub fn guess_delimiter(text: &str) -> u8 {
    [b',', b';', b'\t'].into_iter().max_by_key(|delimiter| fit(text, *delimiter)).unwrap_or(b',')
}

/// Whether the columns are named, and how many of the first records have as many fields as most of them.
fn fit(text: &str, delimiter: u8) -> (bool, usize) {
    let shown = shown(text, delimiter);
    let width = usual_width(&shown);
    let regular = shown.iter().filter(|record| record.len() == width && width > 1).count();
    (Columns::of(&shown, delimiter).is_ok_and(|columns| columns.named), regular)
}

/// The first records, without those that cannot be read.
fn shown(text: &str, delimiter: u8) -> Vec<csv::StringRecord> {
    let readable = |record: &Record| record.quotes_match && !is_blank(&record.fields);
    records(text, delimiter).take(SHOWN_RECORDS).filter(readable).map(|record| record.fields).collect()
}

/// How many fields most of the records have; on a tie the larger number.
fn usual_width(records: &[csv::StringRecord]) -> usize {
    let times = |width: usize| records.iter().filter(|record| record.len() == width).count();
    records.iter().map(csv::StringRecord::len).max_by_key(|width| (times(*width), *width)).unwrap_or(0)
}

/// A record, where it begins in its text, and whether its quotation marks match.
struct Record {
    fields: csv::StringRecord,
    byte: usize,
    quotes_match: bool,
}

fn records(text: &str, delimiter: u8) -> impl Iterator<Item = Record> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    std::iter::from_fn(move || {
        let mut fields = csv::StringRecord::new();
        if !reader.read_record(&mut fields).is_ok_and(|more| more) {
            return None;
        }
        let position = fields.position().expect("a record that was read has a position");
        let (byte, end) = (position.byte() as usize, reader.position().byte() as usize);
        // The reader skips blank lines only after it has noted the position.
        let blank = text[byte..].len() - text[byte..].trim_start_matches(['\r', '\n']).len();
        let byte = byte + blank;
        let quotes_match = quotes_match(&text[byte..end.min(text.len())], delimiter);
        Some(Record { fields, byte, quotes_match })
    })
}

/// A blank line, or a spreadsheet's line of empty cells.
fn is_blank(record: &csv::StringRecord) -> bool {
    record.iter().all(|field| field.trim().is_empty())
}

/// Reads all records; after one whose quotation marks do not match, reading begins again in the next line.
pub fn read(text: &str, delimiter: u8, rows: &mut Rows) {
    let mut columns = None;
    let mut lines = Lines::new(text);
    let mut start = 0;
    while let Some(next) = read_from(text, start, delimiter, &mut columns, &mut lines, rows) {
        start = next;
    }
}

pub fn write(examples: &[Example]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let records = std::iter::once(["input", "output"]).chain(examples.iter().map(|e| [e.input.as_str(), &e.output]));
    for record in records {
        writer.write_record(record).expect("records of two fields, written to memory");
    }
    String::from_utf8(writer.into_inner().expect("writing to memory")).expect("made of UTF-8 texts")
}

/// Reads records up to the end, or up to one whose quotation marks do not match: then the byte to go on from.
fn read_from(
    text: &str,
    start: usize,
    delimiter: u8,
    columns: &mut Option<Columns>,
    lines: &mut Lines,
    rows: &mut Rows,
) -> Option<usize> {
    let rest = &text[start..];
    for Record { fields: record, byte, quotes_match } in records(rest, delimiter) {
        let line = lines.line_of(start + byte);
        if !quotes_match {
            rows.leave_out(
                line,
                "The quotation marks of this record do not match. Close what is opened, and double every quotation mark \
                 inside a quoted text.",
            );
            let next = rest[byte..].find('\n').map(|length| byte + length + 1)?;
            return Some(start + next);
        }
        // Under a title of its own columns even an empty row is one: a dataset that was exported comes back as it was.
        let is_under_titles = columns.as_ref().is_some_and(|found| found.named && found.titles == 0);
        let may_be_empty = delimiter != b'\t' && record.len() > 1 && is_under_titles;
        if is_blank(&record) && !may_be_empty {
            continue;
        }
        let columns = match columns {
            Some(columns) => columns,
            None => {
                let found = Columns::of(&shown(&rest[byte..], delimiter), delimiter);
                let found = columns.insert(found.map_err(|message| rows.leave_out(line, message)).ok()?);
                rows.assumed_columns = !found.named;
                found
            }
        };
        if columns.titles > 0 {
            columns.titles -= 1;
            continue;
        }
        match columns.example(&record) {
            Err(message) => rows.leave_out(line, message),
            Ok(example) => {
                rows.push(line, DatasetFormat::Csv, example);
            }
        }
    }
    None
}

/// Whether every quoted field ends with a quotation mark before a delimiter or the end of the record. The reader itself
/// takes whatever comes, and an open mark would silently join records up to the next mark.
fn quotes_match(record: &str, delimiter: u8) -> bool {
    let bytes = record.as_bytes();
    let ends_field = |byte: Option<&u8>| byte.is_none_or(|b| *b == delimiter || *b == b'\n' || *b == b'\r');
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'"' {
            at += 1;
            loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (None, _) => return false,
                    (Some(b'"'), Some(b'"')) => at += 2,
                    (Some(b'"'), next) if ends_field(next) => break,
                    (Some(b'"'), _) => return false,
                    _ => at += 1,
                }
            }
        }
        at += bytes[at..].iter().position(|b| ends_field(Some(b))).unwrap_or(bytes.len() - at) + 1;
    }
    true
}

/// Which column holds what.
struct Columns {
    /// By a line of titles; otherwise the first line is a row already.
    named: bool,
    /// Lines that are no rows and are still to come: the titles, and what stands above them.
    titles: usize,
    count: usize,
    delimiter: u8,
    instruction: Option<usize>,
    input: Option<usize>,
    output: usize,
}

impl Columns {
    /// By the titles in the first record, or in the second below a line of something else, or else [`Columns::unnamed`].
    fn of(shown: &[csv::StringRecord], delimiter: u8) -> Result<Self, String> {
        let named = (0..shown.len().min(2)).find_map(|at| Self::named(&shown[at], at + 1, delimiter));
        named.or_else(|| Self::unnamed(shown, delimiter)).ok_or_else(|| {
            let first = shown.first().map_or_else(String::new, |record| record.iter().collect::<Vec<_>>().join(", "));
            format!(
                "The first line must name the columns, for example: input,output. It reads: {}.",
                beginning(&first, 60)
            )
        })
    }

    fn named(header: &csv::StringRecord, titles: usize, delimiter: u8) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        let column = |wanted: &str| names.iter().position(|name| name == wanted);
        let answer = column("output").or_else(|| column("response"));
        let (instruction, input, output) = match (column("instruction"), answer) {
            (Some(instruction), Some(output)) => (Some(instruction), column("input"), output),
            _ => PAIRS.iter().find_map(|(input, output)| Some((None, Some(column(input)?), column(output)?)))?,
        };
        Some(Self { named: true, titles, count: names.len(), delimiter, instruction, input, output })
    }

    /// The first record is a row itself. The input stands left of the output, and they are the only columns with text,
    /// but for one of numbers before them. What most records look like counts, then what the first one does.
    fn unnamed(shown: &[csv::StringRecord], delimiter: u8) -> Option<Self> {
        let (usual, first) = (usual_width(shown), shown.first()?.len());
        // Sentences have commas: only cells of a spreadsheet may have a line of something else above them.
        let usual = (delimiter == b'\t' || first == usual).then_some(usual);
        usual.into_iter().chain([first]).find_map(|count| Self::of_width(count, shown, delimiter))
    }

    fn of_width(count: usize, shown: &[csv::StringRecord], delimiter: u8) -> Option<Self> {
        let fields = |column: usize| shown.iter().filter_map(move |record| record.get(column)).map(str::trim);
        let filled: Vec<usize> = (0..count).filter(|column| fields(*column).any(|field| !field.is_empty())).collect();
        let (input, output) = match filled[..] {
            [input, output] => (input, output),
            [number, input, output] if fields(number).all(|field| field.parse::<u32>().is_ok()) => (input, output),
            _ => return None,
        };
        Some(Self { named: false, titles: 0, count, delimiter, instruction: None, input: Some(input), output })
    }

    /// The example of a record that is not blank.
    fn example(&self, record: &csv::StringRecord) -> Result<Example, String> {
        let surplus = record.iter().skip(self.count).any(|field| !field.is_empty());
        if record.len() < self.count || surplus {
            let separator = match self.delimiter {
                b'\t' => "tab",
                b';' => "semicolon",
                _ => "comma",
            };
            return Err(format!(
                "This record has {} where {} are expected. Put every text that contains a {separator}, \
                 a line break or a quotation mark into double quotation marks.",
                counted(record.len(), "field"),
                self.count
            ));
        }
        let field = |column: Option<usize>| column.map_or("", |column| &record[column]);
        let input = match self.instruction {
            None => field(self.input).to_string(),
            Some(_) => join_alpaca(field(self.instruction), field(self.input)),
        };
        Ok(Example::new(input, &record[self.output]))
    }
}
