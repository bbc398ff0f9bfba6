//! The shape of a Llama-style model, from `config.json` or from GGUF metadata, with every bound checked.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::gguf::Metadata;
use crate::ops::attention::Heads;

/// Largest model that is accepted; a config beyond it is taken for damaged or hostile.
const MAX_HIDDEN: usize = 16_384;
const MAX_LAYERS: usize = 256;
const MAX_VOCABULARY: usize = 1_000_000;
/// Positions that a table of angles is made for; longer contexts are cut to it.
const MAX_POSITIONS: usize = 8_192;

/// Sizes and constants of a Llama-style model; the names of `transformers`' `LlamaConfig`.
#[derive(Debug, Clone, PartialEq)]
pub struct LlamaConfig {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    pub head_dim: usize,
    pub vocab_size: usize,
    /// Context length in positions, virtual tokens included.
    pub max_position_embeddings: usize,
    pub rms_norm_eps: f32,
    pub rope_theta: f32,
    pub tie_word_embeddings: bool,
    /// Tokens that end a turn.
    pub eos_token_ids: Vec<u32>,
}

/// `config.json` as published repositories write it; unknown fields are ignored.
#[derive(Deserialize)]
struct HfConfig {
    model_type: Option<String>,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    vocab_size: usize,
    max_position_embeddings: Option<usize>,
    rms_norm_eps: Option<f32>,
    rope_theta: Option<f32>,
    rope_scaling: Option<RopeParameters>,
    rope_parameters: Option<RopeParameters>,
    tie_word_embeddings: Option<bool>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    hidden_act: Option<String>,
    eos_token_id: Option<OneOrMany>,
}

/// `transformers` has called the kind `type`, then `rope_type`, and writes both where a file had the old one.
#[derive(Deserialize)]
struct RopeParameters {
    rope_type: Option<String>,
    r#type: Option<String>,
    rope_theta: Option<f32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

impl LlamaConfig {
    /// Reads a Hugging Face `config.json`.
    ///
    /// # Errors
    /// Where it is not JSON, lacks a size, has an absurd one, or asks for something that is not supported
    /// (another architecture or activation, biases, scaled rotary positions): the sentence names the field.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let hf: HfConfig = serde_json::from_slice(bytes).map_err(|e| {
            Error::model(format!("config.json cannot be read as a model configuration: {e}. Choose the config.json of a Llama-style model."))
        })?;
        if let Some(kind) = hf.model_type.filter(|kind| kind != "llama") {
            return Err(Error::model(format!(
                "config.json says model_type \"{kind}\", but only \"llama\" models work here. Choose a Llama-style model, such as SmolLM2."
            )));
        }
        refuse(hf.attention_bias == Some(true), "attention_bias", "true")?;
        refuse(hf.mlp_bias == Some(true), "mlp_bias", "true")?;
        if let Some(act) = hf.hidden_act.filter(|act| act != "silu") {
            refuse(true, "hidden_act", &act)?;
        }
        for rope in [&hf.rope_scaling, &hf.rope_parameters].into_iter().flatten() {
            for kind in [&rope.rope_type, &rope.r#type].into_iter().flatten() {
                refuse(kind != "default", "rope_scaling", kind)?;
            }
        }
        let rope_theta = hf.rope_parameters.and_then(|rope| rope.rope_theta).or(hf.rope_theta);
        Self {
            hidden_size: hf.hidden_size,
            intermediate_size: hf.intermediate_size,
            num_hidden_layers: hf.num_hidden_layers,
            num_attention_heads: hf.num_attention_heads,
            num_key_value_heads: hf.num_key_value_heads.unwrap_or(hf.num_attention_heads),
            head_dim: hf.head_dim.unwrap_or(hf.hidden_size / hf.num_attention_heads.max(1)),
            vocab_size: hf.vocab_size,
            max_position_embeddings: hf.max_position_embeddings.unwrap_or(2048),
            rms_norm_eps: hf.rms_norm_eps.unwrap_or(1e-6),
            rope_theta: rope_theta.unwrap_or(10_000.0),
            tie_word_embeddings: hf.tie_word_embeddings.unwrap_or(false),
            eos_token_ids: match hf.eos_token_id {
                None => vec![],
                Some(OneOrMany::One(id)) => vec![id],
                Some(OneOrMany::Many(ids)) => ids,
            },
        }
        .checked("config.json")
    }

    /// Reads the `llama.*` keys of a GGUF file; the vocabulary's size comes from its embedding.
    pub fn from_gguf(metadata: &Metadata, vocab_size: usize, tied: bool) -> Result<Self> {
        let architecture = metadata.text("general.architecture")?;
        if architecture != "llama" {
            return Err(Error::model(format!(
                "The GGUF file holds a \"{architecture}\" model, but only \"llama\" models work here. Choose a Llama-style model, such as SmolLM2."
            )));
        }
        if let Some(kind) = metadata.text("llama.rope.scaling.type").ok().filter(|kind| *kind != "none") {
            refuse(true, "llama.rope.scaling.type", kind)?;
        }
        let heads = metadata.number("llama.attention.head_count")?;
        let hidden_size = metadata.number("llama.embedding_length")?;
        let head_dim = metadata.number("llama.attention.key_length").unwrap_or(hidden_size / heads.max(1));
        let rotated = metadata.number("llama.rope.dimension_count").unwrap_or(head_dim);
        refuse(rotated != head_dim, "llama.rope.dimension_count", &rotated.to_string())?;
        Self {
            hidden_size,
            intermediate_size: metadata.number("llama.feed_forward_length")?,
            num_hidden_layers: metadata.number("llama.block_count")?,
            num_attention_heads: heads,
            num_key_value_heads: metadata.number("llama.attention.head_count_kv").unwrap_or(heads),
            head_dim,
            vocab_size,
            max_position_embeddings: metadata.number("llama.context_length")?,
            rms_norm_eps: metadata.real("llama.attention.layer_norm_rms_epsilon")?,
            rope_theta: metadata.real("llama.rope.freq_base").unwrap_or(10_000.0),
            tie_word_embeddings: tied,
            eos_token_ids: metadata
                .number("tokenizer.ggml.eos_token_id")
                .ok()
                .and_then(|id| u32::try_from(id).ok())
                .into_iter()
                .collect(),
        }
        .checked("The GGUF metadata")
    }

    pub fn heads(&self) -> Heads {
        Heads { heads: self.num_attention_heads, kv_heads: self.num_key_value_heads, head_size: self.head_dim }
    }

    fn checked(mut self, place: &str) -> Result<Self> {
        let bounds = [
            ("hidden_size", self.hidden_size, MAX_HIDDEN),
            ("intermediate_size", self.intermediate_size, 8 * MAX_HIDDEN),
            ("num_hidden_layers", self.num_hidden_layers, MAX_LAYERS),
            ("num_attention_heads", self.num_attention_heads, 512),
            ("num_key_value_heads", self.num_key_value_heads, 512),
            ("head_dim", self.head_dim, 1024),
            ("vocab_size", self.vocab_size, MAX_VOCABULARY),
            ("max_position_embeddings", self.max_position_embeddings, 100_000_000),
        ];
        for (field, value, max) in bounds {
            if !(1..=max).contains(&value) {
                return Err(Error::model(format!(
                    "{place} gives {field} = {value}, but 1 to {max} is possible. The file is damaged or not of a Llama-style model."
                )));
            }
        }
        if !self.num_attention_heads.is_multiple_of(self.num_key_value_heads) {
            return Err(Error::model(format!(
                "{place} gives {} attention heads and {} key/value heads, but the first must be a multiple of the second.",
                self.num_attention_heads, self.num_key_value_heads
            )));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(Error::model(format!(
                "{place} gives head_dim = {}, but rotary positions need an even number.",
                self.head_dim
            )));
        }
        if !(self.rms_norm_eps > 0.0
            && self.rms_norm_eps < 1.0
            && self.rope_theta >= 1.0
            && self.rope_theta.is_finite())
        {
            return Err(Error::model(format!(
                "{place} gives rms_norm_eps = {} and rope_theta = {}, which no working model has.",
                self.rms_norm_eps, self.rope_theta
            )));
        }
        // An id beyond the vocabulary can be neither written nor learned.
        self.eos_token_ids.retain(|id| (*id as usize) < self.vocab_size);
        self.max_position_embeddings = self.max_position_embeddings.min(MAX_POSITIONS);
        Ok(self)
    }
}

/// The error of a configuration that this model code does not compute, where it is `unsupported`.
pub(crate) fn refuse(unsupported: bool, field: &str, value: &str) -> Result<()> {
    if unsupported {
        return Err(Error::model(format!(
            "The model's configuration has {field} = {value}, which is not supported here. Choose a model without it, such as SmolLM2."
        )));
    }
    Ok(())
}
