//! Patterns that a person writes to check answers, for example the closing sentence of the brand voice.

use regex::Regex;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatternKind {
    Contains,
    StartsWith,
    EndsWith,
    /// A regular expression of the `regex` crate (Perl-like, without look-around and back-references, in linear time),
    /// which may match anywhere in the answer.
    Regex,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    pub kind: PatternKind,
    pub value: String,
}

/// `pattern`: index of the pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternProblem {
    pub pattern: usize,
    pub message: String,
}

/// `matches[text][pattern]`; a pattern with a problem matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl<'a> Matcher<'a> {
    fn of(pattern: &'a Pattern) -> Result<Self, String> {
        let value = pattern.value.trim();
        if value.is_empty() {
            return Err("The pattern is empty and would match every answer. Write what the answers should have.".into());
        }
        Ok(match pattern.kind {
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
        }
    }
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
