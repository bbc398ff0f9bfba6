//! The tiny model of the fixtures, and what is done with every model and prompt that could be read.

use std::rc::Rc;

use prompt_playground::dataset::Example;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::soft_prompt::SoftPrompt;

pub const NAMES: [&str; 4] = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];

/// The files of the tiny model, as [`NAMES`].
pub fn files() -> [Vec<u8>; 4] {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/tiny/hf_f32");
    NAMES.map(|name| std::fs::read(format!("{folder}/{name}")).expect(name))
}

pub fn model_of([config, tokenizer, tokenizer_config, weights]: &[Vec<u8>; 4]) -> Option<LanguageModel> {
    LanguageModel::from_hf(config, tokenizer, &[weights], Some(tokenizer_config)).ok()
}

pub fn tiny() -> Rc<LanguageModel> {
    Rc::new(model_of(&files()).expect("the fixture"))
}

/// Four rows to train on.
pub fn rows() -> Vec<Example> {
    (0..4).map(|i| Example::new(format!("Question {i}?"), format!("Answer {i}."))).collect()
}

/// Prepares and predicts one row. A vocabulary may be as large as the weights have rows, and then takes long.
pub fn predict(model: &LanguageModel, prompt: &SoftPrompt) {
    if model.llama.config.vocab_size > 5000 {
        return;
    }
    let rows = [Example::new("How do I reset it?", "Press the button.")];
    let _ = model.check_dataset(&rows, prompt.virtual_tokens());
    let _ = model.prepare(&rows[0]);
    if let Ok(tokens) = model.token_rows(&rows) {
        let _ = model.predictions(&tokens[0], prompt);
    }
}
