//! Tokenizers of SentencePiece's kind mark the beginning of a word with "▁", and differ in which texts get one in front.

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::{NormalizerWrapper, Tokenizer};

const WORD: char = '▁';

/// What `tokenizer_config.json` says of it.
#[derive(Debug, Default)]
pub struct Form {
    pub tokenizer_class: Option<String>,
    pub legacy: Option<bool>,
    pub add_prefix_space: Option<bool>,
}

/// Where the class is Llama's, `transformers` 5 goes by `legacy` and `add_prefix_space` instead of by what
/// `tokenizer.json` says (`models/llama/tokenization_llama.py`). Byte-level tokenizers that name that class stay as they are.
pub fn read_as_transformers(tokenizer: &mut Tokenizer, form: &Form) {
    let class = form.tokenizer_class.as_deref().unwrap_or_default();
    if !matches!(class, "LlamaTokenizer" | "LlamaTokenizerFast") || !marks_words(tokenizer) {
        return;
    }
    let scheme = match (form.add_prefix_space, form.legacy) {
        (Some(false), _) => PrependScheme::Never,
        (_, Some(true)) => PrependScheme::Always,
        _ => PrependScheme::First,
    };
    let _ = tokenizer.with_normalizer(None::<NormalizerWrapper>);
    tokenizer.with_pre_tokenizer(Some(Metaspace::new(WORD, scheme, false)));
}

fn marks_words(tokenizer: &Tokenizer) -> bool {
    match tokenizer.get_pre_tokenizer() {
        Some(PreTokenizerWrapper::Metaspace(_)) => true,
        Some(_) => false,
        None => tokenizer.get_normalizer().is_some_and(prepends),
    }
}

fn prepends(normalizer: &NormalizerWrapper) -> bool {
    match normalizer {
        NormalizerWrapper::Prepend(_) => true,
        NormalizerWrapper::Sequence(all) => all.as_ref().iter().any(prepends),
        _ => false,
    }
}

/// The same tokenizer for a text that follows another, where it puts a "▁" in front of the very first text only;
/// `None` where it treats both alike.
pub fn for_later_text(tokenizer: &Tokenizer) -> Option<Tokenizer> {
    let mut steps = tokenizer.get_pre_tokenizer()?.clone();
    if !never_prepend(&mut steps) {
        return None;
    }
    let mut later = tokenizer.clone();
    later.with_pre_tokenizer(Some(steps));
    Some(later)
}

/// Whether there was something to change: the first step that prepends decides.
fn never_prepend(step: &mut PreTokenizerWrapper) -> bool {
    match step {
        PreTokenizerWrapper::Metaspace(metaspace) if metaspace.prepend_scheme == PrependScheme::First => {
            metaspace.prepend_scheme = PrependScheme::Never;
            true
        }
        PreTokenizerWrapper::Sequence(all) => all.as_mut().iter_mut().any(never_prepend),
        _ => false,
    }
}
