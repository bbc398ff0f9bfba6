#![no_main]
//! One file of a Hugging Face folder: the first byte says which (`common::NAMES`), the others are those of the tiny model.

mod common;

use libfuzzer_sys::fuzz_target;
use prompt_playground::soft_prompt::SoftPrompt;

thread_local! {
    static FILES: [Vec<u8>; 4] = common::files();
}

fuzz_target!(|data: &[u8]| {
    let Some((&which, file)) = data.split_first() else { return };
    let mut files = FILES.with(Clone::clone);
    files[usize::from(which) % 4] = file.to_vec();
    if let Some(model) = common::model_of(&files) {
        common::predict(&model, &SoftPrompt::none());
    }
});
