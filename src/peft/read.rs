//! Reads PEFT's adapters.

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::TENSOR;
use crate::config::LlamaConfig;
use crate::error::{Error, Result};
use crate::model::Llama;
use crate::prefix;
use crate::soft_prompt::{MAX_VIRTUAL_TOKENS, PromptKind, SoftPrompt};

/// What is read of an `adapter_config.json`; unknown fields are ignored.
#[derive(Deserialize)]
struct ReadConfig {
    peft_type: Option<String>,
    num_virtual_tokens: Option<usize>,
    num_transformer_submodules: Option<usize>,
    token_dim: Option<usize>,
    num_layers: Option<usize>,
    base_model_name_or_path: Option<String>,
    prompt_tuning_init_text: Option<String>,
}

/// An adapter that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub prompt: SoftPrompt,
    /// The model that it was trained on, as its config names it; the page compares it with the model it has.
    pub base_model: String,
    /// The text that it started from; empty where the config names none.
    pub init_text: String,
}

/// Reads an adapter of prompt tuning, prefix tuning or P-tuning for `model`.
///
/// # Errors
/// Where the files are not such an adapter, are damaged, pickled, or belong to a model of another hidden size, or where
/// there are more than 512 virtual tokens.
pub fn from_peft(config: &[u8], weights: &[u8], model: &Llama) -> Result<Loaded> {
    let config: ReadConfig = serde_json::from_slice(config).map_err(|e| {
        Error::model(format!(
            "adapter_config.json cannot be read: {e}. Take the file that PEFT's save_pretrained wrote."
        ))
    })?;
    check_kind(&config)?;
    let kind = match config.peft_type.as_deref() {
        Some("PREFIX_TUNING") => PromptKind::KeysValues,
        _ => PromptKind::Embeddings,
    };
    check_sizes(&config, kind, &model.config)?;
    let vectors = read_rows(weights, config.num_virtual_tokens, kind.width(&model.config))?;
    Ok(Loaded {
        prompt: SoftPrompt::new(vectors, kind, model)?,
        base_model: config.base_model_name_or_path.unwrap_or_default(),
        init_text: config.prompt_tuning_init_text.unwrap_or_default(),
    })
}

/// The adapter's sizes are the model's.
fn check_sizes(config: &ReadConfig, kind: PromptKind, model: &LlamaConfig) -> Result<()> {
    let expected = match kind {
        PromptKind::Embeddings => model.hidden_size,
        PromptKind::KeysValues => prefix::kv_width(model),
    };
    let other = |sizes: String| {
        Err(Error::model(format!("{sizes} It was trained on another model: choose that one, or train again.")))
    };
    match (config.token_dim, config.num_layers) {
        (Some(has), _) if has != expected => {
            other(format!("The virtual tokens of this adapter have {has} numbers, and the model's have {expected}."))
        }
        (_, Some(has)) if kind == PromptKind::KeysValues && has != model.num_hidden_layers => other(format!(
            "This adapter has keys and values for {has} layers, and the model has {}.",
            model.num_hidden_layers
        )),
        _ => Ok(()),
    }
}

fn check_kind(config: &ReadConfig) -> Result<()> {
    let refuse = |what: String| Err(Error::model(what));
    match config.peft_type.as_deref() {
        Some("PROMPT_TUNING" | "PREFIX_TUNING" | "P_TUNING") => {}
        Some(other) => {
            return refuse(format!(
                "This adapter is of PEFT type {other}. Here adapters of PROMPT_TUNING, PREFIX_TUNING and P_TUNING can be opened: they are soft prompts, and change nothing in the model."
            ));
        }
        None => {
            return refuse("adapter_config.json names no peft_type, so it is not the config of a PEFT adapter.".into());
        }
    }
    match config.num_transformer_submodules {
        None | Some(1) => Ok(()),
        Some(n) => refuse(format!(
            "This adapter is for a model with {n} parts (encoder and decoder). Here a model has one; train the adapter on a model of type CAUSAL_LM."
        )),
    }
}

/// The tensor of the virtual tokens as f32.
fn read_rows(weights: &[u8], virtual_tokens: Option<usize>, width: usize) -> Result<Vec<f32>> {
    // A PyTorch file is a zip archive of pickles; an older one begins with pickle's protocol mark.
    if weights.starts_with(b"PK\x03\x04") || weights.starts_with(&[0x80, 0x02]) {
        return Err(Error::model(
            "These weights are a PyTorch pickle (adapter_model.bin). Opening a pickle can run any code, so it is refused: save the adapter as safetensors (safe_serialization=True) and open adapter_model.safetensors.",
        ));
    }
    let file = SafeTensors::deserialize(weights).map_err(|e| {
        Error::model(format!(
            "adapter_model.safetensors cannot be read: {e}. It may be incomplete: download or copy it again."
        ))
    })?;
    let tensor = file.tensor(TENSOR).map_err(|_| {
        Error::model(format!(
            "adapter_model.safetensors has no tensor {TENSOR}, so it is not an adapter of these techniques. It has: {}.",
            some_names(&file)
        ))
    })?;
    let &[rows, columns] = tensor.shape() else {
        return Err(Error::model(format!(
            "The tensor {TENSOR} has shape {:?}, but virtual tokens are a table of two dimensions.",
            tensor.shape()
        )));
    };
    if rows == 0 || virtual_tokens.is_some_and(|n| n != rows) || columns != width {
        let said = virtual_tokens.map_or("some".into(), |n| n.to_string());
        return Err(Error::model(format!(
            "The adapter's weights are {rows} rows of {columns} numbers, but {said} virtual tokens of {width} are expected. The files are not of one adapter, or it was trained on another model."
        )));
    }
    if rows > MAX_VIRTUAL_TOKENS {
        return Err(Error::model(format!(
            "This adapter has {rows} virtual tokens. The page opens up to {MAX_VIRTUAL_TOKENS}: choose an \
             adapter with fewer, or train one."
        )));
    }
    let data = tensor.data();
    Ok(match tensor.dtype() {
        Dtype::F32 => bytemuck::pod_collect_to_vec(data),
        Dtype::F64 => bytemuck::pod_collect_to_vec::<u8, f64>(data).into_iter().map(|v| v as f32).collect(),
        Dtype::F16 => bytemuck::pod_collect_to_vec::<u8, f16>(data).into_iter().map(f16::to_f32).collect(),
        Dtype::BF16 => bytemuck::pod_collect_to_vec::<u8, bf16>(data).into_iter().map(bf16::to_f32).collect(),
        other => {
            return Err(Error::model(format!(
                "The adapter's weights are stored as {other:?}, but F32, F64, F16 and BF16 are supported."
            )));
        }
    })
}

/// The first names of a file's tensors, for a message.
fn some_names(file: &SafeTensors) -> String {
    let mut names = file.names();
    names.sort_unstable();
    let shown = names.iter().take(3).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "nothing".into(),
        n if n > 3 => format!("{shown} and {} more", n - 3),
        _ => shown,
    }
}
