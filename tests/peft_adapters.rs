//! Adapters of Hugging Face PEFT, in and out (fixtures: tests/fixtures/make/peft_adapters.py).
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::HashMap;
use std::rc::Rc;

use common::{bytes, json, load_folder};
use prompt_playground::dataset::Example;
use prompt_playground::error::Error;
use prompt_playground::evaluation::Evaluation;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::peft::read::{Loaded, from_peft};
use prompt_playground::peft::{About, to_peft};
use prompt_playground::sampler::GenerationSettings;
use prompt_playground::settings::{RawSettings, TunerSettings, check};
use prompt_playground::soft_prompt::SoftPrompt;
use prompt_playground::tuner::Tuner;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Fixture {
    example: Example,
    losses: HashMap<String, f64>,
}

fn file(adapter: &str, name: &str) -> Vec<u8> {
    bytes(&format!("tests/fixtures/adapters/{adapter}/{name}"))
}

fn tiny() -> Rc<LanguageModel> {
    Rc::new(load_folder("tests/fixtures/tiny/hf_f32"))
}

fn load(adapter: &str, model: &LanguageModel) -> Loaded {
    let weights = file(adapter, "adapter_model.safetensors");
    from_peft(&file(adapter, "adapter_config.json"), &weights, &model.llama)
        .unwrap_or_else(|e| panic!("{adapter}: {e}"))
}

fn about(base_model: &str) -> About {
    About {
        prefix_token: "[TECH_SUPPORT]".into(),
        base_model: base_model.into(),
        base_model_note: String::new(),
        settings: None,
        step: 100,
        held_out_loss: Some(0.5),
        examples: 8,
        held_out_examples: 2,
        averaged: 0,
        generation: None,
    }
}

#[test]
fn the_loss_with_an_adapter_is_that_of_peft() {
    let fixture: Fixture = json("tests/fixtures/adapters/adapters.json");
    let model = tiny();
    let examples = [fixture.example];
    for (name, expected) in &fixture.losses {
        let prompt = if name == "base" { SoftPrompt::none() } else { load(name, &model).prompt };
        let mut evaluation = Evaluation::new(model.clone(), &examples, prompt).unwrap();
        while evaluation.advance().unwrap() {}
        let loss = evaluation.report().loss;
        assert!((loss - expected).abs() < 1e-4, "{name}: {loss} instead of {expected}");
    }
    assert_eq!(fixture.losses.len(), 4);
}

#[test]
fn what_is_written_is_what_peft_writes() {
    let model = tiny();
    let loaded = load("prompt_tuning", &model);
    assert_eq!((loaded.base_model.as_str(), loaded.init_text.as_str()), ("tiny/hf_f32", "Answer in steps."));
    let settings = RawSettings { prompt_tuning_init_text: Some(loaded.init_text.clone()), ..RawSettings::default() };
    let about = About { settings: Some(settings), averaged: 3, ..about("tiny/hf_f32") };
    let written = to_peft(&loaded.prompt, &model, &about).unwrap();
    for said in [
        "base_model: \"tiny/hf_f32\"\n",
        "# [TECH_SUPPORT]\n",
        "5 virtual tokens (160 numbers)",
        "| examples trained on | 8 |",
        "0.5000 nats",
        "| steps | 100 of 100 (mean of the prompts of 3 of them) |",
        "RepetitionPenaltyLogitsProcessor(1.0, prompt_ignore_length=length)\n",
        "model.generate(**ids, do_sample=False, max_new_tokens=120, logits_processor=[penalty], eos_token_id=[2",
    ] {
        assert!(written.readme.contains(said), "{said}: {}", written.readme);
    }
    assert!(!written.readme.contains("tokenizer.chat_template"), "the model has its own: {}", written.readme);

    let mut expected: Value = serde_json::from_slice(&file("prompt_tuning", "adapter_config.json")).unwrap();
    for only_peft in ["peft_version", "tokenizer_kwargs"] {
        expected.as_object_mut().unwrap().remove(only_peft);
    }
    assert_eq!(serde_json::from_str::<Value>(&written.config).unwrap(), expected);

    let (ours, theirs) = (written.weights.as_slice(), file("prompt_tuning", "adapter_model.safetensors"));
    let (ours, theirs) = (SafeTensors::deserialize(ours).unwrap(), SafeTensors::deserialize(&theirs).unwrap());
    assert_eq!(ours.names(), theirs.names());
    let (a, b) = (ours.tensor("prompt_embeddings").unwrap(), theirs.tensor("prompt_embeddings").unwrap());
    assert_eq!((a.dtype(), a.shape(), a.data()), (b.dtype(), b.shape(), b.data()));
}

#[test]
fn a_written_adapter_is_read_back_bit_for_bit() {
    let model = tiny();
    for adapter in ["p_tuning", "prefix_tuning"] {
        let prompt = load(adapter, &model).prompt;
        let written = to_peft(&prompt, &model, &about("somebody/model")).unwrap();
        let again = from_peft(written.config.as_bytes(), &written.weights, &model.llama).unwrap();
        assert_eq!(again, Loaded { prompt, base_model: "somebody/model".into(), init_text: String::new() });
    }
}

/// Fields that PEFT writes and that say nothing: null, or the default of what no loaded adapter uses.
#[test]
fn the_configs_of_the_other_techniques_are_those_of_peft() {
    let model = tiny();
    let settings = |peft_type: &str| RawSettings {
        peft_type: Some(peft_type.into()),
        prompt_tuning_init: Some("RANDOM".into()),
        encoder_hidden_size: Some(16.0),
        encoder_num_layers: Some(2.0),
        ..RawSettings::default()
    };
    for (adapter, peft_type) in [("p_tuning", "P_TUNING"), ("prefix_tuning", "PREFIX_TUNING")] {
        let about = About { settings: Some(settings(peft_type)), ..about("tiny/hf_f32") };
        let written = to_peft(&load(adapter, &model).prompt, &model, &about).unwrap();
        let ours: serde_json::Map<String, Value> = serde_json::from_str(&written.config).unwrap();
        let mut theirs: serde_json::Map<String, Value> =
            serde_json::from_slice(&file(adapter, "adapter_config.json")).unwrap();
        theirs.retain(|field, value| {
            !["peft_version", "init_weights"].contains(&field.as_str())
                && (ours.contains_key(field) || !value.is_null())
        });
        assert_eq!(Value::Object(ours), Value::Object(theirs), "{adapter}");
    }
}

#[test]
fn training_goes_on_from_an_adapter() {
    let fixture: Fixture = json("tests/fixtures/adapters/adapters.json");
    let model = tiny();
    let start = load("prompt_tuning", &model).prompt;
    let settings = TunerSettings { num_virtual_tokens: 5, steps: 5, warmup_ratio: 0.0, ..TunerSettings::default() };
    let examples = [fixture.example];
    let mut tuner = Tuner::from_prompt(model.clone(), &examples, settings.clone(), &start).unwrap();
    let first = tuner.step().unwrap().loss;
    assert!((first - fixture.losses["prompt_tuning"]).abs() < 1e-4, "{first}");
    assert!(tuner.step().unwrap().loss < first);

    let raw = |init: &str| RawSettings { prompt_tuning_init: Some(init.into()), ..RawSettings::default() };
    assert_eq!(check(raw("TEXT")).problems[0].field, "prompt_tuning_init_text", "there is no text to start from");
    for given in [RawSettings::default(), raw("TEXT"), raw("ZERO")] {
        assert_eq!(check(given.of_a_given_start()).problems, [], "and none is needed");
    }

    let more = TunerSettings { num_virtual_tokens: 6, ..settings };
    let error = Tuner::from_prompt(model, &examples, more, &start).err().expect("5 are not 6").to_string();
    assert!(error.contains('5') && error.contains('6') && error.ends_with('.'), "{error}");
}

fn refused(config: &[u8], weights: &[u8]) -> String {
    let error: Error = from_peft(config, weights, &tiny().llama).expect_err("must be refused");
    let sentence = error.to_string();
    assert!(sentence.ends_with('.'), "{sentence}");
    sentence
}

#[test]
fn adapters_of_another_kind_are_refused_by_name() {
    let weights = file("prompt_tuning", "adapter_model.safetensors");
    assert!(refused(&file("lora", "adapter_config.json"), &weights).contains("LORA"));
    // Rows of embeddings under the config of prefix tuning.
    assert!(refused(&file("prefix_tuning", "adapter_config.json"), &weights).contains("not of one adapter"));
    assert!(refused(b"{}", &weights).contains("peft_type"));
    assert!(refused(b"<html>", &weights).contains("adapter_config.json"));
    assert!(refused(br#"{"peft_type":"PROMPT_TUNING","num_transformer_submodules":2}"#, &weights).contains("encoder"));
}

#[test]
fn an_adapter_of_another_model_is_refused() {
    let (config, weights) =
        (file("prompt_tuning", "adapter_config.json"), file("prompt_tuning", "adapter_model.safetensors"));
    let bundled = common::bundled();
    let error =
        from_peft(&config, &weights, &bundled.llama).expect_err("the adapter's vectors have 32 numbers").to_string();
    assert!(error.contains("32") && error.contains(&bundled.llama.config.hidden_size.to_string()), "{error}");
    let mut lying: Value = serde_json::from_slice(&config).unwrap();
    lying["num_virtual_tokens"] = json!(7);
    assert!(refused(lying.to_string().as_bytes(), &weights).contains("7 virtual tokens"));
}

#[test]
fn pickles_and_damaged_weights_are_refused() {
    let config = file("prompt_tuning", "adapter_config.json");
    let weights = file("prompt_tuning", "adapter_model.safetensors");
    for pickle in [&b"PK\x03\x04rest"[..], &[0x80, 0x02, 0x8a, 0x0a]] {
        assert!(refused(&config, pickle).contains("pickle"));
    }
    for damaged in [&b""[..], &b"{}"[..], &weights[..weights.len() - 8], &weights[..20], &[0xff; 64]] {
        assert!(refused(&config, damaged).contains("cannot be read"));
    }
}

/// A safetensors file with this JSON header and `data`.
fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

#[test]
fn absurd_offsets_and_shapes_are_refused() {
    let config = file("prompt_tuning", "adapter_config.json");
    let tensor = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"prompt_embeddings":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
    };
    for (shape, from, to) in [
        ("[5,32]", 0, u64::MAX),
        ("[5,32]", 640, 0),
        ("[5,32]", 8, 648),
        ("[18446744073709551615,32]", 0, 640),
        ("[5,32]", 0, 320),
    ] {
        refused(&config, &with_header(&tensor(shape, from, to), &[0; 640]));
    }
    let overlapping = r#"{"a":{"dtype":"F32","shape":[5,32],"data_offsets":[0,640]},"prompt_embeddings":{"dtype":"F32","shape":[5,32],"data_offsets":[0,640]}}"#;
    refused(&config, &with_header(overlapping, &[0; 640]));
    assert!(refused(&config, &with_header(&tensor("[160]", 0, 640), &[0; 640])).contains("two dimensions"));
    assert!(refused(&config, &with_header(&tensor("[0,32]", 0, 0), &[])).contains("rows"));
    let not_finite: Vec<u8> = f32::NAN.to_le_bytes().repeat(160);
    assert!(refused(&config, &with_header(&tensor("[5,32]", 0, 640), &not_finite)).contains("not finite"));
    let other = r#"{"lora_A":{"dtype":"F32","shape":[5,32],"data_offsets":[0,640]}}"#;
    assert!(refused(&config, &with_header(other, &[0; 640])).contains("lora_A"));
    let integers = r#"{"prompt_embeddings":{"dtype":"I32","shape":[5,32],"data_offsets":[0,640]}}"#;
    assert!(refused(&config, &with_header(integers, &[0; 640])).contains("I32"));
}

#[test]
fn very_many_virtual_tokens_are_refused() {
    let model = tiny();
    let mut config: Value = serde_json::from_slice(&file("prompt_tuning", "adapter_config.json")).unwrap();
    let mut read = |count: usize| {
        config["num_virtual_tokens"] = count.into();
        let header = format!(
            r#"{{"prompt_embeddings":{{"dtype":"F32","shape":[{count},32],"data_offsets":[0,{}]}}}}"#,
            count * 128
        );
        from_peft(config.to_string().as_bytes(), &with_header(&header, &vec![0; count * 128]), &model.llama)
    };
    assert!(read(512).is_ok());
    let error = read(513).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("513 virtual tokens. The page opens up to 512"), "{error}");
}

#[test]
fn the_card_answers_as_the_page_was_set() {
    let model = tiny();
    let prompt = load("prompt_tuning", &model).prompt;
    let greedy =
        GenerationSettings { temperature: 0.0, top_p: 0.9, repetition_penalty: 1.1, max_new_tokens: 80.0, seed: 0.0 };
    let card = |generation: &GenerationSettings| {
        let about = About { generation: Some(generation.clone()), ..about("tiny/hf_f32") };
        to_peft(&prompt, &model, &about).unwrap().readme
    };
    let written = card(&greedy);
    assert!(written.contains("RepetitionPenaltyLogitsProcessor(1.1, prompt_ignore_length=length)\n"), "{written}");
    assert!(written.contains("(**ids, do_sample=False, max_new_tokens=80, logits_processor=[penalty], "), "{written}");
    // `transformers` takes no whole numbers for these
    let written = card(&GenerationSettings { temperature: 2.0, repetition_penalty: 3.0, ..greedy });
    assert!(written.contains("RepetitionPenaltyLogitsProcessor(3.0, "), "{written}");
    assert!(written.contains("do_sample=True, temperature=2.0, top_p=0.9, top_k=0, max_new_tokens=80, "), "{written}");
}

#[test]
fn every_floating_format_is_read() {
    let model = tiny();
    let config = file("prompt_tuning", "adapter_config.json");
    let values: Vec<f32> = (0..160).map(|i| i as f32 / 8.0).collect(); // exact in all four
    let stored: [(Dtype, Vec<u8>); 4] = [
        (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        (Dtype::F64, values.iter().flat_map(|v| f64::from(*v).to_le_bytes()).collect()),
        (Dtype::F16, values.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect()),
        (Dtype::BF16, values.iter().flat_map(|v| half::bf16::from_f32(*v).to_le_bytes()).collect()),
    ];
    for (dtype, data) in stored {
        let view = TensorView::new(dtype, vec![5, 32], &data).unwrap();
        let weights = safetensors::serialize([("prompt_embeddings", view)], None).unwrap();
        let loaded = from_peft(&config, &weights, &model.llama).unwrap();
        assert_eq!(loaded.prompt.vectors(), values, "{dtype:?}");
    }
}
