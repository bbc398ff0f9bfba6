//! Where a soft prompt starts.

use crate::error::{Error, Result};
use crate::model::Llama;
use crate::prefix;
use crate::rng::Rng;
use crate::settings::{Init, PeftType, TunerSettings};
use crate::soft_prompt::{PromptKind, SoftPrompt, check_width};
use crate::tokenizer::ChatTokenizer;

use super::template::Template;

/// Rows of embeddings before the first step. `rng` is used up to the same point for the same settings.
pub fn embeddings(
    settings: &TunerSettings,
    llama: &Llama,
    tokenizer: &ChatTokenizer,
    rng: &mut Rng,
) -> Result<SoftPrompt> {
    let (count, hidden_size) = (settings.num_virtual_tokens, llama.config.hidden_size);
    let vectors = match settings.prompt_tuning_init {
        Init::Random => (0..count * hidden_size).map(|_| (rng.normal() * settings.init_std) as f32).collect(),
        Init::Zero => vec![0.0; count * hidden_size],
        Init::SampleVocab => {
            let ids: Vec<u32> = (0..count).map(|_| rng.below(llama.config.vocab_size) as u32).collect();
            llama.embed(&ids)
        }
        Init::Text => llama.embed(&text_ids(&settings.prompt_tuning_init_text, count, tokenizer)?),
    };
    SoftPrompt::of_embeddings(vectors, llama)
}

/// Keys and values of every layer before the first step.
pub fn keys_values(
    settings: &TunerSettings,
    llama: &Llama,
    tokenizer: &ChatTokenizer,
    rng: &mut Rng,
) -> Result<SoftPrompt> {
    let (count, kind) = (settings.num_virtual_tokens, PromptKind::KeysValues);
    let context = llama.config.max_position_embeddings;
    if count > context {
        return Err(Error::input(format!(
            "{count} virtual tokens do not fit: the model has {context} positions. Use fewer virtual tokens."
        )));
    }
    let numbers = count * kind.width(&llama.config);
    let vectors = match settings.prompt_tuning_init {
        Init::Text => prefix::of_text(&text_ids(&settings.prompt_tuning_init_text, count, tokenizer)?, llama),
        Init::SampleVocab => {
            let ids: Vec<u32> = (0..count).map(|_| rng.below(llama.config.vocab_size) as u32).collect();
            prefix::of_text(&ids, llama)
        }
        Init::Zero => vec![0.0; numbers],
        Init::Random => (0..numbers).map(|_| (rng.normal() * settings.init_std) as f32).collect(),
    };
    SoftPrompt::new(vectors, kind, llama)
}

/// Ids of `text`, repeated or trimmed to `count`, as PEFT's `PromptEmbedding` takes them: with the special tokens that the
/// tokenizer puts around a text. A GGUF file does not say which these are: none.
pub fn text_ids(text: &str, count: usize, tokenizer: &ChatTokenizer) -> Result<Vec<u32>> {
    let ids = whole_text_ids(text, tokenizer)?;
    if ids.is_empty() {
        return Err(Error::input(
            "The text that the soft prompt should start from has no tokens. Write a sentence, or choose another initialisation.",
        ));
    }
    Ok(ids.into_iter().cycle().take(count).collect())
}

/// All of them, before they are repeated or trimmed; none where the special tokens would be alone.
pub fn whole_text_ids(text: &str, tokenizer: &ChatTokenizer) -> Result<Vec<u32>> {
    if tokenizer.encode(text)?.is_empty() { Ok(Vec::new()) } else { tokenizer.encode_alone(text) }
}

/// The given soft prompt, or an initialisation.
pub fn start_or(start: Option<&SoftPrompt>, initial: impl FnOnce() -> Result<SoftPrompt>) -> Result<SoftPrompt> {
    start.map_or_else(initial, |start| Ok(start.clone()))
}

/// Virtual tokens in front of the text, the words of a template included.
pub fn length(settings: &TunerSettings, tokenizer: &ChatTokenizer) -> Result<usize> {
    match settings.used_template() {
        None => Ok(settings.num_virtual_tokens),
        Some(template) => Ok(Template::parse(template).map_err(Error::input)?.rows(tokenizer)?.len()),
    }
}

/// A trained prompt to start from has to be of the technique's kind and size.
pub fn check_start(
    start: &SoftPrompt,
    settings: &TunerSettings,
    llama: &Llama,
    tokenizer: &ChatTokenizer,
) -> Result<()> {
    let kind = settings.peft_type.kind();
    if start.kind() != kind {
        let (is, asked) = match kind {
            PromptKind::KeysValues => ("rows of embeddings", "keys and values (prefix tuning)"),
            PromptKind::Embeddings => ("keys and values of prefix tuning", "rows of embeddings"),
        };
        return Err(Error::input(format!(
            "The prompt to start from consists of {is}, and the chosen technique trains {asked}. Choose the technique that it was trained with, or start from an initialisation."
        )));
    }
    let (has, asked) = (start.virtual_tokens(), length(settings, tokenizer)?);
    if has != asked {
        let advice = match settings.peft_type {
            PeftType::PTuning => "Change the template or the number of virtual tokens",
            _ => "Set the number of virtual tokens to the same",
        };
        return Err(Error::input(format!(
            "The prompt to start from has {has} virtual tokens, and the settings ask for {asked}. {advice}, or start from an initialisation."
        )));
    }
    check_width(start.width(), kind, llama)
}
