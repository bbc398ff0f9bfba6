//! Hugging Face PEFT's adapters of the three techniques, out ([`to_peft`]) and in ([`read::from_peft`]):
//! `adapter_config.json` and `adapter_model.safetensors`.
//!
//! Reference: PEFT 0.21, `tuners/*/config.py`, `utils/save_and_load.py`. The weights are one tensor `prompt_embeddings`
//! (virtual tokens, numbers of one). Of P-tuning PEFT keeps the rows that the encoder made, without the encoder; of prefix
//! tuning the keys and values, without the perceptron.

use std::collections::{BTreeMap, HashMap};

use safetensors::{Dtype, tensor::TensorView};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::LlamaConfig;
use crate::error::{Error, Result};
use crate::language_model::LanguageModel;
use crate::left_out::or_default;
use crate::prefix;
use crate::sampler::GenerationSettings;
use crate::settings::{Init, PeftType, RawSettings, TunerSettings, check};
use crate::soft_prompt::{PromptKind, SoftPrompt, check_width};

mod card;
pub mod read;

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
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "AboutPrompt"))]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// Name of the prompt, for example `[TECH_SUPPORT]`.
    pub prefix_token: String,
    /// Hub id or path of the model that it was trained on; PEFT does not read a text start without it, so none is written.
    pub base_model: String,
    /// Where that model is found, as a sentence; may be empty.
    pub base_model_note: String,
    /// How it was trained; `None` where it came from an adapter.
    #[cfg_attr(test, ts(type = "Partial<TunerSettings> | null"))]
    pub settings: Option<RawSettings>,
    /// Steps that led to it; where it is the mean of several steps' prompts, to the last of them.
    pub step: usize,
    /// How many steps' prompts it is the mean of; 0 or 1 where it is that of one step.
    #[serde(default, deserialize_with = "or_default")]
    #[cfg_attr(test, ts(as = "Option<usize>", optional = nullable))]
    pub averaged: usize,
    /// Nats; `None` where no example was held out.
    pub held_out_loss: Option<f64>,
    /// Examples trained on, and held out.
    pub examples: usize,
    pub held_out_examples: usize,
    /// How it answers in the page; `None`: greedy, without a repetition penalty.
    #[serde(default)]
    #[cfg_attr(test, ts(optional = nullable))]
    pub generation: Option<GenerationSettings>,
}

/// `adapter_config.json`: PEFT's fields in PEFT's (alphabetical) order.
fn config_of(prompt: &SoftPrompt, model: &LlamaConfig, base_model: &str, settings: Option<&TunerSettings>) -> Value {
    let (token_dim, heads) = match prompt.kind() {
        PromptKind::Embeddings => (model.hidden_size, model.num_attention_heads),
        PromptKind::KeysValues => (prefix::kv_width(model), model.num_key_value_heads),
    };
    let mut fields = BTreeMap::from([
        ("auto_mapping", Value::Null),
        ("base_model_name_or_path", base_model.into()),
        ("inference_mode", true.into()),
        ("modules_to_save", Value::Null),
        ("num_attention_heads", heads.into()),
        ("num_layers", model.num_hidden_layers.into()),
        ("num_transformer_submodules", 1.into()),
        ("num_virtual_tokens", prompt.virtual_tokens().into()),
        ("revision", Value::Null),
        ("task_type", "CAUSAL_LM".into()),
        ("token_dim", token_dim.into()),
    ]);
    match (prompt.kind(), settings) {
        // The numbers are the keys and values themselves, whatever made them.
        (PromptKind::KeysValues, _) => fields.extend([
            ("encoder_hidden_size", token_dim.into()),
            ("peft_type", "PREFIX_TUNING".into()),
            ("prefix_projection", false.into()),
        ]),
        (_, Some(s)) if s.peft_type == PeftType::PTuning => fields.extend([
            ("encoder_dropout", 0.0.into()),
            ("encoder_hidden_size", s.encoder_hidden_size.into()),
            ("encoder_num_layers", s.encoder_num_layers.into()),
            ("encoder_reparameterization_type", json!(s.encoder_reparameterization_type)),
            ("peft_type", "P_TUNING".into()),
        ]),
        (_, settings) => {
            // PEFT writes down the text that a prompt started from, and needs the tokenizer's place with it.
            let text = settings
                .filter(|s| s.prompt_tuning_init == Init::Text && !base_model.is_empty())
                .map(|s| s.prompt_tuning_init_text.as_str());
            fields.extend([
                ("peft_type", "PROMPT_TUNING".into()),
                ("prompt_tuning_init", if text.is_some() { "TEXT" } else { "RANDOM" }.into()),
                ("prompt_tuning_init_text", text.into()),
                ("tokenizer_name_or_path", text.map(|_| base_model).into()),
            ]);
        }
    }
    json!(fields)
}

/// The soft prompt as an adapter's folder.
pub fn to_peft(prompt: &SoftPrompt, model: &LanguageModel, about: &About) -> Result<Adapter> {
    check_width(prompt.width(), prompt.kind(), &model.llama)?;
    let settings = about.settings.clone().map(|raw| check(raw.of_a_given_start()).into_result()).transpose()?;
    let config = config_of(prompt, &model.llama.config, &about.base_model, settings.as_ref());
    let cannot = |e: String| Error::Internal(format!("The adapter cannot be written: {e}"));
    let shape = vec![prompt.virtual_tokens(), prompt.width()];
    let view = TensorView::new(Dtype::F32, shape, bytemuck::cast_slice(prompt.vectors()));
    let view = view.map_err(|e| cannot(e.to_string()))?;
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    Ok(Adapter {
        readme: card::model_card(prompt, &model.tokenizer, about, settings.as_ref()),
        config: serde_json::to_string_pretty(&config).map_err(|e| cannot(e.to_string()))? + "\n",
        weights: safetensors::serialize([(TENSOR, view)], Some(metadata)).map_err(|e| cannot(e.to_string()))?,
    })
}
