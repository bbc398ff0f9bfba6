//! A tokenizer from the metadata of a GGUF file: byte-level BPE, split as `tokenizer.ggml.pre` names it.

use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use crate::chat_template::SpecialNames;
use crate::error::{Error, Result};
use crate::gguf::Metadata;
use crate::tokenizer::ChatTokenizer;

const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// llama.cpp's token types.
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

/// # Errors
/// Where the tokenizer is of a kind that can't be read.
pub fn check_kind(metadata: &Metadata) -> Result<()> {
    let model = metadata.text("tokenizer.ggml.model")?;
    if model != "gpt2" {
        return Err(Error::model(format!(
            "The GGUF file has a tokenizer of the kind \"{model}\", but only byte-level BPE (\"gpt2\") can be read from GGUF. Load the model from its Hugging Face folder instead."
        )));
    }
    pre_tokenizer(metadata.text("tokenizer.ggml.pre").unwrap_or("default")).map(|_| ())
}

/// # Errors
/// Where the metadata is incomplete, or its tokenizer is not a byte-level BPE of a known kind.
pub fn from_metadata(metadata: &Metadata, eos_token_ids: &[u32], vocab_size: usize) -> Result<ChatTokenizer> {
    check_kind(metadata)?;
    let tokens = metadata.texts("tokenizer.ggml.tokens")?;
    let merges = metadata.texts("tokenizer.ggml.merges")?;
    let pre = metadata.text("tokenizer.ggml.pre").unwrap_or("default");
    let types = metadata.numbers("tokenizer.ggml.token_type").unwrap_or_default();

    let bpe = BPE::builder()
        .vocab_and_merges(
            tokens.iter().enumerate().map(|(id, token)| (token.clone(), id as u32)).collect::<ahash::AHashMap<_, _>>(),
            merges
                .iter()
                .filter_map(|merge| merge.split_once(' '))
                .map(|(a, b)| (a.to_string(), b.to_string()))
                .collect(),
        )
        .ignore_merges(matches!(pre, "llama-bpe" | "llama3"))
        .build()
        .map_err(|e| Error::model(format!("The tokenizer of the GGUF file is damaged: {e}.")))?;
    let mut tokenizer = Tokenizer::new(bpe);
    tokenizer.with_pre_tokenizer(Some(pre_tokenizer(pre)?));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    let of_type =
        |kind: i32| tokens.iter().zip(&types).filter(move |(_, t)| **t == kind).map(|(token, _)| token.clone());
    let added = |result: tokenizers::Result<usize>| {
        result.map_err(|e| Error::model(format!("The special tokens of the GGUF file are damaged: {e}.")))
    };
    added(tokenizer.add_special_tokens(of_type(CONTROL).map(|token| AddedToken::from(token, true))))?;
    added(tokenizer.add_tokens(of_type(USER_DEFINED).map(|token| AddedToken::from(token, false).normalized(false))))?;

    let name = |key: &str| metadata.number(key).ok().and_then(|id| tokens.get(id).cloned()).unwrap_or_default();
    let names =
        SpecialNames { bos_token: name("tokenizer.ggml.bos_token_id"), eos_token: name("tokenizer.ggml.eos_token_id") };
    ChatTokenizer::new(tokenizer, metadata.text("tokenizer.chat_template").ok(), names, eos_token_ids, vocab_size)
}

/// How text is cut before the merges, by llama.cpp's name for it.
fn pre_tokenizer(pre: &str) -> Result<PreTokenizerWrapper> {
    let gpt_2 = ByteLevel::new(false, true, true);
    let steps: Vec<PreTokenizerWrapper> = match pre {
        "default" | "gpt-2" => vec![gpt_2.into()],
        "smollm" => vec![Digits::new(true).into(), gpt_2.into()],
        "llama-bpe" | "llama3" => {
            let split = Split::new(SplitPattern::Regex(LLAMA_3.into()), SplitDelimiterBehavior::Isolated, false)
                .map_err(|e| Error::Internal(format!("The pattern of Llama 3's tokenizer failed: {e}")))?;
            vec![split.into(), ByteLevel::new(false, true, false).into()]
        }
        other => {
            return Err(Error::model(format!(
                "The GGUF file's tokenizer splits text by the rule \"{other}\", which is not known here (default, gpt-2, smollm, llama-bpe are). Load the model from its Hugging Face folder instead."
            )));
        }
    };
    Ok(Sequence::new(steps).into())
}
