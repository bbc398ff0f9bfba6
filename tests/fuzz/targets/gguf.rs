#![no_main]
//! A GGUF file.

mod common;

use libfuzzer_sys::fuzz_target;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::soft_prompt::SoftPrompt;

fuzz_target!(|data: &[u8]| {
    if let Ok(model) = LanguageModel::from_gguf(data) {
        common::predict(&model, &SoftPrompt::none());
    }
});
