//! The soft prompt: rows of continuous embeddings in front of the input, the only thing that is trained.

use crate::error::{Error, Result};
use crate::kernels::vector::dot;
use crate::model::Llama;
use crate::rng::Rng;
use crate::settings::{Init, TunerSettings};
use crate::tokenizer::ChatTokenizer;

/// Virtual tokens: (virtual tokens, hidden size), row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftPrompt {
    vectors: Vec<f32>,
    hidden_size: usize,
}

const ANOTHER_MODEL: &str = "It was trained on another model: choose that one, or train again.";

/// A word of the vocabulary near a virtual token, by cosine similarity.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Neighbour {
    pub token: String,
    pub similarity: f32,
}

impl SoftPrompt {
    /// # Errors
    /// Where the numbers are not rows of the model's hidden size, or not finite.
    pub fn new(vectors: Vec<f32>, model: &Llama) -> Result<Self> {
        let hidden_size = model.config.hidden_size;
        if vectors.is_empty() || !vectors.len().is_multiple_of(hidden_size) {
            return Err(Error::input(format!(
                "This trained prompt has {} numbers, which are not rows of the model's {hidden_size}. {ANOTHER_MODEL}",
                vectors.len()
            )));
        }
        if vectors.iter().any(|v| !v.is_finite()) {
            return Err(Error::input(
                "This trained prompt holds numbers that are not finite. Train it again with a smaller learning rate.",
            ));
        }
        Ok(Self { vectors, hidden_size })
    }

    /// The rows before the first step. `rng` is used up to the same point for the same settings.
    pub fn initial(settings: &TunerSettings, model: &Llama, tokenizer: &ChatTokenizer, rng: &mut Rng) -> Result<Self> {
        let (count, hidden_size) = (settings.num_virtual_tokens, model.config.hidden_size);
        let vectors = match settings.prompt_tuning_init {
            Init::Random => (0..count * hidden_size).map(|_| (rng.normal() * settings.init_std) as f32).collect(),
            Init::SampleVocab => {
                let ids: Vec<u32> = (0..count).map(|_| rng.below(model.config.vocab_size) as u32).collect();
                model.embed(&ids)
            }
            Init::Text => model.embed(&text_ids(&settings.prompt_tuning_init_text, count, tokenizer)?),
        };
        Self::new(vectors, model)
    }

    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    pub fn virtual_tokens(&self) -> usize {
        self.vectors.len() / self.hidden_size
    }

    pub fn hidden_size(&self) -> usize {
        self.hidden_size
    }

    /// For every virtual token the `k` tokens of the vocabulary whose embeddings point most nearly the same way.
    pub fn nearest_tokens(&self, k: usize, model: &Llama, tokenizer: &ChatTokenizer) -> Vec<Vec<Neighbour>> {
        let norm = |v: &[f32]| dot(v, v).sqrt().max(f32::MIN_POSITIVE);
        let vectors: Vec<(&[f32], f32)> = self.vectors.chunks_exact(self.hidden_size).map(|v| (v, norm(v))).collect();
        let mut found: Vec<Vec<(f32, u32)>> = vec![Vec::new(); vectors.len()];
        for id in 0..model.config.vocab_size {
            model.embedding().with_rows(id, 1, |row| {
                let length = norm(row);
                for (best, (vector, vector_length)) in found.iter_mut().zip(&vectors) {
                    keep_best(best, k, (dot(row, vector) / (length * vector_length), id as u32));
                }
            });
        }
        let named = |(similarity, id)| Neighbour { token: tokenizer.token_text(id), similarity };
        found.into_iter().map(|best| best.into_iter().map(named).collect()).collect()
    }
}

/// A prompt works on the model that it was trained on: refuses rows of `hidden_size` numbers where `model` has others.
pub fn check_hidden_size(hidden_size: usize, model: &Llama) -> Result<()> {
    let expected = model.config.hidden_size;
    if hidden_size != expected {
        return Err(Error::input(format!(
            "The rows of this trained prompt have {hidden_size} numbers, and the model's have {expected}. {ANOTHER_MODEL}"
        )));
    }
    Ok(())
}

/// Puts a candidate (similarity, id) at its place among the `k` best, which stand in descending order.
fn keep_best(best: &mut Vec<(f32, u32)>, k: usize, candidate: (f32, u32)) {
    let place = best.partition_point(|(similarity, _)| *similarity >= candidate.0);
    if place < k {
        best.insert(place, candidate);
        best.truncate(k);
    }
}

/// Ids of `text`, repeated or trimmed to `count` (PEFT's `PromptEmbedding`).
pub fn text_ids(text: &str, count: usize, tokenizer: &ChatTokenizer) -> Result<Vec<u32>> {
    let ids = tokenizer.encode(text)?;
    if ids.is_empty() {
        return Err(Error::input(
            "The text that the soft prompt should start from has no tokens. Write a sentence, or choose another initialisation.",
        ));
    }
    Ok(ids.into_iter().cycle().take(count).collect())
}
