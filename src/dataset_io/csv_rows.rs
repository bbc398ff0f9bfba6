//! Comma-, semicolon- and tab-separated datasets (RFC 4180 quoting), with a header line, or without one where there are two
//! columns.

use super::{DatasetFormat, Lines, PAIRS, Rows, join_alpaca};
use crate::dataset::Example;
use crate::words::{beginning, counted};

/// So many records at the beginning of a text show what separates their fields.
const SHOWN_RECORDS: usize = 20;

/// The one of tab, comma and semicolon that makes named columns of the first line, else most rows of the first records,
/// else the most frequent in the first line: sentences have commas too.
pub fn guess_delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: u8| first.bytes().filter(|b| *b == delimiter).count();
    // On a tie the last one wins: hardly any sentence has a tab.
    [b';', b',', b'\t'].into_iter().max_by_key(|delimiter| (fit(text, *delimiter), count(*delimiter))).unwrap_or(b',')
}

/// Whether the first record names columns, and how many of the first ones are rows.
fn fit(text: &str, delimiter: u8) -> (bool, usize) {
    let mut shown = records(text, delimiter).take(SHOWN_RECORDS).filter(|record| !is_blank(&record.fields)).peekable();
    let Some(Ok(columns)) = shown.peek().map(|first| Columns::of(&first.fields, delimiter)) else { return (false, 0) };
    let rows = shown.filter(|record| record.quotes_match && columns.example(&record.fields).is_ok()).count();
    (columns.named, rows)
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

fn is_blank(record: &csv::StringRecord) -> bool {
    record.len() == 1 && record[0].trim().is_empty()
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
        let columns = match columns {
            Some(columns) => columns,
            None => {
                let found = columns
                    .insert(Columns::of(&record, delimiter).map_err(|message| rows.leave_out(line, message)).ok()?);
                if found.named {
                    continue;
                }
                rows.assumed_columns = true;
                found
            }
        };
        match columns.example(&record) {
            Err(message) => rows.leave_out(line, message),
            Ok(None) => {}
            Ok(Some(example)) => {
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
    /// By the first line; otherwise that line is a row already.
    named: bool,
    count: usize,
    delimiter: u8,
    instruction: Option<usize>,
    input: Option<usize>,
    output: usize,
}

impl Columns {
    /// By the names in the first record. One of two fields that names nothing is a row itself: input, then output.
    fn of(header: &csv::StringRecord, delimiter: u8) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        let column = |wanted: &str| names.iter().position(|name| name == wanted);
        let pair = || PAIRS.iter().find_map(|(input, output)| Some((column(input)?, column(output)?)));
        if let (Some(instruction), Some(output)) =
            (column("instruction"), column("output").or_else(|| column("response")))
        {
            let input = column("input");
            return Ok(Self {
                named: true,
                count: names.len(),
                delimiter,
                instruction: Some(instruction),
                input,
                output,
            });
        }
        let count = names.len();
        if let Some((input, output)) = pair() {
            return Ok(Self { named: true, count, delimiter, instruction: None, input: Some(input), output });
        }
        if count == 2 && names.iter().all(|field| !field.is_empty()) {
            return Ok(Self { named: false, count, delimiter, instruction: None, input: Some(0), output: 1 });
        }
        Err(format!(
            "The first line must name the columns, for example: input,output. It reads: {}.",
            beginning(&header.iter().collect::<Vec<_>>().join(", "), 60)
        ))
    }

    /// The example of a record; `None` for a record of white space only.
    fn example(&self, record: &csv::StringRecord) -> Result<Option<Example>, String> {
        if is_blank(record) {
            return Ok(None);
        }
        let surplus = record.iter().skip(self.count).any(|field| !field.is_empty());
        if record.len() < self.count || surplus {
            let separator = match self.delimiter {
                b'\t' => "tab",
                b';' => "semicolon",
                _ => "comma",
            };
            return Err(format!(
                "This record has {} where the first line has {} columns. Put every text that contains a {separator}, \
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
        Ok(Some(Example::new(input, &record[self.output])))
    }
}
