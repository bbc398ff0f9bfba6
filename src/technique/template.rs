//! Hybrid templates: words and virtual tokens in one prompt, as in P-tuning's "[P] capital of [P]".
//! `{v5} You are a support agent. {v5}` is five virtual tokens, six or so frozen words, five virtual tokens.

use super::{Parameter, Technique};
use crate::error::{Error, Result};
use crate::model::Llama;
use crate::soft_prompt::{MAX_VIRTUAL_TOKENS, PromptKind, SoftPrompt};
use crate::tokenizer::ChatTokenizer;

/// The pieces of a template, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Virtual(usize),
    Words(String),
}

/// One row in front of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    Virtual,
    /// A word's frozen embedding.
    Word(u32),
}

const EXAMPLE: &str = "for example {v5} You are a support agent. {v5}";

impl Template {
    /// # Errors
    /// A sentence where a marker is not `{v` number `}`, or there is none.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let after = &rest[open + 1..];
            let close = after.find('}').ok_or_else(|| {
                format!("The template has a {{ without its }}. Write virtual tokens as {{v5}}, {EXAMPLE}.")
            })?;
            let marker = &after[..close];
            let count = marker.strip_prefix('v').and_then(|n| n.parse().ok()).filter(|n| (1..=256).contains(n));
            let count = count.ok_or_else(|| {
                format!("The template has {{{marker}}}, which is no number of virtual tokens from 1 to 256. Write {EXAMPLE}.")
            })?;
            if !rest[..open].is_empty() {
                pieces.push(Piece::Words(rest[..open].to_string()));
            }
            pieces.push(Piece::Virtual(count));
            rest = &after[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Words(rest.to_string()));
        }
        let template = Self(pieces);
        match template.virtual_tokens() {
            0 => Err(format!(
                "The template has no virtual tokens, so nothing could be trained. Write where they stand, {EXAMPLE}."
            )),
            n if n > 256 => {
                Err(format!("The template has {n} virtual tokens, and at most 256 can be trained. Use fewer."))
            }
            _ => Ok(template),
        }
    }

    /// Those that are trained.
    pub fn virtual_tokens(&self) -> usize {
        let count = |piece: &Piece| if let Piece::Virtual(n) = piece { *n } else { 0 };
        self.0.iter().map(count).sum()
    }

    /// Every row that the template becomes.
    ///
    /// # Errors
    /// Where there are more than [`MAX_VIRTUAL_TOKENS`]: as an adapter they could not be opened again.
    pub fn rows(&self, tokenizer: &ChatTokenizer) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Virtual(count) => rows.extend(std::iter::repeat_n(Row::Virtual, *count)),
                Piece::Words(text) => rows.extend(tokenizer.encode(text)?.into_iter().map(Row::Word)),
            }
        }
        if rows.len() > MAX_VIRTUAL_TOKENS {
            return Err(Error::input(format!(
                "The template is {} positions long with its words, and at most {MAX_VIRTUAL_TOKENS} can stand in front of the \
                 input. Shorten its words.",
                rows.len()
            )));
        }
        Ok(rows)
    }
}

/// Of a whole prompt, words included, the virtual tokens alone.
pub fn trained_part(rows: &[Row], whole: &SoftPrompt) -> SoftPrompt {
    let vectors = rows.iter().zip(whole.vectors().chunks_exact(whole.width()));
    let trained = vectors.filter(|(row, _)| **row == Row::Virtual).flat_map(|(_, vector)| vector).copied();
    SoftPrompt::of_width(trained.collect(), whole.width(), PromptKind::Embeddings)
}

/// A technique whose virtual tokens stand between frozen words.
pub struct Words<T> {
    inside: T,
    rows: Vec<Option<Vec<f32>>>, // the embedding of a word, none where a virtual token stands
}

impl<T: Technique> Words<T> {
    pub fn new(inside: T, rows: &[Row], llama: &Llama) -> Self {
        let embedding = |row: &Row| match row {
            Row::Virtual => None,
            Row::Word(id) => Some(llama.embed(&[*id])),
        };
        Self { inside, rows: rows.iter().map(embedding).collect() }
    }
}

impl<T: Technique> Technique for Words<T> {
    fn parameters(&self) -> Vec<&Parameter> {
        self.inside.parameters()
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        self.inside.parameters_mut()
    }

    fn soft_prompt(&self) -> SoftPrompt {
        let trained = self.inside.soft_prompt();
        let mut virtual_tokens = trained.vectors().chunks_exact(trained.width());
        let mut vectors = Vec::with_capacity(self.rows.len() * trained.width());
        for row in &self.rows {
            match row {
                Some(word) => vectors.extend_from_slice(word),
                None => vectors.extend_from_slice(virtual_tokens.next().unwrap_or_default()),
            }
        }
        SoftPrompt::of_width(vectors, trained.width(), PromptKind::Embeddings)
    }

    fn backward(&self, d_prompt: &[f32]) -> Vec<Vec<f32>> {
        let rows = d_prompt.chunks_exact(d_prompt.len() / self.rows.len());
        let d_trained: Vec<f32> =
            self.rows.iter().zip(rows).filter(|(row, _)| row.is_none()).flat_map(|(_, d)| d).copied().collect();
        self.inside.backward(&d_trained)
    }

    fn fixed(&self) -> Option<&Vec<f32>> {
        self.inside.fixed()
    }

    fn set_fixed(&mut self, fixed: Vec<f32>) {
        self.inside.set_fixed(fixed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_and_words_come_in_order() {
        let template = Template::parse("{v2} Be kind. {v3}").unwrap();
        assert_eq!(template.0, [Piece::Virtual(2), Piece::Words(" Be kind. ".into()), Piece::Virtual(3)]);
        assert_eq!(template.virtual_tokens(), 5);
        assert_eq!(Template::parse("{v20}").unwrap().0, [Piece::Virtual(20)]);
    }

    #[test]
    fn a_template_is_no_longer_than_an_adapter_can_be() {
        let tokenizer = crate::inside::tiny::bundled().tokenizer;
        let rows = |words: usize| Template::parse(&format!("{{v256}}{}", " a".repeat(words))).unwrap().rows(&tokenizer);
        assert_eq!(rows(256).unwrap().len(), MAX_VIRTUAL_TOKENS);
        let message = rows(257).unwrap_err().to_string();
        assert!(message.contains("513 positions"), "{message}");
    }

    #[test]
    fn a_wrong_marker_is_named() {
        for (text, part) in [
            ("{v0} a", "{v0}"),
            ("{v5", "without its }"),
            ("{x} a {v5}", "{x}"),
            ("only words", "no virtual tokens"),
            ("{v300}", "{v300}"),
            ("{v200}{v200}", "400 virtual tokens"),
        ] {
            let message = Template::parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
