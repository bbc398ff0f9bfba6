//! A prepared prompt: every position of an example as the model sees it (step 4 of the page).

use serde::Serialize;

use crate::dataset::Example;
use crate::language_model::LanguageModel;
use crate::tokenizer::TokenKind;

/// Virtual tokens, chat template, input, response; or why there is nothing to show or to train on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PreparedPrompt {
    pub tokens: Vec<Position>,
    pub problem: Option<String>,
}

/// One position. A virtual token has no text, and -1 for an id.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Position {
    pub id: i64,
    pub text: String,
    pub kind: TokenKind,
    /// The token is predicted and counts in the loss.
    pub learned: bool,
}

impl PreparedPrompt {
    pub fn new(model: &LanguageModel, example: &Example, virtual_tokens: usize) -> Self {
        let text = match model.prepare(example) {
            Ok(tokens) => tokens,
            Err(error) => return Self { tokens: vec![], problem: Some(error.to_string()) },
        };
        let problem = model.check_trainable(std::slice::from_ref(example), virtual_tokens).err();
        let virtual_token = Position { id: -1, text: String::new(), kind: TokenKind::Virtual, learned: false };
        let text = text.into_iter().map(|token| Position {
            id: i64::from(token.id),
            text: model.tokenizer.token_text(token.id),
            kind: token.kind,
            learned: token.kind == TokenKind::Response,
        });
        let tokens = std::iter::repeat_n(virtual_token, virtual_tokens).chain(text).collect();
        Self { tokens, problem: problem.map(|error| error.to_string()) }
    }
}
