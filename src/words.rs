//! Numbers and rows as they stand in a sentence.

/// Two decimals; three below 0.1.
pub fn number(value: f64) -> String {
    if value.abs() < 0.1 { format!("{:.3}", value + 0.0) } else { format!("{value:.2}") }
}

pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// "the tenth"; "the 13th".
pub fn ordinal(number: usize) -> String {
    const WORDS: [&str; 12] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
        "twelfth",
    ];
    let suffix = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    let word = number.checked_sub(1).and_then(|i| WORDS.get(i));
    word.map_or_else(|| format!("{number}{suffix}"), |word| (*word).to_string())
}

/// "row 3", "rows 3 and 5", "rows 3, 5 and 8": indices from 0, numbers from 1.
pub fn rows(indices: &[usize]) -> String {
    let numbers: Vec<String> = indices.iter().map(|row| (row + 1).to_string()).collect();
    match &numbers[..] {
        [] => "no row".into(),
        [one] => format!("row {one}"),
        [first @ .., last] => format!("rows {} and {last}", first.join(", ")),
    }
}

/// `sentences` with one space between them; empty ones are left out.
pub fn paragraph(sentences: &[String]) -> String {
    sentences.iter().filter(|s| !s.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// The beginning of a text for a sentence: at most `most` characters (Unicode scalar values), then "…" if more follow.
pub fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{} …", text[..end].trim_end()),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_a_person_would_say_it() {
        assert_eq!((number(0.0512), number(1.0), number(-0.0)), ("0.051".into(), "1.00".into(), "0.000".into()));
        assert_eq!((counted(1, "row"), counted(0, "row")), ("1 row".into(), "0 rows".into()));
        let ordinals = [1, 10, 13, 21, 22, 111, 0].map(ordinal);
        assert_eq!(ordinals, ["first", "tenth", "13th", "21st", "22nd", "111th", "0th"]);
        assert_eq!([rows(&[]), rows(&[2]), rows(&[2, 4, 7])], ["no row", "row 3", "rows 3, 5 and 8"]);
        assert_eq!(paragraph(&["One.".into(), String::new(), "Two.".into()]), "One. Two.");
    }
}
