//! Random numbers and random models.

use std::collections::HashMap;

use prompt_playground::rng::Rng;
use safetensors::tensor::{Dtype, TensorView};

/// `n` normal numbers of the given standard deviation.
pub fn normal(n: usize, deviation: f32, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    (0..n).map(|_| rng.normal() as f32 * deviation).collect()
}

/// The shape of a random model.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub hidden: usize,
    pub head_size: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub feed_forward: usize,
    pub vocabulary: usize,
    pub layers: usize,
    pub tied: bool,
}

impl Shape {
    /// `config.json`.
    pub fn config(&self) -> String {
        let Self { hidden, head_size, heads, kv_heads, feed_forward, vocabulary, layers, tied } = self;
        format!(
            r#"{{"model_type": "llama", "hidden_size": {hidden}, "intermediate_size": {feed_forward},
            "num_hidden_layers": {layers}, "num_attention_heads": {heads}, "num_key_value_heads": {kv_heads},
            "head_dim": {head_size}, "vocab_size": {vocabulary}, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0, "tie_word_embeddings": {tied}}}"#
        )
    }

    /// `model.safetensors` in f32. Deviations are such that every layer has a say and attention is far from uniform.
    pub fn weights(&self, seed: u64) -> Vec<u8> {
        let mut rng = Rng::new(seed);
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        for (name, shape) in self.tensors() {
            let columns = shape[shape.len() - 1];
            let (mean, deviation) = if shape.len() == 1 { (1.0, 0.2) } else { (0.0, 1.5 / (columns as f64).sqrt()) };
            let values = (0..shape.iter().product()).map(|_| (mean + deviation * rng.normal()) as f32);
            tensors.push((name, shape, values.flat_map(f32::to_le_bytes).collect()));
        }
        let views: HashMap<&str, TensorView> = tensors
            .iter()
            .map(|(name, shape, data)| {
                (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), data).expect("a tensor"))
            })
            .collect();
        safetensors::serialize(views, None).expect("a safetensors file")
    }

    /// Names of `transformers` and shapes.
    fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (d, f, q, kv) =
            (self.hidden, self.feed_forward, self.heads * self.head_size, self.kv_heads * self.head_size);
        let mut tensors =
            vec![("model.embed_tokens.weight".into(), vec![self.vocabulary, d]), ("model.norm.weight".into(), vec![d])];
        if !self.tied {
            tensors.push(("lm_head.weight".into(), vec![self.vocabulary, d]));
        }
        for i in 0..self.layers {
            let parts = [
                ("input_layernorm", vec![d]),
                ("self_attn.q_proj", vec![q, d]),
                ("self_attn.k_proj", vec![kv, d]),
                ("self_attn.v_proj", vec![kv, d]),
                ("self_attn.o_proj", vec![d, q]),
                ("post_attention_layernorm", vec![d]),
                ("mlp.gate_proj", vec![f, d]),
                ("mlp.up_proj", vec![f, d]),
                ("mlp.down_proj", vec![d, f]),
            ];
            tensors.extend(parts.map(|(part, shape)| (format!("model.layers.{i}.{part}.weight"), shape)));
        }
        tensors
    }
}
