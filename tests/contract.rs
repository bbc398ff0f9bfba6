//! What `www/protocol.js` promises about Rust holds.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{bundled, bytes};
use prompt_playground::dataset::Example;
use prompt_playground::model_info::ModelInfo;
use prompt_playground::prepared::{PreparedPrompt, in_front};
use prompt_playground::settings::{PeftType, TunerSettings};
use prompt_playground::tokenizer::TokenKind;
use serde_json::Value;

/// The object literal `export const NAME = {...};` of protocol.js, as JSON.
fn constant(name: &str) -> Value {
    let source = String::from_utf8(bytes("www/protocol.js")).unwrap();
    let body = source.split(&format!("export const {name} = {{\n")).nth(1).unwrap().split("\n};").next().unwrap();
    let fields = body.lines().map(|line| {
        let (key, value) = line.trim().trim_end_matches(',').split_once(": ").unwrap();
        format!("\"{key}\": {}", value.replace('\'', "\""))
    });
    serde_json::from_str(&format!("{{{}}}", fields.collect::<Vec<_>>().join(","))).unwrap()
}

#[test]
fn the_default_settings_are_the_same_in_both_languages() {
    let ours = serde_json::to_value(TunerSettings::default()).unwrap();
    let theirs = constant("DEFAULT_SETTINGS");
    let (ours, theirs) = (ours.as_object().unwrap(), theirs.as_object().unwrap());
    assert_eq!(ours.len(), theirs.len());
    for (name, value) in ours {
        match value.as_f64() {
            Some(number) => assert_eq!(Some(number), theirs[name].as_f64(), "{name}"),
            None => assert_eq!(value, &theirs[name], "{name}"),
        }
    }
}

#[test]
fn every_technique_has_the_same_defaults_in_both_languages() {
    let source = String::from_utf8(bytes("www/protocol.js")).unwrap();
    for (name, peft_type) in [
        ("PREFIX_TUNING", PeftType::PrefixTuning),
        ("P_TUNING", PeftType::PTuning),
        ("PROMPT_TUNING", PeftType::PromptTuning),
    ] {
        let table = source.split("export const TECHNIQUE_DEFAULTS = {").nth(1).unwrap();
        let line = table.lines().find(|line| line.trim().starts_with(&format!("{name}: {{"))).unwrap();
        let fields = line.split_once('{').unwrap().1.split_once('}').unwrap().0;
        let changed = fields.split(',').filter(|field| !field.trim().is_empty()).map(|field| {
            let (key, value) = field.split_once(':').unwrap();
            (key.trim().to_string(), serde_json::from_str::<Value>(&value.trim().replace('\'', "\"")).unwrap())
        });
        let mut expected = serde_json::to_value(TunerSettings::default()).unwrap();
        expected["peft_type"] = name.into();
        changed.for_each(|(key, value)| expected[key.as_str()] = value);
        assert_eq!(serde_json::to_value(TunerSettings::default_of(peft_type)).unwrap(), expected, "{name}");
    }
}

#[test]
fn a_prepared_prompt_has_its_virtual_tokens_first_and_learns_from_the_response() {
    let model = bundled();
    let settings = TunerSettings { num_virtual_tokens: 20, ..TunerSettings::default() };
    let front = in_front(&settings, &model.tokenizer).unwrap();
    let prompt = PreparedPrompt::new(&model, &Example::new("Reset?", "Unplug it."), &front);
    assert_eq!(prompt.problem, None);
    assert!(prompt.tokens[..20].iter().all(|t| t.kind == TokenKind::Virtual && t.id == -1 && !t.learned));
    let rest = &prompt.tokens[20..];
    assert!(rest.iter().all(|t| t.learned == (t.kind == TokenKind::Response) && t.kind != TokenKind::Virtual));
    let learned: String = rest.iter().filter(|t| t.learned).map(|t| t.text.as_str()).collect();
    assert_eq!(learned, "Unplug it.<|im_end|>");

    let long = PreparedPrompt::new(&model, &Example::new("word ".repeat(2000), "x"), &front);
    assert!(long.problem.unwrap().contains("positions"));
    assert!(long.tokens.len() > 1000, "the words are shown all the same");
}

#[test]
fn the_sizes_of_the_bundled_model() {
    let info = ModelInfo::of(&bundled().llama);
    assert_eq!((info.parameters, info.layers, info.hidden_size, info.vocabulary), (5_205_248, 6, 256, 4096));
    // As row-major f32, whatever the layout in memory: a saved prompt knows its model by it.
    assert_eq!(info.weights_hash, "4ef2d94cec08f22e05bf70374d921cd382ca30270cd0f7c329930b2a3a7dd4d1");
}
