//! Model files -> frozen weights: `model.safetensors` (f32, f16, bf16, or eight bits), whole or in shards, or a GGUF file.

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

use crate::block::Layer;
use crate::config::{LlamaConfig, refuse};
use crate::error::{Error, Result};
use crate::gguf::Gguf;
use crate::matrix::Matrix;
use crate::model::Llama;

/// Models up to this number of parameters are packed as f32 once, since that is fastest; twice 64 MiB.
const PACK_UP_TO: u64 = 16 << 20;

/// Models up to this number of parameters are expanded to f32 once, which is faster than every time; 256 MiB.
const EXPAND_UP_TO: u64 = 64 << 20;

/// The weights of one file by their names in `transformers`.
trait Source {
    fn has(&self, name: &str) -> bool;
    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix>;
}

/// Reads a `model.safetensors`, or all shards of one, whose tensors are named as in `transformers`' `LlamaForCausalLM`.
pub fn from_safetensors(files: &[&[u8]], config: LlamaConfig) -> Result<Llama> {
    let files = files.iter().map(|bytes| SafeTensors::deserialize(bytes)).collect::<std::result::Result<_, _>>();
    let shards = Shards(files.map_err(|e| {
        Error::model(format!("The weights cannot be read as a safetensors file: {e}. It may be incomplete or of another format: download it again."))
    })?);
    let tied = config.tie_word_embeddings;
    build(&shards, config, tied)
}

/// The configuration of a GGUF file of architecture "llama"; its header is enough.
pub fn gguf_config(gguf: &Gguf) -> Result<LlamaConfig> {
    let (vocab_size, _) = gguf.shape("token_embd.weight")?;
    // llama.cpp keeps Llama 3's scaled rotary positions in a tensor, not in the metadata.
    refuse(gguf.has("rope_freqs.weight"), "rope_scaling", "llama3")?;
    refuse(gguf.has("blk.0.attn_q.bias") || gguf.has("blk.0.attn_output.bias"), "attention_bias", "true")?;
    refuse(gguf.has("blk.0.ffn_gate.bias"), "mlp_bias", "true")?;
    LlamaConfig::from_gguf(&gguf.metadata(), vocab_size, !gguf.has("output.weight"))
}

/// Reads a GGUF file of architecture "llama".
pub fn from_gguf(gguf: &Gguf) -> Result<Llama> {
    let config = gguf_config(gguf)?;
    let tied = config.tie_word_embeddings;
    build(&GgufSource { gguf, config: config.clone() }, config, tied)
}

fn build(source: &impl Source, config: LlamaConfig, tied: bool) -> Result<Llama> {
    let (d, f) = (config.hidden_size, config.intermediate_size);
    let q = config.num_attention_heads * config.head_dim;
    let kv = config.num_key_value_heads * config.head_dim;
    let matrix = |name: &str, rows: usize, columns: usize| -> Result<Matrix> {
        Ok(as_computed(source.matrix(name, rows, columns)?, &config))
    };
    let vector = |name: &str| -> Result<Vec<f32>> { Ok(source.matrix(name, 1, d)?.row(0)) };
    let layers = (0..config.num_hidden_layers)
        .map(|i| {
            let name = |part: &str| format!("model.layers.{i}.{part}.weight");
            Ok(Layer {
                attention_norm: vector(&name("input_layernorm"))?,
                wq: matrix(&name("self_attn.q_proj"), q, d)?,
                wk: matrix(&name("self_attn.k_proj"), kv, d)?,
                wv: matrix(&name("self_attn.v_proj"), kv, d)?,
                wo: matrix(&name("self_attn.o_proj"), d, q)?,
                mlp_norm: vector(&name("post_attention_layernorm"))?,
                w_gate: matrix(&name("mlp.gate_proj"), f, d)?,
                w_up: matrix(&name("mlp.up_proj"), f, d)?,
                w_down: matrix(&name("mlp.down_proj"), d, f)?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let embedding = matrix("model.embed_tokens.weight", config.vocab_size, d)?;
    let untied = !tied && source.has("lm_head.weight");
    if !tied && !untied {
        return Err(missing("lm_head.weight"));
    }
    let head = if untied { Some(matrix("lm_head.weight", config.vocab_size, d)?) } else { None };
    Ok(Llama::new(config, embedding, layers, vector("model.norm.weight")?, head))
}

/// How the matrices of a model are held in memory.
enum Held {
    Packed,
    Expanded,
    AsStored,
}

/// By the size of the model: small ones are fast, large ones have to fit.
fn held(config: &LlamaConfig) -> Held {
    match parameters(config) {
        size if size <= PACK_UP_TO => Held::Packed,
        size if size <= EXPAND_UP_TO => Held::Expanded,
        _ => Held::AsStored,
    }
}

/// A matrix as the products of a model of this size read it.
pub(crate) fn as_computed(stored: Matrix, config: &LlamaConfig) -> Matrix {
    match held(config) {
        Held::Packed => stored.packed(),
        Held::Expanded => stored.expanded(),
        Held::AsStored => stored,
    }
}

/// Whether the products read f32, whatever the precision of the files.
pub(crate) fn is_expanded(config: &LlamaConfig) -> bool {
    !matches!(held(config), Held::AsStored)
}

/// Bytes that the weights of a model take in memory; `files`: those of its files.
pub(crate) fn bytes_in_memory(config: &LlamaConfig, files: u64) -> u64 {
    match held(config) {
        Held::Packed => 8 * stored_parameters(config),
        Held::Expanded => 4 * stored_parameters(config),
        Held::AsStored => files,
    }
}

/// How many weights a configuration asks for, an untied head included; in 64 bits, since a usize has 32 in a browser.
fn parameters(config: &LlamaConfig) -> u64 {
    let [d, f, vocabulary, layers] =
        [config.hidden_size, config.intermediate_size, config.vocab_size, config.num_hidden_layers].map(|n| n as u64);
    let heads = 2 * (config.num_attention_heads + config.num_key_value_heads) as u64 * config.head_dim as u64;
    2 * vocabulary * d + layers * d * (heads + 3 * f)
}

/// How many weights its files hold: a tied head is the embedding. Norms are left out.
pub(crate) fn stored_parameters(config: &LlamaConfig) -> u64 {
    let tied = if config.tie_word_embeddings { config.vocab_size as u64 * config.hidden_size as u64 } else { 0 };
    parameters(config) - tied
}

/// The files of one checkpoint, each with some of its tensors.
struct Shards<'a>(Vec<SafeTensors<'a>>);

impl Source for Shards<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|file| file.tensor(name).is_ok())
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let tensor = self.0.iter().find_map(|file| file.tensor(name).ok()).ok_or_else(|| missing(name))?;
        let expected: &[usize] = if rows == 1 { &[columns] } else { &[rows, columns] };
        if tensor.shape() != expected {
            return Err(Error::model(format!(
                "The weight {name} has shape {:?}, but config.json asks for {expected:?}. The two files are not of the same model.",
                tensor.shape()
            )));
        }
        match tensor.dtype() {
            Dtype::I8 => Ok(Matrix::from_f16(rows, columns, self.of_eight_bits(name, tensor.data(), rows)?)),
            Dtype::F32 => Ok(Matrix::from_f32(rows, columns, bytemuck::pod_collect_to_vec(tensor.data()))),
            Dtype::F16 => Ok(Matrix::from_f16(rows, columns, bytemuck::pod_collect_to_vec::<u8, f16>(tensor.data()))),
            Dtype::BF16 => {
                Ok(Matrix::from_bf16(rows, columns, bytemuck::pod_collect_to_vec::<u8, bf16>(tensor.data())))
            }
            other => Err(Error::model(format!(
                "The weight {name} is stored as {other:?}, but F32, F16, BF16 and I8 with a scale are supported."
            ))),
        }
    }
}

impl Shards<'_> {
    /// The bundled model's weights as they are downloaded (`pretrain/eight_bits.py`): `numbers` has one whole number for each
    /// weight, and the tensor `<name>.scale` (rows) one f32 for each row. Their product, rounded to f16, is the weight that
    /// `model.safetensors` has.
    fn of_eight_bits(&self, name: &str, numbers: &[u8], rows: usize) -> Result<Vec<f16>> {
        let scale = self.0.iter().find_map(|file| file.tensor(&format!("{name}.scale")).ok());
        let Some(scale) = scale.filter(|scale| scale.dtype() == Dtype::F32 && scale.shape() == [rows]) else {
            return Err(Error::model(format!(
                "The weight {name} is stored in eight bits, but there is no {name}.scale of {rows} F32 numbers beside it. The file was not made by pretrain/eight_bits.py."
            )));
        };
        let scales: Vec<f32> = bytemuck::pod_collect_to_vec(scale.data());
        let width = numbers.len() / rows;
        Ok(numbers.iter().enumerate().map(|(i, n)| f16::from_f32(scales[i / width] * f32::from(*n as i8))).collect())
    }
}

fn missing(name: &str) -> Error {
    Error::model(format!("The weights have no tensor {name}. The file is not a complete Llama-style model."))
}

struct GgufSource<'a> {
    gguf: &'a Gguf<'a>,
    config: LlamaConfig,
}

impl Source for GgufSource<'_> {
    fn has(&self, name: &str) -> bool {
        self.gguf.has(&gguf_name(name))
    }

    fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let matrix = self.gguf.matrix(&gguf_name(name), rows, columns)?;
        if name.ends_with("q_proj.weight") || name.ends_with("k_proj.weight") {
            return Ok(half_split(matrix, self.config.head_dim));
        }
        Ok(matrix)
    }
}

/// llama.cpp's converter interleaves the two halves of each head's queries and keys (row 2j + p of its file is row
/// j + p · half of the checkpoint); this puts them back, so that one rotary operation serves both formats.
fn half_split(matrix: Matrix, head_size: usize) -> Matrix {
    let half = head_size / 2;
    matrix.with_row_order(|row| {
        let (head, i) = (row / head_size, row % head_size);
        head * head_size + 2 * (i % half) + i / half
    })
}

/// `transformers`' name of a weight -> GGUF's.
fn gguf_name(name: &str) -> String {
    const PARTS: [(&str, &str); 13] = [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("model.layers", "blk"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ];
    PARTS.iter().fold(name.to_string(), |name, (hf, gguf)| name.replace(hf, gguf))
}
