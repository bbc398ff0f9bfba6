//! Comma-, semicolon- and tab-separated datasets (RFC 4180 quoting), with a header line, or without one where there are two
//! columns.

use super::{DatasetFormat, Lines, PAIRS, Rows, join_alpaca};
use crate::dataset::Example;
use crate::words::beginning;

/// The one of tab, comma and semicolon that is most frequent in the first line that is not blank.
pub fn guess_delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: u8| header.bytes().filter(|b| *b == delimiter).count();
    // On a tie the last one wins: comma is the default.
    [b';', b'\t', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
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
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(rest.as_bytes());
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).is_ok_and(|more| more) {
        let position = record.position().expect("a record that was read has a position");
        let (byte, end) = (position.byte() as usize, reader.position().byte() as usize);
        // The reader skips blank lines only after it has noted the position.
        let blank = rest[byte..].len() - rest[byte..].trim_start_matches(['\r', '\n']).len();
        let byte = byte + blank;
        let line = lines.line_of(start + byte);
        if !quotes_match(&rest[byte..end.min(rest.len())], delimiter) {
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
                let found = columns.insert(Columns::of(&record).map_err(|message| rows.leave_out(line, message)).ok()?);
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
    instruction: Option<usize>,
    input: Option<usize>,
    output: usize,
}

impl Columns {
    /// By the names in the first record. One of two fields that names nothing is a row itself: input, then output.
    fn of(header: &csv::StringRecord) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        let column = |wanted: &str| names.iter().position(|name| name == wanted);
        let pair = || PAIRS.iter().find_map(|(input, output)| Some((column(input)?, column(output)?)));
        if let (Some(instruction), Some(output)) =
            (column("instruction"), column("output").or_else(|| column("response")))
        {
            let input = column("input");
            return Ok(Self { named: true, count: names.len(), instruction: Some(instruction), input, output });
        }
        let count = names.len();
        if let Some((input, output)) = pair() {
            return Ok(Self { named: true, count, instruction: None, input: Some(input), output });
        }
        if count == 2 && names.iter().all(|field| !field.is_empty()) {
            return Ok(Self { named: false, count, instruction: None, input: Some(0), output: 1 });
        }
        Err(format!(
            "The first line must name the columns, for example: input,output. It reads: {}.",
            beginning(&header.iter().collect::<Vec<_>>().join(", "), 60)
        ))
    }

    /// The example of a record; `None` for a record of white space only.
    fn example(&self, record: &csv::StringRecord) -> Result<Option<Example>, String> {
        if record.len() == 1 && record[0].trim().is_empty() {
            return Ok(None);
        }
        let surplus = record.iter().skip(self.count).any(|field| !field.is_empty());
        if record.len() < self.count || surplus {
            let fields = if record.len() == 1 { "1 field".to_string() } else { format!("{} fields", record.len()) };
            return Err(format!(
                "This record has {fields} where the first line has {} columns. Put every text that contains a comma, \
                 a line break or a quotation mark into double quotation marks.",
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
