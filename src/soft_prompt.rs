//! The soft prompt: continuous numbers in front of the input, the only thing that is trained.

use crate::block::KeysValues;
use crate::config::LlamaConfig;
use crate::error::{Error, Result};
use crate::model::Llama;
use crate::prefix;

/// How virtual tokens enter the model: as rows before the token embeddings (prompt tuning, P-tuning), or as keys and values
/// in front of every layer's (prefix tuning).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// As rows before the token embeddings: prompt tuning and P-tuning. A virtual token is (hidden size) numbers.
    #[default]
    Embeddings,
    /// As keys and values in front of every layer's: prefix tuning. A virtual token is (2 · layers · kv heads · head size)
    /// numbers ([`crate::prefix`]).
    KeysValues,
}

/// Positions of a soft prompt, the words of a P-tuning template among them: twice the virtual tokens that can be trained.
pub const MAX_VIRTUAL_TOKENS: usize = 512;

impl PromptKind {
    /// Numbers of one virtual token.
    pub fn width(self, config: &LlamaConfig) -> usize {
        match self {
            Self::Embeddings => config.hidden_size,
            Self::KeysValues => prefix::width(config),
        }
    }
}

/// Virtual tokens: (virtual tokens, width), row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftPrompt {
    vectors: Vec<f32>,
    width: usize,
    kind: PromptKind,
}

const ANOTHER_MODEL: &str = "It was trained on another model: choose that one, or train again.";

impl SoftPrompt {
    /// # Errors
    /// Where the numbers are not rows of the model's width, or not finite.
    pub fn new(vectors: Vec<f32>, kind: PromptKind, model: &Llama) -> Result<Self> {
        let width = kind.width(&model.config);
        if vectors.is_empty() || !vectors.len().is_multiple_of(width) {
            return Err(Error::input(format!(
                "This trained prompt has {} numbers, which are not virtual tokens of the model's {width}. {ANOTHER_MODEL}",
                vectors.len()
            )));
        }
        Self { vectors, width, kind }.finite()
    }

    /// Numbers that left the library come back: virtual tokens of `width` numbers, which no model of another width takes.
    ///
    /// # Errors
    /// As [`SoftPrompt::new`], and where the model's virtual tokens have other sizes.
    pub fn come_back(vectors: Vec<f32>, width: usize, kind: PromptKind, model: &Llama) -> Result<Self> {
        check_width(width, kind, model)?;
        Self::new(vectors, kind, model)
    }

    /// Itself, where all its numbers are finite.
    pub fn finite(self) -> Result<Self> {
        if self.vectors.iter().any(|v| !v.is_finite()) {
            return Err(Error::input(
                "This trained prompt holds numbers that are not finite. Train it again with a smaller learning rate.",
            ));
        }
        Ok(self)
    }

    /// Rows of embeddings, as [`SoftPrompt::new`].
    pub fn of_embeddings(vectors: Vec<f32>, model: &Llama) -> Result<Self> {
        Self::new(vectors, PromptKind::Embeddings, model)
    }

    /// Nothing in front: the base model.
    pub fn none() -> Self {
        Self::of_width(Vec::new(), 1, PromptKind::Embeddings)
    }

    /// From numbers that are known to fit.
    pub(crate) fn of_width(vectors: Vec<f32>, width: usize, kind: PromptKind) -> Self {
        Self { vectors, width, kind }
    }

    /// The same with other numbers of the same size.
    pub(crate) fn with_vectors(&self, vectors: Vec<f32>) -> Self {
        debug_assert_eq!(vectors.len(), self.vectors.len());
        Self { vectors, ..*self }
    }

    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    pub fn virtual_tokens(&self) -> usize {
        self.vectors.len() / self.width
    }

    /// Numbers of one virtual token.
    pub fn width(&self) -> usize {
        self.width
    }

    pub fn kind(&self) -> PromptKind {
        self.kind
    }

    /// What stands as rows in front of the text: (virtual tokens, hidden size); empty in prefix tuning.
    pub fn rows(&self) -> &[f32] {
        match self.kind {
            PromptKind::Embeddings => &self.vectors,
            PromptKind::KeysValues => &[],
        }
    }

    /// A cache, one entry for each layer, that begins with the keys and values of prefix tuning; empty otherwise.
    pub fn cache(&self, model: &Llama) -> Vec<KeysValues> {
        match self.kind {
            PromptKind::Embeddings => model.new_cache(),
            PromptKind::KeysValues => prefix::to_cache(&self.vectors, &model.config),
        }
    }
}

/// A prompt works on the model that it was trained on: refuses virtual tokens of `width` numbers where `model` has others.
pub fn check_width(width: usize, kind: PromptKind, model: &Llama) -> Result<()> {
    let expected = kind.width(&model.config);
    if width != expected {
        return Err(Error::input(format!(
            "The virtual tokens of this trained prompt have {width} numbers, and the model's have {expected}. {ANOTHER_MODEL}"
        )));
    }
    Ok(())
}
