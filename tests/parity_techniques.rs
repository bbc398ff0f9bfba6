//! P-tuning and prefix tuning give the numbers of PyTorch + PEFT (fixtures: tests/fixtures/make/peft_techniques.py).
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::collections::HashMap;

use common::{Case, Tensors, bundled, json, relative_error, tensors};
use prompt_playground::settings::{Encoder, Init, PeftType, RawSettings, Scheduler, TunerSettings};
use prompt_playground::soft_prompt::PromptKind;
use prompt_playground::tuner::Tuner;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;

const TOLERANCE: f64 = 1e-3;

#[derive(Deserialize)]
struct Fixture {
    examples: usize,
    virtual_tokens: usize,
    cases: HashMap<String, Run>,
}

#[derive(Deserialize)]
struct Run {
    shapes: Vec<Vec<usize>>,
    learning_rate: f64,
    steps: Vec<Step>,
    loss_after: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    loss: f64,
    grad_norm: f64,
}

fn settings(name: &str, fixture: &Fixture) -> TunerSettings {
    let peft_type = if name.starts_with("prefix") { PeftType::PrefixTuning } else { PeftType::PTuning };
    TunerSettings {
        num_virtual_tokens: fixture.virtual_tokens,
        prompt_tuning_init: Init::Random,
        prefix_projection: name == "prefix_tuning_mlp",
        encoder_reparameterization_type: if name == "p_tuning_lstm" { Encoder::Lstm } else { Encoder::Mlp },
        encoder_hidden_size: match name {
            "p_tuning_lstm" => 12,
            "prefix_tuning_mlp" => 16,
            _ => 24,
        },
        learning_rate: fixture.cases[name].learning_rate,
        batch_size: fixture.examples,
        steps: 10,
        warmup_ratio: 0.0,
        lr_scheduler_type: Scheduler::Constant,
        max_grad_norm: 0.0,
        ..TunerSettings::default_of(peft_type)
    }
}

/// The same run before its first step, its parameters as the fixture's script makes them.
fn with_start(tuner: &Tuner, case: &Case, count: usize) -> Tuner {
    let state = tuner.save_state().unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&state).unwrap();
    let mut saved = tensors(&state);
    for (name, (_, values)) in &mut saved {
        if let Some(number) = name.strip_prefix("value.") {
            let number: f64 = number.parse().unwrap();
            values.iter_mut().enumerate().for_each(|(i, v)| *v = ((0.7 * i as f64 + number).sin() / 3.0) as f32);
        }
    }
    let views = saved.iter().map(|(name, (shape, values))| {
        (name, TensorView::new(Dtype::F32, shape.clone(), bytemuck::cast_slice(values)).unwrap())
    });
    let state = safetensors::serialize(views, metadata.metadata().clone()).unwrap();
    Tuner::resume(bundled(), &case.examples[..count], &state, &RawSettings::default()).unwrap()
}

fn compare(name: &str) {
    let (fixture, case) =
        (json::<Fixture>("tests/fixtures/peft_techniques.json"), json::<Case>("tests/fixtures/smarthome.json"));
    let reference = Tensors::read("tests/fixtures/peft_techniques.safetensors");
    let (run, model) = (&fixture.cases[name], bundled());
    let hash = model.llama.weights_hash();
    let fresh = Tuner::new(model.clone(), &case.examples[..fixture.examples], settings(name, &fixture)).unwrap();
    let mut tuner = with_start(&fresh, &case, fixture.examples);
    let counted: usize = run.shapes.iter().map(|shape| shape.iter().product::<usize>()).sum();
    assert_eq!(tuner.trained_numbers(), counted, "as many numbers are trained as by PEFT");
    let encoder = tuner.save_encoder().unwrap().map(|bytes| tensors(&bytes));
    assert_eq!(encoder.is_some(), run.shapes.len() > 1, "an encoder has several tensors");
    if let Some(saved) = encoder {
        let shapes: Vec<_> = (0..saved.len()).map(|i| saved[&format!("value.{i}")].0.clone()).collect();
        assert_eq!(shapes, run.shapes, "{name}: PEFT's parameters in their order");
    }

    for (number, expected) in run.steps.iter().enumerate() {
        let report = tuner.step().unwrap();
        for (what, ours, theirs) in
            [("loss", report.loss, expected.loss), ("gradient norm", report.grad_norm, expected.grad_norm)]
        {
            let error = (ours / theirs - 1.0).abs();
            assert!(error < TOLERANCE, "{name}, step {}: {what} {ours}, PEFT {theirs}", number + 1);
        }
        if number == 0 {
            // AdamW's first moment after one step is a tenth of the gradient.
            let saved = tensors(&tuner.save_state().unwrap());
            for (i, shape) in run.shapes.iter().enumerate() {
                let (ours, moment) = &saved[&format!("first.{i}")];
                assert_eq!(ours, shape, "{name}: the order and shape of parameter {i}");
                let gradient: Vec<f32> = moment.iter().map(|m| m * 10.0).collect();
                let error = relative_error(&gradient, &reference.get(&format!("{name}.gradient.{i}")));
                assert!(error < TOLERANCE, "{name}: the gradient of parameter {i} differs by {error}");
            }
        }
    }
    let prompt = tuner.soft_prompt().unwrap();
    let error = relative_error(prompt.vectors(), &reference.get(&format!("{name}.prompt")));
    assert!(error < TOLERANCE, "{name}: after ten steps the soft prompt differs by {error}");
    let rows = model.token_rows(&case.examples[..fixture.examples]).unwrap();
    let losses: Vec<f64> = rows
        .iter()
        .flat_map(|row| model.predictions(row, &prompt).unwrap())
        .map(|prediction| f64::from(prediction.loss))
        .collect();
    let loss = losses.iter().sum::<f64>() / losses.len() as f64;
    assert!((loss / run.loss_after - 1.0).abs() < TOLERANCE, "{name}: loss {loss}, PEFT {}", run.loss_after);
    assert_eq!(model.llama.weights_hash(), hash, "no weight of the model has changed");
}

#[test]
fn p_tuning_with_a_perceptron_equals_peft() {
    compare("p_tuning_mlp");
}

#[test]
fn p_tuning_with_an_lstm_equals_peft() {
    compare("p_tuning_lstm");
}

#[test]
fn prefix_tuning_equals_peft() {
    compare("prefix_tuning");
}

#[test]
fn prefix_tuning_with_a_perceptron_equals_peft() {
    compare("prefix_tuning_mlp");
}

/// Every technique and way to start.
fn every_technique() -> Vec<TunerSettings> {
    let of = |peft_type| TunerSettings {
        prompt_tuning_init_text: "Answer as a kind support agent.".into(),
        num_virtual_tokens: 20,
        encoder_hidden_size: 16,
        warmup_ratio: 0.0,
        ..TunerSettings::default_of(peft_type)
    };
    let (prefix, p) = (of(PeftType::PrefixTuning), of(PeftType::PTuning));
    let mut all = vec![of(PeftType::PromptTuning)];
    for init in [Init::Text, Init::Zero, Init::Random, Init::SampleVocab] {
        all.push(TunerSettings { prompt_tuning_init: init, ..prefix.clone() });
        all.push(TunerSettings { prompt_tuning_init: init, prefix_projection: true, ..prefix.clone() });
        all.push(TunerSettings { prompt_tuning_init: init, ..p.clone() });
        all.push(TunerSettings {
            prompt_tuning_init: init,
            encoder_reparameterization_type: Encoder::Lstm,
            ..p.clone()
        });
    }
    all.push(TunerSettings { template: "{v3} You are kind. {v4}".into(), num_virtual_tokens: 7, ..p });
    all
}

#[test]
fn every_technique_saves_and_goes_on_and_leaves_the_model_alone() {
    let (case, model) = (json::<Case>("tests/fixtures/smarthome.json"), bundled());
    let hash = model.llama.weights_hash();
    for settings in every_technique() {
        let what = format!("{:?} {:?}", settings.peft_type, settings.prompt_tuning_init);
        let mut tuner = Tuner::new(model.clone(), &case.examples[..3], settings).unwrap();
        let start = tuner.soft_prompt().unwrap();
        tuner.step().unwrap();
        let moved = tuner.soft_prompt().unwrap();
        assert_ne!(moved, start, "{what}");
        let state = tuner.save_state().unwrap();
        let mut resumed = Tuner::resume(model.clone(), &case.examples[..3], &state, &RawSettings::default()).unwrap();
        assert_eq!(resumed.soft_prompt().unwrap(), moved, "{what}");
        assert_eq!(resumed.step().unwrap().loss, tuner.step().unwrap().loss, "{what}");

        // A trained prompt is a start for the same technique: it gives the loss that it had.
        let mut again =
            Tuner::from_prompt(model.clone(), &case.examples[..3], tuner.settings().clone(), &moved).unwrap();
        assert_eq!(again.soft_prompt().unwrap().kind(), tuner.settings().peft_type.kind());
        let error = relative_error(again.soft_prompt().unwrap().vectors(), moved.vectors());
        assert!(error < 1e-6, "{what}: the start differs by {error}");
        again.step().unwrap();
        // and goes on from there after it was saved, whatever the settings' own start is
        let state = again.save_state().unwrap();
        let mut resumed = Tuner::resume(model.clone(), &case.examples[..3], &state, &RawSettings::default()).unwrap();
        assert_eq!(resumed.soft_prompt().unwrap(), again.soft_prompt().unwrap(), "{what}");
        assert_eq!(resumed.step().unwrap().loss, again.step().unwrap().loss, "{what}");
    }
    assert_eq!(model.llama.weights_hash(), hash);
}

#[test]
fn a_perceptron_starts_where_the_text_is() {
    let (case, model) = (json::<Case>("tests/fixtures/smarthome.json"), bundled());
    let start = |settings: &TunerSettings| {
        Tuner::new(model.clone(), &case.examples, settings.clone()).unwrap().soft_prompt().unwrap()
    };
    let direct = TunerSettings {
        prompt_tuning_init_text: case.objective.clone(),
        ..TunerSettings::default_of(PeftType::PrefixTuning)
    };
    let projected = TunerSettings { prefix_projection: true, ..direct.clone() };
    assert_eq!(start(&direct), start(&projected));
    assert_eq!(start(&direct).kind(), PromptKind::KeysValues);
    let p_tuning = TunerSettings { peft_type: PeftType::PTuning, ..direct.clone() };
    assert_eq!(start(&p_tuning), start(&TunerSettings { peft_type: PeftType::PromptTuning, ..direct.clone() }));
    let zero = start(&TunerSettings { prompt_tuning_init: Init::Zero, ..direct });
    assert!(zero.vectors().iter().all(|v| *v == 0.0));
}

#[test]
fn words_of_a_template_stay_and_virtual_tokens_move() {
    let (case, model) = (json::<Case>("tests/fixtures/smarthome.json"), bundled());
    let settings = TunerSettings {
        template: "{v2} You are a support agent. {v3}".into(),
        prompt_tuning_init_text: "Be kind.".into(),
        num_virtual_tokens: 5,
        warmup_ratio: 0.0,
        ..TunerSettings::default_of(PeftType::PTuning)
    };
    let words = model.tokenizer.encode(" You are a support agent. ").unwrap();
    let mut tuner = Tuner::new(model.clone(), &case.examples, settings).unwrap();
    let before = tuner.soft_prompt().unwrap();
    tuner.step().unwrap();
    let after = tuner.soft_prompt().unwrap();
    let d = model.llama.config.hidden_size;
    assert_eq!(after.virtual_tokens(), 5 + words.len());
    let row =
        |prompt: &prompt_playground::soft_prompt::SoftPrompt, i: usize| prompt.vectors()[i * d..(i + 1) * d].to_vec();
    for i in 0..after.virtual_tokens() {
        let word = (2..2 + words.len()).contains(&i);
        assert_eq!(row(&before, i) == row(&after, i), word, "row {i}");
        if word {
            assert_eq!(row(&after, i), model.llama.embed(&[words[i - 2]]));
        }
    }
}
