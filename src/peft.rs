//! Hugging Face PEFT's adapters of prompt tuning, out and in: `adapter_config.json` and `adapter_model.safetensors`.
//!
//! Reference: PEFT 0.21, `tuners/prompt_tuning/config.py`, `utils/save_and_load.py`. The weights are one tensor
//! `prompt_embeddings` (virtual tokens, hidden size). PEFT stores a P-tuning adapter the same way: the rows that its
//! encoder made, without the encoder; such an adapter is read as the soft prompt that it is.

use std::collections::HashMap;

use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use crate::config::LlamaConfig;
use crate::error::{Error, Result};
use crate::model::Llama;
use crate::settings::{Init, RawSettings, TunerSettings, check};
use crate::soft_prompt::{SoftPrompt, check_hidden_size};

const TENSOR: &str = "prompt_embeddings";

/// The files of an adapter's folder; `PeftModel.from_pretrained` reads the first two.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// `adapter_config.json`
    pub config: String,
    /// `adapter_model.safetensors`
    pub weights: Vec<u8>,
    /// `README.md`, the model card of the Hugging Face hub
    pub readme: String,
}

/// What is known of a trained prompt beside its numbers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// Name of the prompt, for example `[TECH_SUPPORT]`.
    pub prefix_token: String,
    /// Hub id or path of the model that it was trained on.
    pub base_model: String,
    /// Where that model is found, as a sentence; may be empty.
    pub base_model_note: String,
    /// How it was trained; `None` where it came from an adapter.
    pub settings: Option<RawSettings>,
    /// Steps that led to it.
    pub step: usize,
    /// Nats; `None` where no example was held out.
    pub held_out_loss: Option<f64>,
    /// Examples trained on, and held out.
    pub examples: usize,
    pub held_out_examples: usize,
}

/// `adapter_config.json` of prompt tuning: PEFT's fields in PEFT's (alphabetical) order.
#[derive(Serialize)]
struct WrittenConfig<'a> {
    auto_mapping: Option<()>,
    base_model_name_or_path: &'a str,
    inference_mode: bool,
    modules_to_save: Option<()>,
    num_attention_heads: usize,
    num_layers: usize,
    num_transformer_submodules: usize,
    num_virtual_tokens: usize,
    peft_type: &'static str,
    prompt_tuning_init: &'static str,
    prompt_tuning_init_text: Option<&'a str>,
    revision: Option<()>,
    task_type: &'static str,
    token_dim: usize,
    tokenizer_name_or_path: Option<&'a str>,
}

/// The soft prompt as an adapter's folder.
///
/// PEFT writes down the text that a prompt started from, and needs the tokenizer's place with it.
pub fn to_peft(prompt: &SoftPrompt, model: &LlamaConfig, about: &About) -> Result<Adapter> {
    let base_model = about.base_model.as_str();
    let settings = about.settings.clone().map(|raw| check(raw).into_result()).transpose()?;
    let text =
        settings.as_ref().filter(|s| s.prompt_tuning_init == Init::Text).map(|s| s.prompt_tuning_init_text.as_str());
    let config = WrittenConfig {
        auto_mapping: None,
        base_model_name_or_path: base_model,
        inference_mode: true,
        modules_to_save: None,
        num_attention_heads: model.num_attention_heads,
        num_layers: model.num_hidden_layers,
        num_transformer_submodules: 1,
        num_virtual_tokens: prompt.virtual_tokens(),
        peft_type: "PROMPT_TUNING",
        prompt_tuning_init: if text.is_some() { "TEXT" } else { "RANDOM" },
        prompt_tuning_init_text: text,
        revision: None,
        task_type: "CAUSAL_LM",
        token_dim: prompt.hidden_size(),
        tokenizer_name_or_path: text.map(|_| base_model),
    };
    let cannot = |e: String| Error::Internal(format!("The adapter cannot be written: {e}"));
    let shape = vec![prompt.virtual_tokens(), prompt.hidden_size()];
    let view = TensorView::new(Dtype::F32, shape, bytemuck::cast_slice(prompt.vectors()));
    let view = view.map_err(|e| cannot(e.to_string()))?;
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    Ok(Adapter {
        readme: model_card(prompt, about, settings.as_ref()),
        config: serde_json::to_string_pretty(&config).map_err(|e| cannot(e.to_string()))? + "\n",
        weights: safetensors::serialize([(TENSOR, view)], Some(metadata)).map_err(|e| cannot(e.to_string()))?,
    })
}

/// The model card: what it is, how it was trained, how to load it.
fn model_card(prompt: &SoftPrompt, about: &About, settings: Option<&TunerSettings>) -> String {
    let About { prefix_token, base_model, base_model_note, step, examples, held_out_examples, .. } = about;
    let mut card = format!(
        "---\nlibrary_name: peft\nbase_model: {base_model}\ntags:\n- prompt-tuning\n---\n# {prefix_token}\n\
         A soft prompt of {} virtual tokens ({} numbers) for {base_model}, trained in a browser tab with Prompt Playground. \
         The language model is frozen: only these embeddings were trained, and they stand in front of the input.\n",
        prompt.virtual_tokens(),
        prompt.vectors().len(),
    );
    if !base_model_note.is_empty() {
        card += &format!("\n{base_model_note}\n");
    }
    card += &format!(
        "\n## How to use it\n```python\nfrom peft import PeftModel\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n\n\
         base = \"{base_model}\"\ntokenizer = AutoTokenizer.from_pretrained(base)\n\
         model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), \".\")  # this folder\n\
         ids = tokenizer.apply_chat_template([{{\"role\": \"user\", \"content\": \"...\"}}], add_generation_prompt=True, return_tensors=\"pt\", return_dict=True)\n\
         print(tokenizer.decode(model.generate(**ids, max_new_tokens=120)[0], skip_special_tokens=True))\n```\n"
    );
    if let Some(s) = settings {
        let measured = about.held_out_loss.map_or("not measured".into(), |loss| format!("{loss:.4} nats"));
        card += &format!(
            "\n## Training\n| | |\n|---|---|\n| examples trained on | {examples} |\n| examples held out | {held_out_examples} |\n\
             | held-out loss | {measured} |\n| steps | {step} of {} |\n| batch size | {} |\n| learning rate | {}, {}, warm-up {} |\n\
             | AdamW weight decay | {} |\n| longest gradient | {} |\n| seed | {} |\n",
            s.steps,
            s.batch_size,
            s.learning_rate,
            format!("{:?}", s.lr_scheduler_type).to_lowercase(),
            s.warmup_ratio,
            s.weight_decay,
            s.max_grad_norm,
            s.seed,
        );
    }
    card
}

/// What is read of an `adapter_config.json`; unknown fields are ignored.
#[derive(Deserialize)]
struct ReadConfig {
    peft_type: Option<String>,
    num_virtual_tokens: Option<usize>,
    num_transformer_submodules: Option<usize>,
    token_dim: Option<usize>,
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

/// Reads a prompt-tuning (or P-tuning) adapter for `model`.
///
/// # Errors
/// Where the files are not such an adapter, are damaged, pickled, or belong to a model of another hidden size.
pub fn from_peft(config: &[u8], weights: &[u8], model: &Llama) -> Result<Loaded> {
    let config: ReadConfig = serde_json::from_slice(config).map_err(|e| {
        Error::model(format!(
            "adapter_config.json cannot be read: {e}. Take the file that PEFT's save_pretrained wrote."
        ))
    })?;
    check_kind(&config)?;
    if let Some(token_dim) = config.token_dim {
        check_hidden_size(token_dim, model)?;
    }
    let vectors = read_rows(weights, config.num_virtual_tokens, model.config.hidden_size)?;
    Ok(Loaded {
        prompt: SoftPrompt::new(vectors, model)?,
        base_model: config.base_model_name_or_path.unwrap_or_default(),
        init_text: config.prompt_tuning_init_text.unwrap_or_default(),
    })
}

fn check_kind(config: &ReadConfig) -> Result<()> {
    let refuse = |what: String| Err(Error::model(what));
    match config.peft_type.as_deref() {
        Some("PROMPT_TUNING" | "P_TUNING") => {}
        Some(other) => {
            return refuse(format!(
                "This adapter is of PEFT type {other}. Here adapters of PROMPT_TUNING and P_TUNING can be opened: they are soft prompts, and change nothing in the model."
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
fn read_rows(weights: &[u8], virtual_tokens: Option<usize>, hidden_size: usize) -> Result<Vec<f32>> {
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
            "adapter_model.safetensors has no tensor {TENSOR}, so it is not a prompt-tuning adapter of PEFT. It has: {}.",
            some_names(&file)
        ))
    })?;
    let &[rows, columns] = tensor.shape() else {
        return Err(Error::model(format!(
            "The tensor {TENSOR} has shape {:?}, but virtual tokens are a table of two dimensions.",
            tensor.shape()
        )));
    };
    if rows == 0 || virtual_tokens.is_some_and(|n| n != rows) || columns != hidden_size {
        let said = virtual_tokens.map_or("some".into(), |n| n.to_string());
        return Err(Error::model(format!(
            "The adapter's weights are {rows} rows of {columns} numbers, but {said} virtual tokens of {hidden_size} are expected. The files are not of one adapter, or it was trained on another model."
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
