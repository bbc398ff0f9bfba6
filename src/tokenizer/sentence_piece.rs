//! Tokenizers of SentencePiece's kind mark the beginning of a word with "▁", and differ in which texts get one in front.

use serde::Deserialize;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::{ModelWrapper, NormalizerWrapper, Tokenizer};

use crate::error::{Error, Result};

const WORD: char = '▁';
const BYTE_LEVEL: &[u8] = b"ByteLevel";

/// The fields of `tokenizer_config.json` that say it.
#[derive(Debug, Default, Deserialize)]
pub struct Form {
    pub tokenizer_class: Option<String>,
    pub legacy: Option<bool>,
    pub add_prefix_space: Option<bool>,
}

/// Where the class is Llama's, `transformers` 5 goes by `legacy` and `add_prefix_space` instead of by what the file
/// `tokenizer.json` says (`models/llama/tokenization_llama.py`). Byte-level tokenizers that name that class stay as they are.
pub fn read_as_transformers(tokenizer: &mut Tokenizer, file: &[u8], form: &Form) -> Result<()> {
    let class = form.tokenizer_class.as_deref().unwrap_or_default();
    let llamas = matches!(class, "LlamaTokenizer" | "LlamaTokenizerFast");
    let byte_level = || file.windows(BYTE_LEVEL.len()).any(|part| part == BYTE_LEVEL);
    if !llamas || !matches!(tokenizer.get_model(), ModelWrapper::BPE(_)) || byte_level() {
        return Ok(());
    }
    let scheme = match (form.add_prefix_space, form.legacy) {
        (Some(false), _) => PrependScheme::Never,
        (_, Some(true)) => PrependScheme::Always,
        _ => PrependScheme::First,
    };
    tokenizer
        .with_normalizer(None::<NormalizerWrapper>)
        .map_err(|e| Error::model(format!("The added tokens of tokenizer.json are damaged: {e}.")))?;
    tokenizer.with_pre_tokenizer(Some(Metaspace::new(WORD, scheme, false)));
    Ok(())
}

/// The same tokenizer for a text that follows another, where it puts a "▁" in front of the very first text only;
/// `None` where it treats both alike.
pub fn for_later_text(tokenizer: &Tokenizer) -> Option<Tokenizer> {
    let Some(PreTokenizerWrapper::Metaspace(step)) = tokenizer.get_pre_tokenizer() else { return None };
    if step.prepend_scheme != PrependScheme::First {
        return None;
    }
    let mut later = tokenizer.clone();
    later.with_pre_tokenizer(Some(Metaspace::new(step.get_replacement(), PrependScheme::Never, step.split)));
    Some(later)
}
