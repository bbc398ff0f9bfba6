//! What the page says about a model: its sizes, and the hash of its weights.

use serde::Serialize;

use crate::model::Llama;

/// Sizes of a model that was loaded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    pub architecture: &'static str,
    pub layers: usize,
    pub hidden_size: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_size: usize,
    pub feed_forward: usize,
    pub vocabulary: usize,
    /// Positions, virtual tokens included.
    pub context_length: usize,
    /// All of them frozen.
    pub parameters: usize,
    /// Bytes that the weights take in memory.
    pub size: usize,
    /// SHA-256 over every weight as it is in memory, in hexadecimal.
    pub weights_hash: String,
}

impl ModelInfo {
    pub fn of(llama: &Llama) -> Self {
        let config = &llama.config;
        Self {
            architecture: "Llama",
            layers: config.num_hidden_layers,
            hidden_size: config.hidden_size,
            heads: config.num_attention_heads,
            kv_heads: config.num_key_value_heads,
            head_size: config.head_dim,
            feed_forward: config.intermediate_size,
            vocabulary: config.vocab_size,
            context_length: config.max_position_embeddings,
            parameters: llama.parameters(),
            size: llama.size(),
            weights_hash: llama.weights_hash(),
        }
    }
}
