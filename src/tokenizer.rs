//! `tokenizer.json` or GGUF metadata -> token ids and back, with the chat template around the person's words.
//!
//! What a person types is always encoded as plain text: only the template can write a special token.

use serde::{Deserialize, Serialize};
use tokenizers::{AddedToken, Tokenizer};

use crate::chat_template::{ChatTemplate, SpecialNames};
use crate::dataset::Example;
use crate::discrete_prompt::DiscretePrompt;
use crate::error::{Error, Result};
use crate::rows::TokenRow;

/// Breaks up what looks like a special token in the person's words; taken out again before encoding.
const BREAKS: [char; 3] = ['\u{f8f0}', '\u{f8f1}', '\u{f8f2}'];

/// Which part of a prepared prompt a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    Virtual,
    /// A word of a hybrid template, between virtual tokens.
    Word,
    Template,
    Input,
    Response,
}

/// One token of a prepared prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptToken {
    pub id: u32,
    pub kind: TokenKind,
}

/// A tokenizer and the chat template that belongs to it.
pub struct ChatTokenizer {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    /// Special tokens, the longest first.
    special: Vec<(String, u32)>,
    end_of_turn: u32,
    stop_ids: Vec<u32>,
}

/// The fields of `tokenizer_config.json` that matter here.
#[derive(Debug, Default, Deserialize)]
struct TokenizerConfig {
    chat_template: Option<TemplateSource>,
    bos_token: Option<TokenName>,
    eos_token: Option<TokenName>,
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

impl ChatTokenizer {
    /// Reads a Hugging Face `tokenizer.json` and, where given, `tokenizer_config.json`.
    /// `eos_token_ids` are those of the model's configuration.
    ///
    /// # Errors
    /// Where a file cannot be read, or has ids that a model of `vocab_size` tokens does not know.
    pub fn from_json(
        tokenizer: &[u8],
        config: Option<&[u8]>,
        eos_token_ids: &[u32],
        vocab_size: usize,
    ) -> Result<Self> {
        let tokenizer = Tokenizer::from_bytes(tokenizer).map_err(|e| {
            Error::model(format!(
                "tokenizer.json cannot be read: {e}. Choose the tokenizer.json that belongs to the model."
            ))
        })?;
        let config: TokenizerConfig = match config {
            None => TokenizerConfig::default(),
            Some(bytes) => serde_json::from_slice(bytes).map_err(|e| {
                Error::model(format!(
                    "tokenizer_config.json cannot be read: {e}. Choose the one that belongs to the model."
                ))
            })?,
        };
        let names = SpecialNames {
            bos_token: config.bos_token.map(TokenName::text).unwrap_or_default(),
            eos_token: config.eos_token.map(TokenName::text).unwrap_or_default(),
        };
        let template = config.chat_template.and_then(TemplateSource::default_template);
        Self::new(tokenizer, template.as_deref(), names, eos_token_ids, vocab_size)
    }

    pub fn new(
        mut tokenizer: Tokenizer,
        template: Option<&str>,
        names: SpecialNames,
        eos_token_ids: &[u32],
        vocab_size: usize,
    ) -> Result<Self> {
        let largest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
        if largest as usize >= vocab_size {
            return Err(Error::model(format!(
                "The tokenizer has a token with the id {largest}, but the model knows only {vocab_size} tokens. The two files are not of the same model."
            )));
        }
        let eos_name = names.eos_token.clone();
        let template = ChatTemplate::new(template, names)?;
        protect_template_tokens(&mut tokenizer, &template, eos_token_ids)?;
        tokenizer.set_encode_special_tokens(true);
        let _ = tokenizer.with_truncation(None);
        tokenizer.with_padding(None);
        let special = special_tokens(&tokenizer);
        let eos = special.iter().find(|(content, _)| *content == eos_name).map(|(_, id)| *id);
        let written = first_special(&special, &template.after_response()?).map(|(_, _, id)| id);
        let end_of_turn = written.or(eos).or(eos_token_ids.first().copied()).ok_or_else(|| {
            Error::model("Neither the chat template nor the configuration names a token that ends an answer. Choose a model with a chat template.")
        })?;
        let mut stop_ids = vec![end_of_turn];
        stop_ids.extend(eos.into_iter().chain(eos_token_ids.iter().copied()));
        Ok(Self { tokenizer, template, special, end_of_turn, stop_ids })
    }

    /// Token ids of a text in which nothing is special.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.encoding(text)?.get_ids().to_vec())
    }

    /// Text of some ids, special tokens left out.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.tokenizer.decode(ids, true).unwrap_or_default()
    }

    /// Text of a single token; special tokens by their name.
    pub fn token_text(&self, id: u32) -> String {
        self.tokenizer.decode(&[id], false).unwrap_or_default()
    }

    /// Generation ends with any of these.
    pub fn is_stop(&self, id: u32) -> bool {
        self.stop_ids.contains(&id)
    }

    pub fn is_special(&self, id: u32) -> bool {
        self.special.iter().any(|(_, special)| *special == id)
    }

    /// The chat template around `input`, up to where the answer begins.
    pub fn prompt(&self, system: Option<&str>, input: &str) -> Result<Vec<PromptToken>> {
        self.prompt_after(&DiscretePrompt::instruction(system), input)
    }

    /// As [`ChatTokenizer::prompt`], after the turns of `front`.
    pub fn prompt_after(&self, front: &DiscretePrompt, input: &str) -> Result<Vec<PromptToken>> {
        let shots = front.shots.iter().flat_map(|shot| [shot.input.as_str(), shot.output.as_str()]);
        let texts: Vec<&str> = front.instruction.as_deref().into_iter().chain(shots).chain([input]).collect();
        let unused = |c: &char| texts.iter().all(|text| !text.contains(*c));
        let mark = BREAKS.into_iter().find(unused).unwrap_or(BREAKS[0]);
        let plain = |text: &str| self.break_special(text, mark);
        let front = DiscretePrompt {
            instruction: front.instruction.as_deref().map(plain),
            shots: front.shots.iter().map(|shot| Example::new(plain(&shot.input), plain(&shot.output))).collect(),
        };
        let rendered = self.template.prompt_after(&front, &plain(input))?;
        let mut tokens = Vec::new();
        let mut start = 0;
        while start < rendered.text.len() {
            let next = first_special(&self.special, &rendered.text[start..]);
            let end = next.map_or(rendered.text.len(), |(at, _, _)| start + at);
            self.encode_piece(&rendered.text, start..end, &rendered.content, mark, &mut tokens)?;
            start = end;
            if let Some((_, length, id)) = next {
                tokens.push(PromptToken { id, kind: TokenKind::Template });
                start += length;
            }
        }
        Ok(tokens)
    }

    /// A whole training example: prompt, response and end of turn.
    pub fn example(&self, example: &Example) -> Result<Vec<PromptToken>> {
        self.example_after(&DiscretePrompt::default(), example)
    }

    /// As [`ChatTokenizer::example`], after the turns of `front`.
    pub fn example_after(&self, front: &DiscretePrompt, example: &Example) -> Result<Vec<PromptToken>> {
        let mut tokens = self.prompt_after(front, &example.input)?;
        let response = self.encode(&example.output)?.into_iter().chain([self.end_of_turn]);
        tokens.extend(response.map(|id| PromptToken { id, kind: TokenKind::Response }));
        Ok(tokens)
    }

    /// As [`ChatTokenizer::example`], as the rows that training uses.
    pub fn token_row(&self, example: &Example) -> Result<TokenRow> {
        self.token_row_after(&DiscretePrompt::default(), example)
    }

    /// As [`ChatTokenizer::token_row`], after the turns of `front`.
    pub fn token_row_after(&self, front: &DiscretePrompt, example: &Example) -> Result<TokenRow> {
        let tokens = self.example_after(front, example)?;
        let response = tokens.iter().position(|t| t.kind == TokenKind::Response).unwrap_or(tokens.len());
        Ok(TokenRow { ids: tokens.into_iter().map(|t| t.id).collect(), response })
    }

    /// Encodes `text[range]`, a stretch without special tokens; `content` is where the person's words are.
    fn encode_piece(
        &self,
        text: &str,
        range: std::ops::Range<usize>,
        content: &std::ops::Range<usize>,
        mark: char,
        tokens: &mut Vec<PromptToken>,
    ) -> Result<()> {
        let unmarked = |range: std::ops::Range<usize>| text[range].replace(mark, "");
        let (from, to) = (content.start.clamp(range.start, range.end), content.end.clamp(range.start, range.end));
        let input_start = unmarked(range.start..from).len();
        let input_end = input_start + unmarked(from..to).len();
        let piece = unmarked(range);
        let encoding = self.encoding(&piece)?;
        tokens.extend(encoding.get_ids().iter().zip(encoding.get_offsets()).map(|(id, (start, _))| {
            let inside = (input_start..input_end).contains(start);
            PromptToken { id: *id, kind: if inside { TokenKind::Input } else { TokenKind::Template } }
        }));
        Ok(())
    }

    /// # Errors
    /// Where the tokenizer fails, or reads a special token in the text although it was told not to: one that looks up
    /// whole words in its vocabulary can.
    fn encoding(&self, text: &str) -> Result<tokenizers::Encoding> {
        let encoding = self
            .tokenizer
            .encode(text, false)
            .map_err(|e| Error::input(format!("This text cannot be split into tokens: {e}.")))?;
        let injected = |(content, id): &&(String, u32)| encoding.get_ids().contains(id) && text.contains(content);
        if let Some((content, _)) = self.special.iter().find(injected) {
            return Err(Error::input(format!(
                "The text contains {content}, which this model can only read as a control sign. Write it in another way, for example with spaces in it."
            )));
        }
        Ok(encoding)
    }

    /// Puts `mark` after the first character of everything that looks like a special token.
    fn break_special(&self, text: &str, mark: char) -> String {
        let mut broken = text.to_string();
        for (content, _) in &self.special {
            let mut characters = content.chars();
            if let Some(first) = characters.next() {
                broken = broken.replace(content.as_str(), &format!("{first}{mark}{}", characters.as_str()));
            }
        }
        broken
    }
}

/// Marks as special what the template writes around the words, and what ends an answer. Some fine-tuned models add their
/// turn tokens as ordinary ones, which a person could then write.
fn protect_template_tokens(tokenizer: &mut Tokenizer, template: &ChatTemplate, eos_token_ids: &[u32]) -> Result<()> {
    let frame = template.frame()?;
    let is_sign = |text: &str| text.chars().any(|c| !c.is_alphanumeric() && !c.is_whitespace());
    let ordinary = tokenizer.get_added_tokens_decoder().into_iter().filter(|(id, token)| {
        let of_template = is_sign(&token.content) && frame.contains(&token.content);
        !token.special && (of_template || eos_token_ids.contains(id))
    });
    let special: Vec<AddedToken> = ordinary.map(|(_, token)| AddedToken { special: true, ..token }).collect();
    tokenizer
        .add_special_tokens(special)
        .map(|_| ())
        .map_err(|e| Error::model(format!("The special tokens of the tokenizer are damaged: {e}.")))
}

/// Names and ids of the special tokens, the longest first. A name of one character cannot be kept apart from the
/// person's words and counts as plain text.
fn special_tokens(tokenizer: &Tokenizer) -> Vec<(String, u32)> {
    let added = tokenizer.get_added_tokens_decoder().into_iter().map(|(id, token)| (token.special, token.content, id));
    let mut special: Vec<(String, u32)> = added
        .filter(|(special, content, _)| *special && content.chars().nth(1).is_some())
        .map(|(_, content, id)| (content, id))
        .collect();
    special.sort_by_key(|(content, id)| (std::cmp::Reverse(content.len()), *id));
    special
}

/// (offset, length, id) of the first special token in `text`, the longest one where several begin there.
fn first_special(special: &[(String, u32)], text: &str) -> Option<(usize, usize, u32)> {
    let found =
        special.iter().filter_map(|(content, id)| text.find(content.as_str()).map(|at| (at, content.len(), *id)));
    found.min_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)))
}
