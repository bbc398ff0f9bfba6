//! Decoding: the cache of keys and values changes nothing, and every piece of text comes out.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{bundled, prompt_of};
use prompt_playground::discrete_prompt::DiscretePrompt;
use prompt_playground::generate::{FinishReason, Generation};
use prompt_playground::kernels::vector::argmax;
use prompt_playground::rows::TokenRow;
use prompt_playground::sampler::GenerationSettings;
use prompt_playground::soft_prompt::{PromptKind, SoftPrompt};

const GREEDY: GenerationSettings =
    GenerationSettings { temperature: 0.0, top_p: 1.0, repetition_penalty: 1.0, max_new_tokens: 24.0, seed: 1.0 };

fn answer(input: &str, instruction: Option<&str>, settings: &GenerationSettings) -> (String, Generation) {
    let mut generation =
        Generation::new(bundled(), input, &DiscretePrompt::instruction(instruction), &SoftPrompt::none(), settings)
            .unwrap();
    let text = std::iter::from_fn(|| generation.next()).collect();
    (text, generation)
}

#[test]
fn decoding_with_the_cache_equals_reading_everything_anew() {
    let model = bundled();
    for instruction in [None, Some("Answer politely.")] {
        let (text, generation) = answer("How do I restart my hub?", instruction, &GREEDY);
        let mut ids: Vec<u32> = model
            .tokenizer
            .prompt(instruction, "How do I restart my hub?")
            .unwrap()
            .into_iter()
            .map(|token| token.id)
            .collect();
        let prompt = ids.len();
        let stopped = loop {
            let logits = model.logits(&ids).unwrap();
            let next = argmax(&logits[logits.len() - model.llama.config.vocab_size..]) as u32;
            if model.tokenizer.is_stop(next) || ids.len() - prompt == 24 {
                break model.tokenizer.is_stop(next);
            }
            ids.push(next);
        };
        assert_eq!(text, model.tokenizer.decode(&ids[prompt..]));
        assert_eq!(generation.ids(), &ids[prompt..]);
        let ended_itself = stopped && generation.ids().len() < 24;
        assert_eq!(generation.finish_reason() == Some(FinishReason::Stop), ended_itself);
    }
}

#[test]
fn a_soft_prompt_answers_the_same_from_kept_keys_and_as_read_anew() {
    let model = bundled();
    let d = model.llama.config.hidden_size;
    let sines = |n: usize, p: usize| (0..n).map(|i| ((i + p) as f32).sin() * 0.3).collect::<Vec<f32>>();
    let mut prompts: Vec<SoftPrompt> = (0..6).map(|p| prompt_of(&model, sines(7 * d, p))).collect();
    let width = PromptKind::KeysValues.width(&model.llama.config);
    let keys_values = sines(5 * width, 9).iter().map(|v| v * 10.0).collect();
    prompts.push(SoftPrompt::new(keys_values, PromptKind::KeysValues, &model.llama).unwrap());
    let ids_of =
        |text: &str| -> Vec<u32> { model.tokenizer.prompt(None, text).unwrap().iter().map(|token| token.id).collect() };
    prompts.push(prompt_of(&model, model.llama.embed(&ids_of("Where can I buy a blue lamp?"))));
    let question = "How do I restart my hub?";
    let answer = |soft_prompt: &SoftPrompt| {
        let mut generation =
            Generation::new(model.clone(), question, &DiscretePrompt::default(), soft_prompt, &GREEDY).unwrap();
        while generation.next().is_some() {}
        generation.ids().to_vec()
    };
    // An answer that is left while the prompt is read leaves nothing behind.
    let mut left = Generation::new(model.clone(), question, &DiscretePrompt::default(), &prompts[0], &GREEDY).unwrap();
    assert_eq!((left.next(), left.next()), (Some(String::new()), Some(String::new())));
    drop(left);

    let prompt = ids_of(question);
    for soft_prompt in &prompts {
        let ids = answer(soft_prompt);
        assert_eq!(answer(soft_prompt), ids, "from the keys that were kept");
        // Every token is the most likely one after all before it, computed without a cache.
        let all = TokenRow { ids: [prompt.as_slice(), &ids].concat(), response: prompt.len() };
        assert!(model.predictions(&all, soft_prompt).unwrap().iter().all(|prediction| prediction.correct));
    }
    // The model was trained to keep its head under a prompt without meaning, so it takes one of words to change it.
    assert_ne!(answer(&prompts[7]), answer(&SoftPrompt::none()), "the prompt matters");
    assert_ne!(answer(&prompts[6]), answer(&SoftPrompt::none()), "keys and values matter");
}

#[test]
fn the_seed_decides_what_is_drawn() {
    let drawn = |seed: f64| answer("Hello", None, &GenerationSettings { temperature: 1.5, seed, ..GREEDY }).0;
    assert_eq!(drawn(3.0), drawn(3.0));
    assert_ne!(drawn(3.0), drawn(4.0));
}

#[test]
fn pieces_add_up_to_the_whole_text_even_with_broken_characters() {
    let model = bundled();
    for seed in 0..20 {
        let settings = GenerationSettings { temperature: 10.0, seed: f64::from(seed), ..GREEDY };
        let (text, generation) = answer("Grüße 🙂", None, &settings);
        assert_eq!(text, model.tokenizer.decode(generation.ids()), "seed {seed}");
    }
}
