//! What matters here of `tokenizer_config.json`.

use serde::Deserialize;

use super::sentence_piece::Form;
use crate::chat_template::SpecialNames;
use crate::error::{Error, Result};

/// Nothing is known where there is no such file.
#[derive(Default)]
pub struct TokenizerConfig {
    pub template: Option<String>,
    pub names: SpecialNames,
    pub form: Form,
}

impl TokenizerConfig {
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let fields: Fields = serde_json::from_slice(bytes).map_err(|e| {
            Error::model(format!(
                "tokenizer_config.json cannot be read: {e}. Choose the one that belongs to the model."
            ))
        })?;
        let name = |token: Option<TokenName>| token.map(TokenName::text).unwrap_or_default();
        Ok(Self {
            template: fields.chat_template.and_then(TemplateSource::default_template),
            names: SpecialNames { bos_token: name(fields.bos_token), eos_token: name(fields.eos_token) },
            form: fields.form,
        })
    }
}

/// The fields as they stand there.
#[derive(Deserialize)]
struct Fields {
    chat_template: Option<TemplateSource>,
    bos_token: Option<TokenName>,
    eos_token: Option<TokenName>,
    #[serde(flatten)]
    form: Form,
}

/// One template, or several with names, of which "default" is for chats without tools.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum TemplateSource {
    One(String),
    Several(Vec<NamedTemplate>),
}

#[derive(Debug, Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

impl TemplateSource {
    fn default_template(self) -> Option<String> {
        match self {
            Self::One(template) => Some(template),
            Self::Several(all) => all.into_iter().find(|named| named.name == "default").map(|named| named.template),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum TokenName {
    Text(String),
    Object { content: String },
}

impl TokenName {
    fn text(self) -> String {
        match self {
            Self::Text(text) | Self::Object { content: text } => text,
        }
    }
}
