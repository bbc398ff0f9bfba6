//! Special tokens: which they are, where a text has one, and how a person's words are kept from being one.
//!
//! A limit: the spaces that a token with `lstrip` or `rstrip` would swallow in `transformers` stay.

use tokenizers::{AddedToken, Tokenizer};

use crate::chat_template::ChatTemplate;
use crate::error::{Error, Result};

/// Marks as special what the template writes around the words, and what ends an answer. Some fine-tuned models add their
/// turn tokens as ordinary ones, which a person could then write.
pub fn protect_template_tokens(
    tokenizer: &mut Tokenizer,
    template: &ChatTemplate,
    eos_token_ids: &[u32],
) -> Result<()> {
    let frame = template.frame()?;
    let is_sign = |text: &str| text.chars().any(|c| !c.is_alphanumeric() && !c.is_whitespace());
    let ordinary = tokenizer.get_added_tokens_decoder().into_iter().filter(|(id, token)| {
        let of_template = is_sign(&token.content) && frame.contains(&token.content);
        !token.special && (of_template || eos_token_ids.contains(id))
    });
    let special: Vec<AddedToken> = ordinary.map(|(_, token)| AddedToken { special: true, ..token }).collect();
    tokenizer
        .add_special_tokens(special)
        .map(|_| ())
        .map_err(|e| Error::model(format!("The special tokens of the tokenizer are damaged: {e}.")))
}

/// Names and ids of the special tokens, the longest first. A name of one character cannot be kept apart from the
/// person's words and counts as plain text.
pub fn special_tokens(tokenizer: &Tokenizer) -> Vec<(String, u32)> {
    let added = tokenizer.get_added_tokens_decoder().into_iter().map(|(id, token)| (token.special, token.content, id));
    let mut special: Vec<(String, u32)> = added
        .filter(|(special, content, _)| *special && content.chars().nth(1).is_some())
        .map(|(_, content, id)| (content, id))
        .collect();
    special.sort_by_key(|(content, id)| (std::cmp::Reverse(content.len()), *id));
    special
}

/// (offset, length, id) of the first special token in `text`, the longest one where several begin there.
pub fn first_special(special: &[(String, u32)], text: &str) -> Option<(usize, usize, u32)> {
    let found =
        special.iter().filter_map(|(content, id)| text.find(content.as_str()).map(|at| (at, content.len(), *id)));
    found.min_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)))
}

/// Puts `mark` after the first character of everything that looks like a special token.
pub fn break_special(special: &[(String, u32)], text: &str, mark: char) -> String {
    let mut broken = text.to_string();
    for (content, _) in special {
        let mut characters = content.chars();
        if let Some(first) = characters.next() {
            broken = broken.replace(content.as_str(), &format!("{first}{mark}{}", characters.as_str()));
        }
    }
    broken
}
