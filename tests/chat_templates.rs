//! Published chat templates are rendered as `transformers` renders them.
//!
//! The templates are fetched (`scripts/fetch-templates.sh`); the fixture has what `transformers` makes of them.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::BTreeMap;

use common::{json, path};
use prompt_playground::chat_template::{ChatTemplate, SpecialNames};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Fixture {
    input: String,
    system: String,
    answer: String,
    bos_token: String,
    eos_token: String,
    templates: BTreeMap<String, Expected>,
}

/// None where the template itself refuses such a conversation.
#[derive(Deserialize)]
struct Expected {
    sha256: String,
    prompt: Option<String>,
    with_system: Option<String>,
    exchange: Option<String>,
}

/// What is wrong with our rendering of a template, or nothing.
fn difference(source: &str, expected: &Expected, fixture: &Fixture) -> Option<String> {
    let names = SpecialNames { bos_token: fixture.bos_token.clone(), eos_token: fixture.eos_token.clone() };
    let template = match ChatTemplate::new(Some(source), names) {
        Ok(template) => template,
        Err(error) => return Some(error.to_string()),
    };
    for (system, wanted) in [(None, &expected.prompt), (Some(fixture.system.as_str()), &expected.with_system)] {
        let ours = template.prompt(system, &fixture.input).map(|rendered| rendered.text);
        if ours.as_ref().ok() != wanted.as_ref() {
            return Some(format!("prompt: {ours:?}, not {wanted:?}"));
        }
    }
    let between = expected.exchange.as_ref().zip(expected.prompt.as_ref()).and_then(|(exchange, prompt)| {
        exchange.strip_prefix(prompt.as_str())?.split_once(&fixture.answer).map(|(between, _)| between)
    });
    let ours = template.before_response();
    if ours.as_deref().ok() != Some(between.filter(|text| text.trim().is_empty()).unwrap_or_default()) {
        return Some(format!("before the answer: {ours:?}, not {between:?}"));
    }
    let after = expected.exchange.as_ref().and_then(|text| text.split_once(&fixture.answer)).map(|(_, after)| after);
    let ours = template.after_response();
    (ours.as_deref().ok() != after).then(|| format!("after the answer: {ours:?}, not {after:?}"))
}

#[test]
fn published_templates_are_rendered_as_transformers_does() {
    let fixture: Fixture = json("tests/fixtures/chat_templates.json");
    let (mut same, mut others) = (Vec::new(), Vec::new());
    for (name, expected) in &fixture.templates {
        let Ok(source) = std::fs::read_to_string(path(&format!("target/templates/{name}.jinja"))) else { continue };
        let hash: String = Sha256::digest(source.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, expected.sha256, "{name} is another version than the one that transformers rendered");
        match difference(&source, expected, &fixture) {
            None => same.push(name.as_str()),
            Some(reason) => others.push(format!("{name}: {reason}")),
        }
    }
    if same.is_empty() && others.is_empty() {
        eprintln!("NOT CHECKED: published chat templates. Run scripts/fetch-templates.sh.");
        return;
    }
    // What they write depends on the day: the first falls back to a date of its own here, the second is refused.
    let of_today = ["llama3_2_vision", "mistral_v7_tekken"];
    let unknown: Vec<&String> =
        others.iter().filter(|text| !of_today.iter().any(|name| text.starts_with(name))).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(same.len() >= 34, "{same:?}");
}
