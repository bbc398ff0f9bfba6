//! `tokenizer.json` or GGUF metadata -> token ids and back, with the chat template around the person's words.
//!
//! What a person types is always encoded as plain text: only the template can write a special token.

use serde::Serialize;
use tokenizers::Tokenizer;

use crate::chat_template::{ChatTemplate, SpecialNames};
use crate::dataset::Example;
use crate::discrete_prompt::DiscretePrompt;
use crate::error::{Error, Result};
use crate::rows::TokenRow;

mod config;
mod file;
mod sentence_piece;
mod special;

use config::TokenizerConfig;

/// Breaks up what looks like a special token in the person's words; taken out again before encoding.
const BREAKS: [char; 3] = ['\u{f8f0}', '\u{f8f1}', '\u{f8f2}'];

/// Which part of a prepared prompt a token belongs to: a row of the soft prompt, a word of a hybrid template, the chat
/// template, the input or the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    Virtual,
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

/// The plain text at the end of a prompt, after its last special token.
struct Tail {
    text: String,
    /// Where its tokens begin among those of the prompt.
    start: usize,
    /// Whether nothing stands before it.
    first: bool,
}

/// A tokenizer and the chat template that belongs to it.
pub struct ChatTokenizer {
    tokenizer: Tokenizer,
    /// For a text that follows another, where the tokenizer tells them apart.
    later: Option<Tokenizer>,
    template: ChatTemplate,
    /// The space that the template writes between a prompt and the response.
    before_response: String,
    /// Special tokens, the longest first.
    special: Vec<(String, u32)>,
    end_of_turn: u32,
    stop_ids: Vec<u32>,
}

impl ChatTokenizer {
    /// Reads a Hugging Face `tokenizer.json` and, where given, `tokenizer_config.json`.
    /// `eos_token_ids` are those of the model's configuration.
    ///
    /// # Errors
    /// Where a file cannot be read, or has ids that a model of `vocab_size` tokens does not know.
    pub fn from_json(file: &[u8], config: Option<&[u8]>, eos_token_ids: &[u32], vocab_size: usize) -> Result<Self> {
        let mut tokenizer = file::open(file)?;
        let config = config.map_or_else(|| Ok(TokenizerConfig::default()), TokenizerConfig::from_json)?;
        sentence_piece::read_as_transformers(&mut tokenizer, file, &config.form)?;
        Self::new(tokenizer, config.template.as_deref(), config.names, eos_token_ids, vocab_size)
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
        special::protect_template_tokens(&mut tokenizer, &template, eos_token_ids)?;
        tokenizer.set_encode_special_tokens(true);
        let _ = tokenizer.with_truncation(None);
        tokenizer.with_padding(None);
        let special = special::special_tokens(&tokenizer);
        let eos = special.iter().find(|(content, _)| *content == eos_name).map(|(_, id)| *id);
        let written = special::first_special(&special, &template.after_response()?).map(|(_, _, id)| id);
        let end_of_turn = written.or(eos).or(eos_token_ids.first().copied()).ok_or_else(|| {
            Error::model("Neither the chat template nor the configuration names a token that ends an answer. Choose a model with a chat template.")
        })?;
        let mut stop_ids = vec![end_of_turn];
        for id in eos.into_iter().chain(eos_token_ids.iter().copied()) {
            if !stop_ids.contains(&id) {
                stop_ids.push(id);
            }
        }
        let (later, before_response) = (sentence_piece::for_later_text(&tokenizer), template.before_response()?);
        Ok(Self { tokenizer, later, template, before_response, special, end_of_turn, stop_ids })
    }

    /// Token ids of a text in which nothing is special.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.encoding(text, true)?.get_ids().to_vec())
    }

    /// Token ids of a text that stands alone, with the special tokens that the tokenizer puts around one (Llama's begin
    /// with `<s>`): `tokenizer(text)["input_ids"]` of `transformers`.
    pub fn encode_alone(&self, text: &str) -> Result<Vec<u32>> {
        let around = self.tokenizer.post_process(self.encoding(text, true)?, None, true);
        around
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|e| Error::input(format!("This text cannot be split into tokens: {e}.")))
    }

    /// Text of some ids, special tokens left out.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.tokenizer.decode(ids, true).unwrap_or_default()
    }

    /// Text of a single token; special tokens by their name.
    pub fn token_text(&self, id: u32) -> String {
        self.tokenizer.decode(&[id], false).unwrap_or_default()
    }

    /// Generation ends with any of these; the first ends a turn.
    pub fn stop_ids(&self) -> &[u32] {
        &self.stop_ids
    }

    /// Whether the checkpoint has no chat template, so that ChatML stands for it.
    pub fn chat_ml_stands_in(&self) -> bool {
        self.template.is_stand_in()
    }

    /// Whether generation ends with this one.
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
        Ok(self.prompt_and_tail(front, input)?.0)
    }

    /// The tokens of a prompt, and the plain text at its end.
    fn prompt_and_tail(&self, front: &DiscretePrompt, input: &str) -> Result<(Vec<PromptToken>, Tail)> {
        let shots = front.shots.iter().flat_map(|shot| [shot.input.as_str(), shot.output.as_str()]);
        let texts: Vec<&str> = front.instruction.as_deref().into_iter().chain(shots).chain([input]).collect();
        let unused = |c: &char| texts.iter().all(|text| !text.contains(*c));
        let mark = BREAKS.into_iter().find(unused).unwrap_or(BREAKS[0]);
        let plain = |text: &str| special::break_special(&self.special, text, mark);
        let front = DiscretePrompt {
            instruction: front.instruction.as_deref().map(plain),
            shots: front.shots.iter().map(|shot| Example::new(plain(&shot.input), plain(&shot.output))).collect(),
        };
        let rendered = self.template.prompt_after(&front, &plain(input))?;
        let mut tokens = Vec::new();
        let mut start = 0;
        while let Some((at, length, id)) = special::first_special(&self.special, &rendered.text[start..]) {
            self.encode_piece(&rendered.text, start..start + at, &rendered.content, mark, &mut tokens)?;
            tokens.push(PromptToken { id, kind: TokenKind::Template });
            start += at + length;
        }
        let tail = Tail { text: rendered.text[start..].replace(mark, ""), start: tokens.len(), first: start == 0 };
        self.encode_piece(&rendered.text, start..rendered.text.len(), &rendered.content, mark, &mut tokens)?;
        Ok((tokens, tail))
    }

    /// A whole training example: prompt, response and end of turn.
    pub fn example(&self, example: &Example) -> Result<Vec<PromptToken>> {
        self.example_after(&DiscretePrompt::default(), example)
    }

    /// As [`ChatTokenizer::example`], after the turns of `front`.
    pub fn example_after(&self, front: &DiscretePrompt, example: &Example) -> Result<Vec<PromptToken>> {
        let (mut tokens, tail) = self.prompt_and_tail(front, &example.input)?;
        let prompt: Vec<u32> = tokens[tail.start..].iter().map(|token| token.id).collect();
        let response = self.response(&tail, &prompt, &example.output)?.into_iter().chain([self.end_of_turn]);
        tokens.extend(response.map(|id| PromptToken { id, kind: TokenKind::Response }));
        Ok(tokens)
    }

    /// Ids of a response that follows `tail`, whose ids are `prompt`. As `transformers` does it, both are encoded as one text; where a
    /// token would reach over the border, which none of a prompt can, the response is encoded alone.
    fn response(&self, tail: &Tail, prompt: &[u32], response: &str) -> Result<Vec<u32>> {
        let response = format!("{}{response}", self.before_response);
        let whole = self.encoding(&format!("{}{response}", tail.text), tail.first)?;
        match whole.get_ids().strip_prefix(prompt) {
            Some(ids) => Ok(ids.to_vec()),
            None => Ok(self.encoding(&response, false)?.get_ids().to_vec()),
        }
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
        let first = range.start == 0;
        let piece = unmarked(range);
        let encoding = self.encoding(&piece, first)?;
        tokens.extend(encoding.get_ids().iter().zip(encoding.get_offsets()).map(|(id, (start, _))| {
            let inside = (input_start..input_end).contains(start);
            PromptToken { id: *id, kind: if inside { TokenKind::Input } else { TokenKind::Template } }
        }));
        Ok(())
    }

    /// `first`: whether nothing stands before the text.
    ///
    /// # Errors
    /// Where the tokenizer fails, or reads a special token in the text although it was told not to: one that looks up
    /// whole words in its vocabulary can.
    fn encoding(&self, text: &str, first: bool) -> Result<tokenizers::Encoding> {
        if text.is_empty() {
            return Ok(tokenizers::Encoding::default());
        }
        let tokenizer = self.later.as_ref().filter(|_| !first).unwrap_or(&self.tokenizer);
        let encoding = tokenizer
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
}
