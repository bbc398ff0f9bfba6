//! Keys and values of the soft prompts that were used last: they do not depend on what follows, so they are computed once
//! per trained prompt.

use std::cell::RefCell;

use crate::block::KeysValues;
use crate::soft_prompt::SoftPrompt;

/// Soft prompts that are kept; several prefix tokens can be in use side by side.
const MOST_PROMPTS: usize = 4;

/// In the order of their last use: the first one goes first.
#[derive(Default)]
pub struct PromptCache(RefCell<Vec<Entry>>);

struct Entry {
    prompt: SoftPrompt,
    cache: Vec<KeysValues>,
}

impl PromptCache {
    /// Keys and values of every layer for a soft prompt of embeddings, where they are known.
    pub fn get(&self, prompt: &SoftPrompt) -> Option<Vec<KeysValues>> {
        let mut entries = self.0.borrow_mut();
        let at = entries.iter().position(|entry| entry.prompt == *prompt)?;
        let entry = entries.remove(at);
        let cache = entry.cache.clone();
        entries.push(entry);
        Some(cache)
    }

    pub fn keep(&self, prompt: &SoftPrompt, cache: &[KeysValues]) {
        let mut entries = self.0.borrow_mut();
        entries.retain(|entry| entry.prompt != *prompt);
        if entries.len() == MOST_PROMPTS {
            entries.remove(0);
        }
        entries.push(Entry { prompt: prompt.clone(), cache: cache.to_vec() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soft_prompt::PromptKind;

    #[test]
    fn the_prompts_that_were_used_last_are_kept() {
        let prompts = PromptCache::default();
        let prompt = |number: f32| SoftPrompt::of_width(vec![number], 1, PromptKind::Embeddings);
        let cache = |key: f32| vec![KeysValues { keys: vec![key], values: vec![key] }];
        for i in 0..=MOST_PROMPTS {
            prompts.keep(&prompt(i as f32), &cache(i as f32));
            assert!(prompts.get(&prompt(0.0)).is_some(), "it is in use");
        }
        assert!(prompts.get(&prompt(1.0)).is_none());
        for i in 2..=MOST_PROMPTS {
            assert_eq!(prompts.get(&prompt(i as f32)).expect("kept")[0].keys, [i as f32]);
        }
    }
}
