//! JSON datasets: lines, arrays, and an object with the array `examples`.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value, json};

use super::{DatasetFormat, Lines, PAIRS, Rows, join_alpaca};
use crate::dataset::Example;

pub fn read(text: &str, rows: &mut Rows) {
    let start = text.len() - text.trim_start().len();
    if text[start..].starts_with('[') {
        read_values(text, start + 1, b']', rows);
    } else if let Some(array) = find_examples(text, start) {
        read_values(text, array + 1, b']', rows);
    } else if is_spread_over_lines(text, start) {
        read_values(text, start, b'\0', rows);
    } else {
        read_lines(text, rows);
    }
}

/// One example as a line of JSON, without the line feed.
pub fn line(example: &Example, format: DatasetFormat) -> String {
    let Example { input, output } = example;
    match format {
        DatasetFormat::Messages => json!({"messages": [
            {"role": "user", "content": input},
            {"role": "assistant", "content": output},
        ]}),
        DatasetFormat::Alpaca => json!({"instruction": input, "input": "", "output": output}),
        DatasetFormat::PromptCompletion => json!({"prompt": input, "completion": output}),
        DatasetFormat::InputOutput | DatasetFormat::Csv => json!({"input": input, "output": output}),
    }
    .to_string()
}

fn read_lines(text: &str, rows: &mut Rows) {
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Value>(line) {
            Ok(value) => read_row(&value, index + 1, rows),
            Err(error) => rows.leave_out(
                index + 1,
                format!("This line is not valid JSON: {} at character {}.", explain(&error), error.column()),
            ),
        }
    }
}

/// Reads values separated by commas (or only white space, where `close` is 0) from `position` up to `close`.
fn read_values(text: &str, mut position: usize, close: u8, rows: &mut Rows) {
    let mut lines = Lines::new(text);
    loop {
        position += text[position..].len() - text[position..].trim_start_matches([' ', '\t', '\r', '\n', ',']).len();
        let line = lines.line_of(position);
        match text.as_bytes().get(position) {
            Some(byte) if *byte == close => return,
            None if close == b'\0' => return,
            None => {
                let last = text.trim_end().lines().count();
                rows.note(last, "The text ends before the list is closed by ]: something is missing at the end.");
                return;
            }
            Some(_) => {}
        }
        match next_value::<Value>(text, position) {
            Ok((value, end)) => {
                read_row(&value, line, rows);
                position = end;
            }
            Err(error) => {
                let message =
                    format!("This is not valid JSON: {}. The rows from here on were not read.", explain(&error));
                rows.leave_out(line + error.line().saturating_sub(1), message);
                return;
            }
        }
    }
}

/// The value that begins at `position`, and where it ends.
fn next_value<T: DeserializeOwned>(text: &str, position: usize) -> Result<(T, usize), serde_json::Error> {
    let mut stream = serde_json::Deserializer::from_str(&text[position..]).into_iter::<T>();
    match stream.next() {
        Some(value) => value.map(|value| (value, position + stream.byte_offset())),
        None => serde_json::from_str::<T>("").map(|value| (value, position)),
    }
}

/// Where the array of `{"examples": [...]}` begins, if `text` has an object with that key at `position`.
fn find_examples(text: &str, position: usize) -> Option<usize> {
    let skip_space = |at: usize| at + text[at..].len() - text[at..].trim_start().len();
    let mut at = text[position..].starts_with('{').then_some(position + 1)?;
    loop {
        let (key, end) = next_value::<String>(text, skip_space(at)).ok()?;
        let colon = skip_space(end);
        let value = skip_space(text[colon..].starts_with(':').then_some(colon + 1)?);
        if key == "examples" && text[value..].starts_with('[') {
            return Some(value);
        }
        let comma = skip_space(next_value::<IgnoredAny>(text, value).ok()?.1);
        at = text[comma..].starts_with(',').then_some(comma + 1)?;
    }
}

/// Whether this is JSON over several lines rather than one value a line: the first value has a line break in it, or it
/// is broken, its first line is only a beginning and the next line does not begin another value.
fn is_spread_over_lines(text: &str, start: usize) -> bool {
    if let Ok((_, end)) = next_value::<IgnoredAny>(text, start) {
        return text[start..end].contains('\n');
    }
    let mut lines = text[start..].lines().filter(|line| !line.trim().is_empty());
    let first_is_open =
        lines.next().is_some_and(|line| serde_json::from_str::<IgnoredAny>(line).is_err_and(|e| e.is_eof()));
    first_is_open && lines.next().is_some_and(|line| !line.trim_start().starts_with('{'))
}

/// Takes the example of one value or reports why there is none.
fn read_row(value: &Value, line: usize, rows: &mut Rows) {
    let Some(object) = value.as_object() else {
        rows.leave_out(line, "A row must be an object such as {\"input\": \"...\", \"output\": \"...\"}.");
        return;
    };
    match row_of(object) {
        Ok((format, example, note)) => {
            if let (true, Some(note)) = (rows.push(line, format, example), note) {
                rows.note(line, note);
            }
        }
        Err(message) => rows.leave_out(line, message),
    }
}

/// Format, example, and what the person should know about it.
type Row = (DatasetFormat, Example, Option<&'static str>);

fn row_of(object: &Map<String, Value>) -> Result<Row, String> {
    if let Some(turns) = object.get("messages").or_else(|| object.get("conversations")) {
        return chat_row(turns);
    }
    if object.contains_key("instruction") {
        let output = if object.contains_key("output") { "output" } else { "response" };
        let input = if object.get("input").is_none_or(Value::is_null) { "" } else { text_of(object, "input")? };
        let example = Example::new(join_alpaca(text_of(object, "instruction")?, input), text_of(object, output)?);
        return Ok((DatasetFormat::Alpaca, example, None));
    }
    let has = |key: &str| object.contains_key(key);
    let Some((input, output)) = PAIRS.iter().find(|(input, output)| has(input) && has(output)) else {
        return Err(missing_key(object));
    };
    let format = if (*input, *output) == ("prompt", "completion") {
        DatasetFormat::PromptCompletion
    } else {
        DatasetFormat::InputOutput
    };
    Ok((format, Example::new(text_of(object, input)?, text_of(object, output)?), None))
}

fn text_of<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, String> {
    match object.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("\"{key}\" must be a text in quotation marks, not {}.", kind(other))),
        None => Err(format!("\"{key}\" is missing in this row.")),
    }
}

fn missing_key(object: &Map<String, Value>) -> String {
    for (input, output) in PAIRS {
        match (object.contains_key(input), object.contains_key(output)) {
            (true, false) => {
                return format!("This row has \"{input}\" and no \"{output}\" (the ideal response). Add it.");
            }
            (false, true) => {
                return format!("This row has \"{output}\" and no \"{input}\" (what the customer asks). Add it.");
            }
            _ => {}
        }
    }
    "This row has no \"input\" and \"output\". Known rows have input/output, messages, instruction/output or \
     prompt/completion."
        .into()
}

/// The last user turn with the assistant turn right after it, behind the system text where there is one.
fn chat_row(turns: &Value) -> Result<Row, String> {
    let turns = turns.as_array().ok_or("\"messages\" must be a list of turns.")?;
    let turns = turns.iter().map(turn_of).collect::<Result<Vec<_>, String>>()?;
    let last = turns
        .windows(2)
        .rposition(|pair| pair[0].0 == Role::User && pair[1].0 == Role::Assistant)
        .ok_or("The messages have no user turn that is followed by an assistant turn. A row needs both.")?;
    let system: Vec<&str> =
        turns.iter().filter(|(role, _)| *role == Role::System).map(|(_, text)| text.as_str()).collect();
    let input = join_alpaca(&system.join("\n\n"), &turns[last].1);
    let other_turns = turns.len() - system.len() > 2;
    let note = other_turns
        .then_some("This conversation has several turns: only its last question and the answer to it were taken.");
    Ok((DatasetFormat::Messages, Example::new(input, turns[last + 1].1.clone()), note))
}

#[derive(PartialEq)]
enum Role {
    System,
    User,
    Assistant,
    Other,
}

/// Role and text of `{"role", "content"}` or ShareGPT's `{"from", "value"}`.
fn turn_of(turn: &Value) -> Result<(Role, String), String> {
    let part = |a: &str, b: &str| turn.get(a).or_else(|| turn.get(b));
    let role =
        part("role", "from").and_then(Value::as_str).ok_or("A turn has no \"role\" (system, user or assistant).")?;
    let role = match role {
        "system" | "developer" => Role::System,
        "user" | "human" => Role::User,
        "assistant" | "gpt" | "model" | "bot" => Role::Assistant,
        _ => Role::Other,
    };
    let text = match part("content", "value") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        Some(Value::Null) | None if role == Role::Other || role == Role::Assistant => String::new(),
        _ => return Err("A turn has no \"content\" that is a text.".into()),
    };
    Ok((role, text))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// serde_json's words for a fault, without the place.
fn explain(error: &serde_json::Error) -> String {
    let words = error.to_string();
    words.split(" at line ").next().unwrap_or_default().to_string()
}
