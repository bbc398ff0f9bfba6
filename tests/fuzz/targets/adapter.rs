#![no_main]
//! An adapter of PEFT: two bytes with the length of `adapter_config.json`, which follows, then the weights.

mod common;

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::peft::read::from_peft;

thread_local! {
    static MODEL: Rc<LanguageModel> = common::tiny();
}

fuzz_target!(|data: &[u8]| {
    let Some((length, files)) = data.split_first_chunk::<2>() else { return };
    let (config, weights) = files.split_at(usize::from(u16::from_le_bytes(*length)).min(files.len()));
    MODEL.with(|model| {
        if let Ok(loaded) = from_peft(config, weights, &model.llama) {
            common::predict(model, &loaded.prompt);
        }
    });
});
