//! The words nearest to the virtual tokens, and how they change during training.

use serde::Serialize;

use super::{Snapshot, ends};
use crate::error::{Error, Result};
use crate::kernels::vector::{dot, max};
use crate::language_model::LanguageModel;
use crate::model::Llama;
use crate::ops::{cross_entropy::LOGITS, linear};
use crate::soft_prompt::{PromptKind, SoftPrompt};

/// A word of the vocabulary near a virtual token, by cosine similarity.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Neighbour {
    pub token: String,
    pub similarity: f32,
}

/// The nearest token of the vocabulary to every virtual token after some steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NearestStep {
    pub step: usize,
    /// One for each virtual token, by cosine similarity.
    pub tokens: Vec<Neighbour>,
}

/// For every virtual token the `k` tokens of the vocabulary whose embeddings point most nearly the same way.
///
/// # Errors
/// In prefix tuning: keys and values lie in another space than words.
pub fn nearest_tokens(model: &LanguageModel, prompt: &SoftPrompt, k: usize) -> Result<Vec<Vec<Neighbour>>> {
    check_embeddings(prompt.kind())?;
    Ok(neighbours(model, prompt.vectors(), k))
}

/// # Errors
/// Where there is no snapshot, they are not of one run, or they are of prefix tuning.
pub fn nearest_path(model: &LanguageModel, snapshots: &[Snapshot]) -> Result<Vec<NearestStep>> {
    let (first, _) = ends(snapshots)?;
    check_embeddings(first.kind())?;
    let vectors: Vec<f32> = snapshots.iter().flat_map(|snapshot| snapshot.prompt.vectors()).copied().collect();
    let mut found = neighbours(model, &vectors, 1).into_iter().flatten();
    let mut step = |snapshot: &Snapshot| NearestStep {
        step: snapshot.step,
        tokens: found.by_ref().take(first.virtual_tokens()).collect(),
    };
    Ok(snapshots.iter().map(&mut step).collect())
}

fn check_embeddings(kind: PromptKind) -> Result<()> {
    match kind {
        PromptKind::Embeddings => Ok(()),
        PromptKind::KeysValues => Err(Error::input(
            "Prefix tuning trains keys and values, which lie in another space than words, so no word is near to them. Train with prompt tuning or P-tuning to see the nearest words.",
        )),
    }
}

fn neighbours(model: &LanguageModel, vectors: &[f32], k: usize) -> Vec<Vec<Neighbour>> {
    let named = |(id, similarity)| Neighbour { token: model.tokenizer.token_text(id), similarity };
    nearest_ids(vectors, k, &model.llama).into_iter().map(|best| best.into_iter().map(named).collect()).collect()
}

/// For every vector (hidden size) of `vectors` the `k` ids whose embeddings point most nearly the same way, nearest
/// first, with their cosine similarity.
pub(super) fn nearest_ids(vectors: &[f32], k: usize, llama: &Llama) -> Vec<Vec<(u32, f32)>> {
    let embedding = llama.embedding();
    let (vocabulary, width) = embedding.shape();
    let lengths: Vec<f32> = (0..vocabulary).map(|id| embedding.with_rows(id, 1, |row| length(row) as f32)).collect();
    let mut found = Vec::with_capacity(vectors.len() / width);
    for vectors in vectors.chunks((LOGITS / vocabulary).max(1) * width) {
        let directions: Vec<f32> = vectors.chunks_exact(width).flat_map(direction).collect();
        let mut similarities = vec![0.0; directions.len() / width * vocabulary];
        linear::forward(&directions, embedding, &mut similarities);
        for row in similarities.chunks_exact_mut(vocabulary) {
            row.iter_mut().zip(&lengths).for_each(|(similarity, length)| *similarity /= length);
            found.push((0..k.min(vocabulary)).filter_map(|_| take_largest(row)).collect());
        }
    }
    found
}

/// The vector with length 1; a vector of zeros as it is.
fn direction(vector: &[f32]) -> impl Iterator<Item = f32> + '_ {
    let length = length(vector);
    vector.iter().map(move |v| (f64::from(*v) / length) as f32)
}

/// Euclidean, and never 0.
fn length(vector: &[f32]) -> f64 {
    let length = f64::from(dot(vector, vector)).sqrt();
    if length.is_normal() && length.is_finite() {
        return length;
    }
    vector.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt().max(f64::from(f32::MIN_POSITIVE))
}

/// Takes out the largest number, the first of equal ones.
fn take_largest(row: &mut [f32]) -> Option<(u32, f32)> {
    let largest = max(row);
    let id = row.iter().position(|value| *value == largest)?;
    row[id] = f32::NEG_INFINITY;
    Some((id as u32, largest.clamp(-1.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inside::tiny::{self, close};
    use crate::ops::gradient_check::random;

    #[test]
    fn the_nearest_by_cosine_similarity() {
        let model = tiny::bundled();
        let width = model.llama.config.hidden_size;
        let mut vectors = model.llama.embed(&[300, 301]);
        vectors.extend(random(2 * width, 1));
        let cosine = |a: &[f32], b: &[f32]| f64::from(dot(a, b)) / (f64::from(dot(a, a)) * f64::from(dot(b, b))).sqrt();
        for (vector, found) in vectors.chunks_exact(width).zip(nearest_ids(&vectors, 3, &model.llama)) {
            let similarity = |id: u32| cosine(vector, &model.llama.embed(&[id]));
            let mut expected: Vec<(f64, u32)> =
                (0..model.llama.config.vocab_size as u32).map(|id| (similarity(id), id)).collect();
            expected.sort_by(|a, b| b.0.total_cmp(&a.0));
            assert_eq!(found.len(), 3);
            for ((id, found), (expected, expected_id)) in found.iter().zip(&expected) {
                assert_eq!(id, expected_id);
                assert!(close(f64::from(*found), *expected, 1e-5));
            }
        }
    }

    #[test]
    fn a_path_from_one_word_to_another() {
        let model = tiny::bundled();
        let snapshot = |step, ids: &[u32]| {
            let width = model.llama.config.hidden_size;
            Snapshot::new(step, model.llama.embed(ids), width, PromptKind::Embeddings, &model.llama).unwrap()
        };
        let path = nearest_path(&model, &[snapshot(0, &[300, 500]), snapshot(10, &[301, 500])]).unwrap();
        let text = |id| model.tokenizer.token_text(id);
        assert_eq!(path.iter().map(|step| step.step).collect::<Vec<_>>(), [0, 10]);
        let tokens: Vec<&str> = path.iter().flat_map(|step| &step.tokens).map(|t| t.token.as_str()).collect();
        assert_eq!(tokens, [text(300), text(500), text(301), text(500)]);
        assert!(path.iter().flat_map(|step| &step.tokens).all(|t| close(f64::from(t.similarity), 1.0, 1e-5)));
    }

    #[test]
    fn zeros_and_huge_numbers_are_near_to_something() {
        let model = tiny::bundled();
        let width = model.llama.config.hidden_size;
        for value in [0.0, 1e-30, 1e30] {
            let found = nearest_ids(&vec![value; width], 2, &model.llama);
            assert!(found[0].len() == 2 && found[0].iter().all(|(_, similarity)| similarity.is_finite()), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        let model = tiny::bundled();
        let error = |snapshots: &[Snapshot]| nearest_path(&model, snapshots).unwrap_err().to_string();
        assert!(error(&[]).contains("Train for some steps"));
        let width = PromptKind::KeysValues.width(&model.llama.config);
        let prefix = Snapshot::new(0, vec![0.0; width], width, PromptKind::KeysValues, &model.llama).unwrap();
        assert!(error(&[prefix]).contains("Prefix tuning"));
        let rows = |count: usize| {
            let width = model.llama.config.hidden_size;
            Snapshot::new(0, vec![1.0; count * width], width, PromptKind::Embeddings, &model.llama).unwrap()
        };
        assert!(error(&[rows(1), rows(2)]).contains("different runs"));
    }
}
