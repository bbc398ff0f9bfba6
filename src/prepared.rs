//! A prepared prompt: every position of an example as the model sees it (step 4 of the page).

use serde::Serialize;

use crate::dataset::Example;
use crate::error::{Error, Result};
use crate::language_model::LanguageModel;
use crate::settings::TunerSettings;
use crate::technique::template::{Row, Template};
use crate::tokenizer::{ChatTokenizer, TokenKind};

/// Virtual tokens, chat template, input, response; or why there is nothing to show or to train on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PreparedPrompt {
    pub tokens: Vec<Position>,
    pub problem: Option<String>,
}

/// One position. A virtual token has no text, and -1 for an id.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PromptToken"))]
pub struct Position {
    pub id: i64,
    pub text: String,
    pub kind: TokenKind,
    /// The token is predicted and counts in the loss.
    pub learned: bool,
}

/// The soft prompt's positions: virtual tokens, and the words of a template between them.
pub fn in_front(settings: &TunerSettings, tokenizer: &ChatTokenizer) -> Result<Vec<Position>> {
    let virtual_token = Position { id: -1, text: String::new(), kind: TokenKind::Virtual, learned: false };
    let Some(template) = settings.used_template() else {
        return Ok(vec![virtual_token; settings.num_virtual_tokens]);
    };
    let rows = Template::parse(template).map_err(Error::input)?.rows(tokenizer)?;
    let position = |row: Row| match row {
        Row::Virtual => virtual_token.clone(),
        Row::Word(id) => {
            Position { id: i64::from(id), text: tokenizer.token_text(id), kind: TokenKind::Word, learned: false }
        }
    };
    Ok(rows.into_iter().map(position).collect())
}

impl PreparedPrompt {
    /// `front`: [`in_front`].
    pub fn new(model: &LanguageModel, example: &Example, front: &[Position]) -> Self {
        let text = match model.prepare(example) {
            Ok(tokens) => tokens,
            Err(error) => return Self { tokens: vec![], problem: Some(error.to_string()) },
        };
        let problem = model.check_trainable(std::slice::from_ref(example), front.len()).err();
        let text = text.into_iter().map(|token| Position {
            id: i64::from(token.id),
            text: model.tokenizer.token_text(token.id),
            kind: token.kind,
            learned: token.kind == TokenKind::Response,
        });
        let tokens = front.iter().cloned().chain(text).collect();
        Self { tokens, problem: problem.map(|error| error.to_string()) }
    }
}
