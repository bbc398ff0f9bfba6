//! Models for the tests of this folder, and attention computed from scratch.

use crate::block::Layer;
use crate::config::LlamaConfig;
use crate::language_model::LanguageModel;
use crate::matrix::Matrix;
use crate::model::Llama;
use crate::ops::gradient_check::random;
use crate::soft_prompt::{PromptKind, SoftPrompt};

pub const LAYERS: usize = 3;
pub const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const SIZE: usize = 6;
const HIDDEN: usize = 20;
const FEED_FORWARD: usize = 14;
const VOCABULARY: usize = 100;

pub fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + b.abs())
}

pub fn bundled() -> LanguageModel {
    let file = |name: &str| {
        std::fs::read(format!("{}/www/models/bundled/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a file of the model")
    };
    let (config, tokenizer, weights) = (file("config.json"), file("tokenizer.json"), file("model.safetensors"));
    let tokenizer_config = file("tokenizer_config.json");
    LanguageModel::from_hf(&config, &tokenizer, &[&weights], Some(&tokenizer_config)).expect("a model")
}

/// A random model; its tokenizer is the bundled one's.
pub struct Tiny {
    pub model: LanguageModel,
}

impl Tiny {
    pub fn new() -> Self {
        let config = format!(
            r#"{{"hidden_size": {HIDDEN}, "intermediate_size": {FEED_FORWARD}, "num_hidden_layers": {LAYERS},
                "num_attention_heads": {HEADS}, "num_key_value_heads": {KV_HEADS}, "head_dim": {SIZE},
                "vocab_size": {VOCABULARY}}}"#
        );
        let config = LlamaConfig::from_json(config.as_bytes()).expect("a configuration");
        let norm = vec![1.0; HIDDEN];
        let mut model = bundled();
        model.llama = Llama::new(config, embedding(), (0..LAYERS).map(layer).collect(), norm, None);
        Self { model }
    }

    /// Attention weights (layers, heads, rows of the text, positions that the row sees), in f64 and without any of the
    /// engine's operations.
    pub fn attention(&self, ids: &[u32], prompt: &SoftPrompt) -> Vec<Vec<Vec<Vec<f64>>>> {
        let config = &self.model.llama.config;
        let count = prompt.virtual_tokens();
        let embedded = prompt.kind() == PromptKind::Embeddings;
        let wide = |row: &[f32]| row.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
        let vectors: Vec<Vec<f64>> = prompt.vectors().chunks_exact(prompt.width()).map(wide).collect();
        let mut x: Vec<Vec<f64>> = if embedded { vectors.clone() } else { Vec::new() };
        x.extend(ids.iter().map(|id| wide(&embedding().row(*id as usize))));
        let first_position = if embedded { 0 } else { count };
        let kv = KV_HEADS * SIZE;
        let mut found = Vec::new();
        for (number, layer) in (0..LAYERS).map(layer).enumerate() {
            let (mut keys, mut values) = (Vec::new(), Vec::new());
            for vector in vectors.iter().filter(|_| !embedded) {
                keys.push(vector[2 * number * kv..][..kv].to_vec());
                values.push(vector[(2 * number + 1) * kv..][..kv].to_vec());
            }
            let mut of_heads = vec![Vec::new(); HEADS];
            for (i, x) in x.iter_mut().enumerate() {
                let h = normed(x, &layer.attention_norm, f64::from(config.rms_norm_eps));
                let position = (first_position + i) as f64;
                let q = turned(times(&layer.wq, &h), position, f64::from(config.rope_theta));
                keys.push(turned(times(&layer.wk, &h), position, f64::from(config.rope_theta)));
                values.push(times(&layer.wv, &h));
                let mut attended = vec![0.0; HEADS * SIZE];
                for head in 0..HEADS {
                    let group = head / (HEADS / KV_HEADS) * SIZE;
                    let score = |key: &Vec<f64>| -> f64 {
                        (0..SIZE).map(|j| q[head * SIZE + j] * key[group + j]).sum::<f64>() / (SIZE as f64).sqrt()
                    };
                    let weights: Vec<f64> = keys.iter().map(|key| score(key).exp()).collect();
                    let sum: f64 = weights.iter().sum();
                    let weights: Vec<f64> = weights.iter().map(|w| w / sum).collect();
                    for (weight, value) in weights.iter().zip(&values) {
                        (0..SIZE).for_each(|j| attended[head * SIZE + j] += weight * value[group + j]);
                    }
                    if !embedded || i >= count {
                        of_heads[head].push(weights);
                    }
                }
                x.iter_mut().zip(times(&layer.wo, &attended)).for_each(|(x, y)| *x += y);
                let h = normed(x, &layer.mlp_norm, f64::from(config.rms_norm_eps));
                let (gate, up) = (times(&layer.w_gate, &h), times(&layer.w_up, &h));
                let inner: Vec<f64> = gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
                x.iter_mut().zip(times(&layer.w_down, &inner)).for_each(|(x, y)| *x += y);
            }
            found.push(of_heads);
        }
        found
    }
}

fn embedding() -> Matrix {
    Matrix::from_f32(VOCABULARY, HIDDEN, random(VOCABULARY * HIDDEN, 1))
}

fn layer(number: usize) -> Layer {
    let seed = 100 * (number as u64 + 1);
    let matrix = |rows: usize, columns: usize, seed: u64| {
        Matrix::from_f32(rows, columns, random(rows * columns, seed).iter().map(|v| 0.3 * v).collect())
    };
    let norm = |seed: u64| random(HIDDEN, seed).iter().map(|v| 1.0 + 0.1 * v).collect();
    Layer {
        attention_norm: norm(seed),
        wq: matrix(HEADS * SIZE, HIDDEN, seed + 1),
        wk: matrix(KV_HEADS * SIZE, HIDDEN, seed + 2),
        wv: matrix(KV_HEADS * SIZE, HIDDEN, seed + 3),
        wo: matrix(HIDDEN, HEADS * SIZE, seed + 4),
        mlp_norm: norm(seed + 5),
        w_gate: matrix(FEED_FORWARD, HIDDEN, seed + 6),
        w_up: matrix(FEED_FORWARD, HIDDEN, seed + 7),
        w_down: matrix(HIDDEN, FEED_FORWARD, seed + 8),
    }
}

fn times(w: &Matrix, x: &[f64]) -> Vec<f64> {
    (0..w.rows()).map(|i| w.row(i).iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum()).collect()
}

fn normed(x: &[f64], weight: &[f32], epsilon: f64) -> Vec<f64> {
    let mean = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
    x.iter().zip(weight).map(|(v, w)| v / (mean + epsilon).sqrt() * f64::from(*w)).collect()
}

fn turned(x: Vec<f64>, position: f64, theta: f64) -> Vec<f64> {
    let mut y = x.clone();
    for start in (0..x.len()).step_by(SIZE) {
        for i in 0..SIZE / 2 {
            let angle = position / theta.powf(2.0 * i as f64 / SIZE as f64);
            let (a, b) = (x[start + i], x[start + i + SIZE / 2]);
            y[start + i] = a * angle.cos() - b * angle.sin();
            y[start + i + SIZE / 2] = b * angle.cos() + a * angle.sin();
        }
    }
    y
}
