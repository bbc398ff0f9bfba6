//! The reference: a frozen Llama as one would write it with candle, with the gradient of the soft prompt by autograd.
//!
//! It knows nothing of this project's engine, and nothing is done to be fast: like PyTorch + PEFT it repeats the soft
//! prompt in every example, pads the batch on the right under a mask, and computes the logits of every position.
//! Only operations whose backward candle has are used: its `rms_norm`, `softmax_last_dim`, `rope` and `sdpa` have none
//! and drop the gradient without a word.
//!
//! Sizes: B examples, V virtual tokens, T = V + longest example, D hidden size, H heads, K key/value heads, S head size.
//! The benchmark `benches/candle-autograd` includes this file too, so it stands alone: bytes come in, no file is read.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Error, Result, Tensor, safetensors};
use candle_nn::{Embedding, Linear, Module, loss};
use serde::Deserialize;

/// One example: chat template, input and response, of which the tokens from `response` on are learned.
pub struct Tokens<'a> {
    pub ids: &'a [u32],
    pub response: usize,
}

/// The fields of `config.json` that are needed.
#[derive(Deserialize)]
struct Config {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    head_dim: Option<usize>,
    rms_norm_eps: f64,
    rope_theta: f32,
    tie_word_embeddings: bool,
}

impl Config {
    fn head_size(&self) -> usize {
        self.head_dim.unwrap_or(self.hidden_size / self.num_attention_heads)
    }
}

/// A frozen model: every weight is a plain tensor, none a variable.
pub struct CandleLlama {
    config: Config,
    dtype: DType,
    embedding: Embedding,
    layers: Vec<Layer>,
    norm: Tensor, // (D)
    head: Linear,
}

struct Layer {
    attention_norm: Tensor, // (D)
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    mlp_norm: Tensor, // (D)
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl CandleLlama {
    /// Reads the files of a Hugging Face folder and computes in `dtype`.
    ///
    /// # Errors
    /// Where `config` lacks a field, or `weights` a tensor of `transformers`' `LlamaForCausalLM`.
    pub fn new(config: &[u8], weights: &[u8], dtype: DType) -> Result<Self> {
        let config: Config = serde_json::from_slice(config).map_err(Error::wrap)?;
        let weights = safetensors::load_buffer(weights, &Device::Cpu)?;
        let tensor = |name: &str| weight(&weights, name, dtype);
        let linear = |name: &str| -> Result<Linear> { Ok(Linear::new(tensor(name)?, None)) };
        let layers = (0..config.num_hidden_layers).map(|i| {
            let name = |part: &str| format!("model.layers.{i}.{part}.weight");
            Ok(Layer {
                attention_norm: tensor(&name("input_layernorm"))?,
                q: linear(&name("self_attn.q_proj"))?,
                k: linear(&name("self_attn.k_proj"))?,
                v: linear(&name("self_attn.v_proj"))?,
                o: linear(&name("self_attn.o_proj"))?,
                mlp_norm: tensor(&name("post_attention_layernorm"))?,
                gate: linear(&name("mlp.gate_proj"))?,
                up: linear(&name("mlp.up_proj"))?,
                down: linear(&name("mlp.down_proj"))?,
            })
        });
        let layers = layers.collect::<Result<_>>()?;
        let table = tensor("model.embed_tokens.weight")?;
        let head = if config.tie_word_embeddings { table.clone() } else { tensor("lm_head.weight")? };
        Ok(Self {
            embedding: Embedding::new(table, config.hidden_size),
            layers,
            norm: tensor("model.norm.weight")?,
            head: Linear::new(head, None),
            config,
            dtype,
        })
    }

    /// D.
    pub fn hidden_size(&self) -> usize {
        self.config.hidden_size
    }

    /// The mean cross-entropy over all response tokens of the batch, nats, as a scalar to go backward from.
    /// `soft_prompt`: (V, D), the variable.
    pub fn loss(&self, soft_prompt: &Tensor, examples: &[Tokens]) -> Result<Tensor> {
        let (virtual_tokens, width) = soft_prompt.dims2()?;
        let batch = Batch::new(virtual_tokens, examples, self.dtype)?;
        let prompt = soft_prompt.unsqueeze(0)?.broadcast_as((examples.len(), virtual_tokens, width))?;
        let text = self.embedding.forward(&batch.ids)?;
        let mut x = Tensor::cat(&[&prompt, &text], 1)?; // (B, T, D)
        let angles = Angles::new(x.dim(1)?, self.config.head_size(), self.config.rope_theta, self.dtype)?;
        for layer in &self.layers {
            x = layer.forward(&x, &self.config, &angles, &batch.mask)?;
        }
        let logits = self.head.forward(&rms_norm(&x, &self.norm, self.config.rms_norm_eps)?)?;
        let logits = logits.flatten_to(1)?.index_select(&batch.predicting, 0)?;
        loss::cross_entropy(&logits, &batch.targets)
    }
}

fn weight(weights: &HashMap<String, Tensor>, name: &str, dtype: DType) -> Result<Tensor> {
    let found = weights.get(name).ok_or_else(|| Error::Msg(format!("the weights have no tensor {name}")))?;
    found.to_dtype(dtype)
}

impl Layer {
    /// x (B, T, D) -> (B, T, D).
    fn forward(&self, x: &Tensor, config: &Config, angles: &Angles, mask: &Tensor) -> Result<Tensor> {
        let h = rms_norm(x, &self.attention_norm, config.rms_norm_eps)?;
        let q = angles.rotate(&split(&self.q.forward(&h)?, config.num_attention_heads)?)?;
        let k = angles.rotate(&split(&self.k.forward(&h)?, config.num_key_value_heads)?)?;
        let v = split(&self.v.forward(&h)?, config.num_key_value_heads)?;
        let attended = attention(&q, &k, &v, mask)?.transpose(1, 2)?.flatten_from(2)?;
        let x = (x + self.o.forward(&attended)?)?;

        let h = rms_norm(&x, &self.mlp_norm, config.rms_norm_eps)?;
        let activation = swiglu(&self.gate.forward(&h)?, &self.up.forward(&h)?)?;
        x + self.down.forward(&activation)?
    }
}

/// Heads apart: (B, T, heads · S) -> (B, heads, T, S).
fn split(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (examples, length, width) = x.dims3()?;
    x.reshape((examples, length, heads, width / heads))?.transpose(1, 2)
}

/// x / sqrt(mean(x²) + ε) · gain over the last dimension.
pub fn rms_norm(x: &Tensor, gain: &Tensor, epsilon: f64) -> Result<Tensor> {
    let rms = (x.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
    x.broadcast_div(&rms)?.broadcast_mul(gain)
}

/// silu(gate) · up.
pub fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    gate.silu()? * up
}

/// softmax(q kᵀ / sqrt(S) + mask) v.
/// q: (B, H, queries, S); k, v: (B, K, keys, S); mask: 0 or −∞, of a shape that broadcasts to (B, H, queries, keys).
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let (_, heads, _, size) = q.dims4()?;
    let (k, v) = (for_each_head(k, heads)?, for_each_head(v, heads)?);
    let scores = (q.matmul(&k.t()?)? / (size as f64).sqrt())?.broadcast_add(mask)?;
    softmax(&scores)?.matmul(&v)
}

/// Grouped queries: every key/value head serves heads / K queries. (B, K, T, S) -> (B, H, T, S).
fn for_each_head(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (examples, kv_heads, length, size) = x.dims4()?;
    let repeated = x.unsqueeze(2)?.broadcast_as((examples, kv_heads, heads / kv_heads, length, size))?;
    repeated.reshape((examples, heads, length, size))
}

/// Over the last dimension. The maximum is a constant shift, so it has no gradient.
fn softmax(scores: &Tensor) -> Result<Tensor> {
    let weights = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?.detach())?.exp()?;
    weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)
}

/// Rotary positions 0 .. T: cos and sin, (T, S / 2).
pub struct Angles {
    cos: Tensor,
    sin: Tensor,
}

impl Angles {
    pub fn new(length: usize, head_size: usize, theta: f32, dtype: DType) -> Result<Self> {
        let half = head_size / 2;
        // In f32 whatever `dtype` is, as transformers computes them.
        let frequency = |i: usize| 1.0 / theta.powf(2.0 * i as f32 / head_size as f32);
        let angles: Vec<f32> = (0..length * half).map(|at| (at / half) as f32 * frequency(at % half)).collect();
        let table = |f: fn(f32) -> f32| {
            let values: Vec<f32> = angles.iter().map(|angle| f(*angle)).collect();
            Tensor::from_vec(values, (length, half), &Device::Cpu)?.to_dtype(dtype)
        };
        Ok(Self { cos: table(f32::cos)?, sin: table(f32::sin)? })
    }

    /// x: (B, heads, T, S); dimension i turns together with dimension i + S / 2.
    pub fn rotate(&self, x: &Tensor) -> Result<Tensor> {
        let half = x.dim(D::Minus1)? / 2;
        let (left, right) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
        let (cos, sin) = (|x: &Tensor| x.broadcast_mul(&self.cos), |x: &Tensor| x.broadcast_mul(&self.sin));
        Tensor::cat(&[(cos(&left)? - sin(&right)?)?, (cos(&right)? + sin(&left)?)?], D::Minus1)
    }
}

/// A batch padded on the right.
struct Batch {
    ids: Tensor,        // (B, T - V)
    mask: Tensor,       // (B, 1, T, T): −∞ where the key comes later or is padding
    predicting: Tensor, // rows of the flattened (B · T) that predict a response token
    targets: Tensor,    // the token that each of them should predict
}

impl Batch {
    fn new(virtual_tokens: usize, examples: &[Tokens], dtype: DType) -> Result<Self> {
        let longest = examples.iter().map(|example| example.ids.len()).max().unwrap_or(0);
        let length = virtual_tokens + longest;
        let (mut ids, mut mask, mut predicting, mut targets) = (vec![], vec![], vec![], vec![]);
        for (i, Tokens { ids: tokens, response }) in examples.iter().enumerate() {
            ids.extend_from_slice(tokens);
            ids.resize((i + 1) * longest, 0);
            let filled = virtual_tokens + tokens.len();
            let seen = |at: usize| at % length <= at / length && at % length < filled;
            mask.extend((0..length * length).map(|at| if seen(at) { 0f32 } else { f32::NEG_INFINITY }));
            predicting.extend((*response..tokens.len()).map(|t| (i * length + virtual_tokens + t - 1) as u32));
            targets.extend_from_slice(&tokens[*response..]);
        }
        let (count, device) = (targets.len(), &Device::Cpu);
        Ok(Self {
            ids: Tensor::from_vec(ids, (examples.len(), longest), device)?,
            mask: Tensor::from_vec(mask, (examples.len(), 1, length, length), device)?.to_dtype(dtype)?,
            predicting: Tensor::from_vec(predicting, count, device)?,
            targets: Tensor::from_vec(targets, count, device)?,
        })
    }
}
