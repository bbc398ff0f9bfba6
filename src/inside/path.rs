//! A flat map of the way that the virtual tokens took during training, among the words near to its two ends.

use serde::Serialize;

use super::nearest::nearest_ids;
use super::principal_axes::{MapPoint, PrincipalAxes};
use super::{Snapshot, ends};
use crate::error::Result;
use crate::language_model::LanguageModel;
use crate::soft_prompt::{PromptKind, SoftPrompt};

/// Words of the vocabulary that are shown for every virtual token, at the start and at the end.
const NEAREST: usize = 3;

/// The two principal axes of all snapshots and words together, and everything drawn on them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PromptPath {
    pub steps: Vec<PathStep>,
    /// The words nearest to the virtual tokens of the first and the last step, each once; none in prefix tuning.
    pub vocabulary: Vec<WordPoint>,
    /// Share of the variance along x and along y, 0 to 1: what the map leaves out is 1 − their sum.
    pub variance_shares: [f64; 2],
    /// One for each virtual token.
    pub moved: Vec<Movement>,
}

/// The virtual tokens after some steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PathStep {
    pub step: usize,
    pub points: Vec<MapPoint>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct WordPoint {
    pub text: String,
    pub x: f64,
    pub y: f64,
}

/// From a virtual token's first place to its last, in all dimensions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Movement {
    /// Euclidean, in the embeddings' own unit.
    pub distance: f64,
    /// Of the last with the first, −1 to 1; none where one of them has no direction, being all zeros.
    pub cosine: Option<f64>,
}

/// `snapshots` in the order of their steps.
///
/// # Errors
/// Where there is no snapshot, or they are not of one run.
pub fn prompt_path(model: &LanguageModel, snapshots: &[Snapshot]) -> Result<PromptPath> {
    let (first, last) = ends(snapshots)?;
    let (width, words) = (first.width(), near_words(model, first, last));
    let embeddings = model.llama.embed(&words);
    let rows: Vec<&[f32]> = snapshots.iter().map(|s| s.prompt.vectors()).chain([embeddings.as_slice()]).collect();
    let axes = PrincipalAxes::fit(&rows.concat(), width);
    let step = |snapshot: &Snapshot| PathStep {
        step: snapshot.step,
        points: snapshot.prompt.vectors().chunks_exact(width).map(|vector| axes.place(vector)).collect(),
    };
    let word = |(id, vector): (&u32, &[f32])| {
        let MapPoint { x, y } = axes.place(vector);
        WordPoint { text: model.tokenizer.token_text(*id), x, y }
    };
    let ends = first.vectors().chunks_exact(width).zip(last.vectors().chunks_exact(width));
    Ok(PromptPath {
        steps: snapshots.iter().map(step).collect(),
        vocabulary: words.iter().zip(embeddings.chunks_exact(width)).map(word).collect(),
        variance_shares: axes.variance_shares,
        moved: ends.map(|(first, last)| movement(first, last)).collect(),
    })
}

/// Ids of the words near to either end, each once, in order; none for keys and values, which lie in another space.
fn near_words(model: &LanguageModel, first: &SoftPrompt, last: &SoftPrompt) -> Vec<u32> {
    if first.kind() == PromptKind::KeysValues {
        return Vec::new();
    }
    let near = nearest_ids(&[first.vectors(), last.vectors()].concat(), NEAREST, &model.llama);
    let mut words = Vec::new();
    for (id, _) in near.into_iter().flatten() {
        if !words.contains(&id) {
            words.push(id);
        }
    }
    words
}

fn movement(first: &[f32], last: &[f32]) -> Movement {
    let sum = |part: fn(f64, f64) -> f64| -> f64 {
        first.iter().zip(last).map(|(a, b)| part(f64::from(*a), f64::from(*b))).sum()
    };
    let lengths = sum(|a, _| a * a).sqrt() * sum(|_, b| b * b).sqrt();
    Movement {
        distance: sum(|a, b| (b - a).powi(2)).sqrt(),
        cosine: (lengths > 0.0).then(|| (sum(|a, b| a * b) / lengths).clamp(-1.0, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inside::tiny::{self, close};
    use crate::ops::gradient_check::random;

    fn path(model: &LanguageModel, kind: PromptKind, steps: &[Vec<f32>]) -> PromptPath {
        let width = kind.width(&model.llama.config);
        let snapshot =
            |(i, vectors): (usize, &Vec<f32>)| Snapshot::new(10 * i, vectors.clone(), width, kind, &model.llama);
        let snapshots = steps.iter().enumerate().map(snapshot).collect::<Result<Vec<_>>>().unwrap();
        let path = prompt_path(model, &snapshots).unwrap();
        let json = serde_json::to_string(&path).unwrap();
        assert!(
            path.moved.iter().all(|m| m.cosine.is_some()) != json.contains("null"),
            "a number that is not finite: {json}"
        );
        assert_eq!(
            path.steps.iter().map(|s| s.step).collect::<Vec<_>>(),
            (0..steps.len()).map(|i| 10 * i).collect::<Vec<_>>()
        );
        let [x, y] = path.variance_shares;
        assert!((0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y) && x + y <= 1.0 + 1e-6);
        path
    }

    #[test]
    fn a_virtual_token_walks_from_one_word_to_another() {
        let model = tiny::bundled();
        let (start, end) = (model.llama.embed(&[300]), model.llama.embed(&[900]));
        let between = |t: f32| start.iter().zip(&end).map(|(a, b)| a + t * (b - a)).collect::<Vec<f32>>();
        let path = path(&model, PromptKind::Embeddings, &[start.clone(), between(0.5), end.clone()]);
        let place = |id: u32| {
            let text = model.tokenizer.token_text(id);
            let found: Vec<&WordPoint> = path.vocabulary.iter().filter(|word| word.text == text).collect();
            assert_eq!(found.len(), 1, "{text} is there once");
            (found[0].x, found[0].y)
        };
        let at = |step: usize| (path.steps[step].points[0].x, path.steps[step].points[0].y);
        assert_eq!((at(0), at(2)), (place(300), place(900)));
        assert!(close(at(1).0, (at(0).0 + at(2).0) / 2.0, 1e-4) && close(at(1).1, (at(0).1 + at(2).1) / 2.0, 1e-4));
        let on_map = (at(2).0 - at(0).0).hypot(at(2).1 - at(0).1);
        assert!(on_map <= path.moved[0].distance + 1e-4, "a shadow is not longer than what throws it");
        assert!(path.moved[0].distance > 0.0 && path.moved[0].cosine.unwrap() < 0.99);
        assert!((4..=2 * NEAREST).contains(&path.vocabulary.len()));
    }

    #[test]
    fn few_or_identical_snapshots_give_a_map_without_movement() {
        let model = tiny::bundled();
        for kind in [PromptKind::Embeddings, PromptKind::KeysValues] {
            for virtual_tokens in [1, 4] {
                let vectors = random(virtual_tokens * kind.width(&model.llama.config), 5);
                for steps in [1, 3] {
                    let path = path(&model, kind, &vec![vectors.clone(); steps]);
                    assert_eq!(path.vocabulary.is_empty(), kind == PromptKind::KeysValues);
                    assert!(path.steps.iter().all(|s| s.points == path.steps[0].points));
                    for moved in &path.moved {
                        assert_eq!(moved.distance, 0.0);
                        assert!(close(moved.cosine.unwrap(), 1.0, 1e-12));
                    }
                }
            }
        }
    }

    #[test]
    fn a_prefix_that_starts_from_zero_has_no_first_direction() {
        let model = tiny::bundled();
        let width = PromptKind::KeysValues.width(&model.llama.config);
        let path = path(&model, PromptKind::KeysValues, &[vec![0.0; width], vec![0.5; width]]);
        assert_eq!(path.moved[0].cosine, None);
        assert!(close(path.moved[0].distance, 0.5 * (width as f64).sqrt(), 1e-6));
        assert!(close(path.variance_shares[0], 1.0, 1e-6));
    }

    #[test]
    fn huge_numbers_and_zeros_have_a_place() {
        let model = tiny::bundled();
        let width = model.llama.config.hidden_size;
        path(&model, PromptKind::Embeddings, &[vec![0.0; width], vec![1e30; width]]);
        path(&model, PromptKind::Embeddings, &[vec![0.0; width], vec![0.0; width]]);
    }
}
