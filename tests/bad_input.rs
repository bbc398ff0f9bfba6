//! What a person can do wrong before and in a run: each gives a sentence, and none ends the program.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{bundled, json, load_folder};
use prompt_playground::dataset::{Example, WarningKind};
use prompt_playground::discrete_prompt::DiscretePrompt;
use prompt_playground::error::Error;
use prompt_playground::evaluation::Evaluation;
use prompt_playground::generate::Generation;
use prompt_playground::sampler::GenerationSettings;
use prompt_playground::settings::{PeftType, RawSettings, TunerSettings, check};
use prompt_playground::soft_prompt::{PromptKind, SoftPrompt, check_width};
use prompt_playground::tuner::Tuner;
use std::rc::Rc;

fn settings() -> TunerSettings {
    TunerSettings { prompt_tuning_init_text: "Be kind.".into(), ..TunerSettings::default() }
}

fn example(input: &str, output: &str) -> Vec<Example> {
    vec![Example::new(input, output)]
}

fn assert_sentence(error: Error, part: &str) {
    assert_eq!(error.kind(), "input", "{error}");
    assert!(error.to_string().ends_with('.') && error.to_string().contains(part), "{error}");
}

#[test]
fn rows_that_cannot_be_trained_on() {
    let model = bundled();
    let long = "x ".repeat(50_000);
    for (examples, part) in [
        (vec![], "no example"),
        (example("", "b"), "“b”: The input is empty"),
        (example("a", " \n"), "response is empty"),
        (example(&long, "b"), "x x …”: This row needs"),
        (example("a", &long), "positions"),
    ] {
        assert_sentence(Tuner::new(model.clone(), &examples, settings()).err().expect(part), part);
        assert_sentence(Evaluation::new(model.clone(), &examples, SoftPrompt::none()).err().expect(part), part);
    }
    let report = model.check_dataset(&example(&"x".repeat(100_000), "b"), 20).unwrap();
    assert_eq!(report.rows[0].warnings[0].kind, WarningKind::TooLong);
    assert_eq!(report.usable, 0);
}

#[test]
fn ten_thousand_rows_are_one_step() {
    let rows: Vec<Example> = (0..10_000).map(|i| Example::new(format!("Question {i}"), "Yes.")).collect();
    let report = Tuner::new(bundled(), &rows, TunerSettings { batch_size: 2, ..settings() }).unwrap().step().unwrap();
    assert!(report.loss.is_finite() && report.tokens < 100);
}

#[test]
fn more_virtual_tokens_than_the_context_holds() {
    let model = bundled();
    let context = model.llama.config.max_position_embeddings;
    for (peft_type, num_virtual_tokens) in [(PeftType::PromptTuning, context), (PeftType::PrefixTuning, context + 1)] {
        let settings = TunerSettings { peft_type, num_virtual_tokens, ..settings() };
        assert_sentence(Tuner::new(model.clone(), &example("a", "b"), settings).err().unwrap(), "virtual tokens");
    }
    let rows = vec![0.1; context * model.llama.config.hidden_size];
    let error = Generation::new(
        model.clone(),
        "a",
        &DiscretePrompt::default(),
        &SoftPrompt::of_embeddings(rows, &model.llama).unwrap(),
        &decoding(),
    )
    .err()
    .unwrap();
    assert_sentence(error, "positions");
}

#[test]
fn a_text_without_tokens_cannot_be_the_start() {
    let empty = TunerSettings { prompt_tuning_init_text: String::new(), ..settings() };
    assert_sentence(Tuner::new(bundled(), &example("a", "b"), empty).err().unwrap(), "no tokens");
}

fn decoding() -> GenerationSettings {
    GenerationSettings { temperature: 0.0, top_p: 1.0, repetition_penalty: 1.0, max_new_tokens: 8.0, seed: 1.0 }
}

#[test]
fn impossible_decoding_is_refused() {
    let model = bundled();
    let new = |input: &str, instruction: Option<&str>, settings: &GenerationSettings| {
        Generation::new(model.clone(), input, &DiscretePrompt::instruction(instruction), &SoftPrompt::none(), settings)
            .err()
    };
    for settings in [
        GenerationSettings { temperature: f64::NAN, ..decoding() },
        GenerationSettings { temperature: -1.0, ..decoding() },
        GenerationSettings { top_p: 0.0, ..decoding() },
        GenerationSettings { repetition_penalty: f64::INFINITY, ..decoding() },
        GenerationSettings { max_new_tokens: 0.0, ..decoding() },
        GenerationSettings { max_new_tokens: 1e9, ..decoding() },
        GenerationSettings { seed: -1.0, ..decoding() },
    ] {
        assert_sentence(new("a", None, &settings).expect("an error"), "must be from");
    }
    let long = "x ".repeat(50_000);
    assert_sentence(new(&long, None, &decoding()).expect("an error"), "positions");
    assert_sentence(new("a", Some(&long), &decoding()).expect("an error"), "Shorten the instruction");
}

#[test]
fn examples_in_the_context_that_do_not_fit_are_named_as_the_cause() {
    let model = bundled();
    let shots = vec![Example::new("a", "x ".repeat(300)); 12];
    let front = DiscretePrompt { instruction: None, shots };
    let none = SoftPrompt::none();
    let answer = Generation::new(model.clone(), "a", &front, &none, &decoding()).err().unwrap();
    assert_sentence(answer, "fewer than 12 examples in the context");
    let loss = Evaluation::after(model, &example("a", "b"), none, &front).err().unwrap();
    assert_sentence(loss, "fewer than 12 examples in the context");
}

#[test]
fn an_empty_question_is_answered_up_to_the_end_of_the_context() {
    let model = bundled();
    let context = model.llama.config.max_position_embeddings;
    let prompt = model.tokenizer.prompt(None, "").unwrap().len();
    let settings = GenerationSettings { max_new_tokens: 100_000.0, temperature: 10.0, ..decoding() };
    let mut generation =
        Generation::new(model, "", &DiscretePrompt::default(), &SoftPrompt::none(), &settings).unwrap();
    while generation.next().is_some() {}
    assert!(generation.finish_reason().is_some() && generation.ids().len() <= context - prompt);
    assert_eq!(generation.next(), None);
}

#[test]
fn a_prompt_of_another_model_is_refused() {
    let (model, tiny) = (bundled(), load_folder("tests/fixtures/tiny/hf_f32"));
    let prompt = SoftPrompt::of_embeddings(vec![0.1; 192], &tiny.llama).unwrap();
    assert_sentence(check_width(prompt.width(), PromptKind::Embeddings, &model.llama).unwrap_err(), "another model");
    assert_sentence(check_width(192, PromptKind::KeysValues, &model.llama).unwrap_err(), "another model");
    let hidden = model.llama.config.hidden_size;
    let back = |numbers, width| SoftPrompt::come_back(vec![0.1; numbers], width, PromptKind::Embeddings, &model.llama);
    assert_sentence(back(8 * 2 * hidden, 2 * hidden).unwrap_err(), "another model");
    assert_eq!(back(8 * hidden, hidden).unwrap().virtual_tokens(), 8);
    for (vectors, word) in [
        (vec![], "not virtual tokens"),
        (vec![0.1; hidden + 1], "not virtual tokens"),
        (vec![f32::NAN; hidden], "not finite"),
        (vec![f32::INFINITY; hidden], "not finite"),
    ] {
        assert_sentence(SoftPrompt::of_embeddings(vectors, &model.llama).unwrap_err(), word);
    }
}

#[test]
fn a_saved_run_of_another_kind_is_refused_or_goes_on() {
    let (model, tiny) = (bundled(), Rc::new(load_folder("tests/fixtures/tiny/hf_f32")));
    let examples: Vec<Example> = (0..4).map(|i| Example::new(format!("Question {i}"), "Yes.")).collect();
    let settings = TunerSettings { batch_size: 3, ..settings() };
    let mut tuner = Tuner::new(model.clone(), &examples, settings.clone()).unwrap();
    tuner.step().unwrap();
    let state = tuner.save_state().unwrap();
    assert_sentence(Tuner::resume(tiny, &examples, &state, &RawSettings::default()).err().unwrap(), "another model");
    assert_sentence(Tuner::resume(model.clone(), &[], &state, &RawSettings::default()).err().unwrap(), "no example");
    assert_sentence(
        Tuner::resume(model.clone(), &examples, b"{}", &RawSettings::default()).err().unwrap(),
        "Start a new run",
    );

    let wider = RawSettings { num_virtual_tokens: Some(5.0), ..RawSettings::default() };
    let mut resumed = Tuner::resume(model, &examples[..2], &state, &wider).unwrap();
    assert_eq!(resumed.settings().num_virtual_tokens, tuner.settings().num_virtual_tokens, "the saved rows stay");
    assert_eq!(resumed.step().unwrap().step, 2, "with other examples than before");
}

#[test]
fn a_million_is_no_batch_and_nothing_is_no_number() {
    for (raw, field) in [
        (RawSettings { batch_size: Some(1e6), ..RawSettings::default() }, "batch_size"),
        (RawSettings { num_virtual_tokens: Some(257.0), ..RawSettings::default() }, "num_virtual_tokens"),
        (RawSettings { steps: Some(f64::NAN), ..RawSettings::default() }, "steps"),
        (RawSettings { lr_scheduler_type: Some("warm".into()), ..RawSettings::default() }, "lr_scheduler_type"),
    ] {
        let raw = RawSettings { prompt_tuning_init_text: Some("x".into()), ..raw };
        let fields: Vec<_> = check(raw).problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, [field]);
    }
}

/// The largest rate that is allowed: the loss rises, but every number stays one.
#[test]
fn a_rate_of_ten_gives_numbers() {
    let case: serde_json::Value = json("tests/fixtures/smarthome.json");
    let examples: Vec<Example> = serde_json::from_value(case["examples"].clone()).unwrap();
    let settings = TunerSettings { learning_rate: 10.0, warmup_ratio: 0.0, max_grad_norm: 0.0, ..settings() };
    let mut tuner = Tuner::new(bundled(), &examples, settings).unwrap();
    for _ in 0..6 {
        let report = tuner.step().unwrap();
        assert!(report.loss.is_finite() && report.grad_norm.is_finite(), "step {}", report.step);
    }
}
