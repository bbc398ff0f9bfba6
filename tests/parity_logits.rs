//! Logits equal those of `transformers`, from every kind of file (fixtures: tests/fixtures/make/{tiny_models,logits}*.py).
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::HashMap;

use common::{Tensors, bytes, json, largest_difference, load_folder};
use prompt_playground::kernels::vector::argmax;
use prompt_playground::language_model::LanguageModel;
use serde::Deserialize;

#[derive(Deserialize)]
struct Tiny {
    ids: Vec<u32>,
    models: HashMap<String, String>,
    argmax: HashMap<String, Vec<usize>>,
}

fn argmaxes(logits: &[f32], vocabulary: usize) -> Vec<usize> {
    logits.chunks_exact(vocabulary).map(argmax).collect()
}

#[test]
fn tiny_models_of_every_format() {
    let tiny: Tiny = json("tests/fixtures/tiny/tiny.json");
    let reference = Tensors::read("tests/fixtures/tiny/logits.safetensors");
    assert!(tiny.models.len() >= 10, "four folders and six GGUF files");
    for name in tiny.models.keys() {
        let model = match name.starts_with("gguf") {
            true => LanguageModel::from_gguf(&bytes(&format!("tests/fixtures/tiny/{name}.gguf"))).unwrap(),
            false => load_folder(&format!("tests/fixtures/tiny/{name}")),
        };
        let logits = model.logits(&tiny.ids).unwrap();
        let difference = largest_difference(&logits, &reference.get(name));
        assert!(difference < 1e-4, "{name}: logits differ by {difference}");
        assert_eq!(argmaxes(&logits, model.llama.config.vocab_size), tiny.argmax[name], "{name}");
    }
}

#[derive(Deserialize)]
struct Texts {
    vocabulary: usize,
    texts: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    ids: Vec<u32>,
    /// `None` where the two largest logits are so near to each other that rounding decides; one in a hundred at most.
    argmax: Vec<Option<usize>>,
    /// Sampled ids of the vocabulary.
    columns: Vec<usize>,
}

/// Compares 20 texts with the fixture `name`.
fn compare_texts(model: &LanguageModel, name: &str) {
    let texts: Texts = json(&format!("tests/fixtures/{name}.json"));
    let reference = Tensors::read(&format!("tests/fixtures/{name}.safetensors"));
    assert_eq!(texts.texts.len(), 20);
    let left_out = |text: &Text| text.argmax.iter().filter(|argmax| argmax.is_none()).count();
    let positions: usize = texts.texts.iter().map(|text| text.ids.len()).sum();
    assert!(texts.texts.iter().map(left_out).sum::<usize>() * 100 <= positions);
    for (i, text) in texts.texts.iter().enumerate() {
        assert_eq!(text.argmax.len(), text.ids.len(), "text {i}");
        let logits = model.logits(&text.ids).unwrap();
        let sampled: Vec<f32> =
            logits.chunks_exact(texts.vocabulary).flat_map(|row| text.columns.iter().map(|c| row[*c])).collect();
        let difference = largest_difference(&sampled, &reference.get(&format!("{i}.sampled")));
        assert!(difference < 1e-3, "text {i}: logits differ by {difference}");
        for (position, (ours, theirs)) in argmaxes(&logits, texts.vocabulary).iter().zip(&text.argmax).enumerate() {
            assert!(
                theirs.is_none_or(|theirs| theirs == *ours),
                "text {i}, position {position}: {ours}, not {theirs:?}"
            );
        }
    }
}

#[test]
fn the_bundled_model_on_20_texts() {
    compare_texts(&load_folder("www/models/bundled"), "bundled_logits");
}

#[test]
fn smollm2_on_20_texts() {
    let Some(model) = common::smollm2() else { return };
    compare_texts(&model, "smollm2_logits");
}
