//! A discrete prompt: ordinary words in front of the input, which nothing trains. What a soft prompt is compared with.

use serde::Deserialize;

use crate::dataset::Example;
use crate::left_out::or_default;

/// An instruction as a system turn, then examples as turns of the conversation (few-shot, Brown et al. 2020); both may be
/// left out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct DiscretePrompt {
    #[cfg_attr(test, ts(optional = nullable))]
    pub instruction: Option<String>,
    #[serde(deserialize_with = "or_default")]
    #[cfg_attr(test, ts(as = "Option<Vec<Example>>", optional = nullable))]
    pub shots: Vec<Example>,
}

impl DiscretePrompt {
    pub fn instruction(text: Option<&str>) -> Self {
        Self { instruction: text.map(str::to_string), shots: Vec::new() }
    }

    /// What to do where it does not fit in front of a text.
    pub fn shorten(&self) -> String {
        let first = match self.shots.len() {
            0 => "Shorten the instruction".to_string(),
            1 => "Leave out the example in the context".to_string(),
            shots => format!("Give fewer than {shots} examples in the context"),
        };
        format!("{first}, or shorten the text itself")
    }
}

#[test]
fn what_is_null_or_left_out_is_the_default() {
    let read = |json: &str| serde_json::from_str::<DiscretePrompt>(json);
    for json in ["{}", r#"{"shots": null}"#, r#"{"shots": []}"#] {
        assert_eq!(read(json).unwrap().shots, [], "{json}");
    }
    assert!(read(r#"{"shots": 1}"#).is_err());
}
