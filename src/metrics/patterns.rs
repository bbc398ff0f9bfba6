//! Patterns that a person writes to check answers, for example the closing sentence of the brand voice.

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::numbered_steps::longest_list;

/// Larger than any answer here, and small enough to be meant.
const MOST_WORDS: usize = 10_000;
const MOST_STEPS: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PatternKind {
    Contains,
    StartsWith,
    EndsWith,
    /// A regular expression of the `regex` crate (Perl-like, without look-around and back-references, in linear time),
    /// which may match anywhere in the answer.
    Regex,
    /// At least `value` numbered steps, from 1 upwards.
    NumberedSteps,
    /// At most `value` words, separated by white space.
    AtMostWords,
    /// The whole text is a JSON object or list (RFC 8259); `value` does not matter.
    ValidJson,
}

/// A check that the person writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Pattern {
    pub kind: PatternKind,
    /// A text or a regular expression; of `numbered_steps` (at least) and `at_most_words` a whole number; of `valid_json`
    /// (an object or a list) it does not matter.
    pub value: String,
}

/// `pattern`: index of the pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PatternProblem {
    pub pattern: usize,
    pub message: String,
}

/// `matches[text][pattern]`; a pattern with a problem matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PatternMatches {
    pub matches: Vec<Vec<bool>>,
    pub problems: Vec<PatternProblem>,
}

/// Compares every text with every pattern. Capitals count. White space at both ends of the text, and of every value
/// but a regular expression's, does not.
pub fn match_patterns(texts: &[String], patterns: &[Pattern]) -> PatternMatches {
    let mut problems = Vec::new();
    let mut matchers = Vec::new();
    for (index, pattern) in patterns.iter().enumerate() {
        let matcher = Matcher::of(pattern);
        if let Err(message) = &matcher {
            problems.push(PatternProblem { pattern: index, message: message.clone() });
        }
        matchers.push(matcher.ok());
    }
    let matches_of = |text: &String| {
        let text = text.trim();
        matchers.iter().map(|matcher| matcher.as_ref().is_some_and(|m| m.matches(text))).collect()
    };
    PatternMatches { matches: texts.iter().map(matches_of).collect(), problems }
}

enum Matcher<'a> {
    Contains(&'a str),
    StartsWith(&'a str),
    EndsWith(&'a str),
    Regex(Regex),
    NumberedSteps(usize),
    AtMostWords(usize),
    ValidJson,
}

impl<'a> Matcher<'a> {
    fn of(pattern: &'a Pattern) -> Result<Self, String> {
        let value = pattern.value.trim();
        let is_text =
            |kind| !matches!(kind, PatternKind::NumberedSteps | PatternKind::AtMostWords | PatternKind::ValidJson);
        if is_text(pattern.kind) && value.is_empty() {
            return Err("The check is empty and every answer would meet it. Write what the answers should have.".into());
        }
        Ok(match pattern.kind {
            PatternKind::NumberedSteps => Self::NumberedSteps(whole_number(value, "steps", "at least", MOST_STEPS)?),
            PatternKind::AtMostWords => Self::AtMostWords(whole_number(value, "words", "at most", MOST_WORDS)?),
            PatternKind::ValidJson => Self::ValidJson,
            PatternKind::Contains => Self::Contains(value),
            PatternKind::StartsWith => Self::StartsWith(value),
            PatternKind::EndsWith => Self::EndsWith(value),
            PatternKind::Regex => Self::Regex(Regex::new(&pattern.value).map_err(|error| explain(&error))?),
        })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(value) => text.contains(value),
            Self::StartsWith(value) => text.starts_with(value),
            Self::EndsWith(value) => text.ends_with(value),
            Self::Regex(regex) => regex.is_match(text),
            Self::NumberedSteps(least) => longest_list(text) >= *least,
            Self::AtMostWords(most) => text.split_whitespace().count() <= *most,
            Self::ValidJson => {
                serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json.is_object() || json.is_array())
            }
        }
    }
}

/// `value` as a number from 1 to `most`. `bound`: "at least" or "at most".
fn whole_number(value: &str, what: &str, bound: &str, most: usize) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| {
        let found =
            if value.is_empty() { "The number is missing".into() } else { format!("“{value}” cannot be used") };
        format!("{found}: write how many {what} an answer must have {bound}, a whole number from 1 to {most}.")
    })
}

/// The last line of a regex error is its reason; the lines above draw the place.
fn explain(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(_) = error {
        return "The regular expression is too large: make its repetition counts smaller.".into();
    }
    let words = error.to_string();
    let reason = words.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!(
        "The regular expression cannot be used: {reason}. Put a \\ before a character that is meant as it is, such as \\( or \\?."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, kind: PatternKind, value: &str) -> bool {
        let found = match_patterns(&[text.into()], &[Pattern { kind, value: value.into() }]);
        assert_eq!(found.problems, []);
        found.matches[0][0]
    }

    #[test]
    fn numbered_steps_have_a_least_number() {
        let answer = "Follow these steps: 1) Open the app. 2) Tap Save. 3) Wait.";
        assert!(matches(answer, PatternKind::NumberedSteps, "1"));
        assert!(matches(answer, PatternKind::NumberedSteps, " 3 "));
        assert!(!matches(answer, PatternKind::NumberedSteps, "4"));
        assert!(!matches("", PatternKind::NumberedSteps, "1"));
    }

    #[test]
    fn words_are_counted_by_white_space() {
        assert!(matches(" Tap\n the  button. ", PatternKind::AtMostWords, "3"));
        assert!(!matches("Tap the button.", PatternKind::AtMostWords, "2"));
        assert!(matches("Нажмите кнопку", PatternKind::AtMostWords, "2"));
        assert!(!matches("Нажмите кнопку", PatternKind::AtMostWords, "1"));
        assert!(matches("请按下按钮。", PatternKind::AtMostWords, "1"), "no white space, one word");
        assert!(matches("", PatternKind::AtMostWords, "1"));
    }

    #[test]
    fn json_is_an_object_or_a_list_and_nothing_else() {
        for text in ["{}", " [1, {\"a\": null}]\n", r#"{"größe": "三"}"#] {
            assert!(matches(text, PatternKind::ValidJson, ""), "{text}");
        }
        let fenced = "```json\n{\"a\": 1}\n```";
        for text in
            ["", "12", "\"a\"", "null", "{'a': 1}", "{\"a\": 1,}", "{} {}", "Here: {}", fenced, &"[".repeat(9999)]
        {
            assert!(!matches(text, PatternKind::ValidJson, "left over"), "{text}");
        }
    }

    #[test]
    fn a_number_that_cannot_be_used_is_explained() {
        let problem_of = |kind, value: &str| {
            let found = match_patterns(&["1. a".into()], &[Pattern { kind, value: value.into() }]);
            assert_eq!(found.matches, [[false]], "{value}");
            found.problems[0].message.clone()
        };
        for value in ["", "0", "21", "2.5", "-1", "three", "99999999999999999999999"] {
            let message = problem_of(PatternKind::NumberedSteps, value);
            assert!(
                message.ends_with("how many steps an answer must have at least, a whole number from 1 to 20."),
                "{message}"
            );
        }
        assert!(problem_of(PatternKind::AtMostWords, " ").starts_with("The number is missing: write how many words"));
        assert!(problem_of(PatternKind::AtMostWords, "x").starts_with("“x” cannot be used: "));
    }
}
