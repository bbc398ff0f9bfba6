//! Opening `tokenizer.json`: what would end the library `tokenizers` instead of coming back as an error is found before.

use serde::Deserialize;
use serde_json::Value;
use tokenizers::Tokenizer;
use tokenizers::normalizers::Precompiled;

use crate::error::{Error, Result};

/// The parts that `tokenizers` 0.23 expects to be right (`decoders/mod.rs`, `normalizers/mod.rs`: `expect`).
#[derive(Deserialize)]
struct Expected {
    #[serde(default, rename = "decoder")]
    _decoder: Value,
    #[serde(default)]
    normalizer: Value,
}

/// # Errors
/// Where the file is not a tokenizer that can be read.
pub fn open(file: &[u8]) -> Result<Tokenizer> {
    let unreadable = |reason: String| {
        Error::model(format!(
            "tokenizer.json cannot be read: {reason}. Choose the tokenizer.json that belongs to the model."
        ))
    };
    let expected: Expected = serde_json::from_slice(file).map_err(|e| unreadable(e.to_string()))?;
    check_precompiled(&expected.normalizer).map_err(|e| unreadable(format!("its normalizer is damaged: {e}")))?;
    Tokenizer::from_bytes(file).map_err(|e| unreadable(e.to_string()))
}

/// Every table of replacements (SentencePiece's `precompiled_charsmap`) in a normalizer and those inside it can be read.
fn check_precompiled(normalizer: &Value) -> serde_json::Result<()> {
    for inside in normalizer["normalizers"].as_array().into_iter().flatten() {
        check_precompiled(inside)?;
    }
    if normalizer["type"] == "Precompiled" {
        serde_json::from_str::<Precompiled>(&normalizer.to_string())?;
    }
    Ok(())
}
