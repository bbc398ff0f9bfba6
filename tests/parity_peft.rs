//! Prompt tuning gives the numbers of PyTorch + PEFT (fixtures: tests/fixtures/make/peft_prompt_tuning.py).
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{Case, Tensors, bundled, json, prompt_of, relative_error};
use prompt_playground::gradient_pass::GradientPass;
use prompt_playground::rng::Rng;
use prompt_playground::settings::{RawSettings, Scheduler, TunerSettings};
use prompt_playground::technique::initial;
use prompt_playground::technique::initial::text_ids;
use prompt_playground::tuner::{StepReport, Tuner};
use serde::Deserialize;

const TOLERANCE: f64 = 1e-3;

#[derive(Deserialize)]
struct Fixture {
    rows: Vec<Row>,
    plain: Run,
    schedule: Run,
    clip: Run,
    text_initialisation: Vec<Initialisation>,
    schedules: Vec<Schedule>,
}

#[derive(Deserialize)]
struct Row {
    ids: Vec<u32>,
    labels: Vec<i64>,
}

#[derive(Deserialize)]
struct Run {
    examples: usize,
    weight_decay: f64,
    max_grad_norm: f64,
    lr_scheduler_type: Scheduler,
    warmup_steps: usize,
    steps: Vec<Step>,
    loss_after: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    loss: f64,
    grad_norm: f64,
    learning_rate: f64,
}

#[derive(Deserialize)]
struct Initialisation {
    text: String,
    num_virtual_tokens: usize,
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Schedule {
    kind: Scheduler,
    warmup_steps: usize,
    steps: usize,
    factors: Vec<f64>,
}

fn case() -> Case {
    json("tests/fixtures/smarthome.json")
}

#[test]
fn rows_and_labels_are_those_of_the_reference() {
    let (fixture, model) = (json::<Fixture>("tests/fixtures/peft.json"), bundled());
    for (example, row) in case().examples.iter().zip(&fixture.rows) {
        let ours = model.tokenizer.token_row(example).unwrap();
        assert_eq!(ours.ids, row.ids);
        assert_eq!(ours.response, row.labels.iter().position(|label| *label != -100).unwrap());
    }
}

#[test]
fn text_initialisation_takes_the_ids_that_peft_takes() {
    let (fixture, model) = (json::<Fixture>("tests/fixtures/peft.json"), bundled());
    for case in fixture.text_initialisation {
        assert_eq!(text_ids(&case.text, case.num_virtual_tokens, &model.tokenizer).unwrap(), case.ids);
    }
}

#[test]
fn schedules_are_those_of_transformers() {
    let fixture: Fixture = json("tests/fixtures/peft.json");
    for schedule in fixture.schedules {
        for (step, expected) in schedule.factors.iter().enumerate() {
            let factor = schedule.kind.factor(step, schedule.warmup_steps, schedule.steps);
            assert!((factor - expected).abs() < 1e-6, "{:?} step {step}: {factor}, not {expected}", schedule.kind);
        }
    }
}

#[test]
fn first_loss_and_gradient_equal_peft() {
    let (model, case) = (bundled(), case());
    let reference = Tensors::read("tests/fixtures/peft_plain.safetensors");
    let fixture: Fixture = json("tests/fixtures/peft.json");
    let rows = model.token_rows(&case.examples).unwrap();
    let gradient =
        GradientPass::whole(&model, &rows.iter().collect::<Vec<_>>(), &prompt_of(&model, reference.get("initial")))
            .unwrap();
    let loss = gradient.loss_sum / rows.iter().map(|row| row.targets()).sum::<usize>() as f64;
    assert!((loss / fixture.plain.steps[0].loss - 1.0).abs() < 1e-5, "loss {loss}");
    let error = relative_error(&gradient.d_rows, &reference.get("gradient"));
    assert!(error < TOLERANCE, "gradient differs by {error}");
    assert!(gradient.d_rows.iter().all(|g| *g != 0.0), "every trained number has a gradient");
}

/// Ten steps as the fixture's run did them; every step's numbers and the soft prompt at the end are compared.
fn compare_run(run: &Run, tensors: &str) {
    let (model, case) = (bundled(), case());
    let reference = Tensors::read(tensors);
    let hash = model.llama.weights_hash();
    let settings = TunerSettings {
        prompt_tuning_init_text: case.objective.clone(),
        num_virtual_tokens: 20,
        learning_rate: 0.05,
        batch_size: run.examples,
        steps: 10,
        warmup_ratio: run.warmup_steps as f64 / 10.0,
        lr_scheduler_type: run.lr_scheduler_type,
        weight_decay: run.weight_decay,
        max_grad_norm: run.max_grad_norm,
        ..TunerSettings::default()
    };
    let mut tuner = Tuner::new(model.clone(), &case.examples[..run.examples], settings).unwrap();
    assert_eq!(tuner.soft_prompt().unwrap().vectors(), reference.get("initial"), "the start from the objective's text");
    for (number, expected) in run.steps.iter().enumerate() {
        let report = tuner.step().unwrap();
        assert_eq!(report.step, number + 1);
        let close = |ours: f64, theirs: f64, what: &str| {
            assert!(
                (ours - theirs).abs() <= TOLERANCE * theirs.abs(),
                "step {}: {what} {ours}, PEFT {theirs}",
                number + 1
            );
        };
        close(report.loss, expected.loss, "loss");
        close(report.grad_norm, expected.grad_norm, "gradient norm");
        close(report.learning_rate, expected.learning_rate, "learning rate");
        if number == 0 {
            let error = relative_error(tuner.soft_prompt().unwrap().vectors(), &reference.get("after_step_1"));
            assert!(error < TOLERANCE, "after step 1 the soft prompt differs by {error}");
        }
    }
    let trained = tuner.soft_prompt().unwrap();
    let error = relative_error(trained.vectors(), &reference.get("after_step_10"));
    assert!(error < TOLERANCE, "after step 10 the soft prompt differs by {error}");

    let rows = model.token_rows(&case.examples[..run.examples]).unwrap();
    let predictions: Vec<_> = rows.iter().flat_map(|row| model.predictions(row, &trained).unwrap()).collect();
    let loss = predictions.iter().map(|p| f64::from(p.loss)).sum::<f64>() / predictions.len() as f64;
    assert!((loss / run.loss_after - 1.0).abs() < TOLERANCE, "loss after ten steps {loss}, PEFT {}", run.loss_after);
    assert_eq!(model.llama.weights_hash(), hash, "no weight of the model has changed");
}

#[test]
fn ten_steps_equal_peft() {
    compare_run(&json::<Fixture>("tests/fixtures/peft.json").plain, "tests/fixtures/peft_plain.safetensors");
}

#[test]
fn ten_steps_with_decay_and_schedule_equal_peft() {
    compare_run(&json::<Fixture>("tests/fixtures/peft.json").schedule, "tests/fixtures/peft_schedule.safetensors");
}

#[test]
fn ten_steps_with_clipping_equal_peft() {
    compare_run(&json::<Fixture>("tests/fixtures/peft.json").clip, "tests/fixtures/peft_clip.safetensors");
}

fn short_run(settings: TunerSettings) -> Tuner {
    Tuner::new(bundled(), &case().examples, TunerSettings { prompt_tuning_init_text: case().objective, ..settings })
        .unwrap()
}

#[test]
fn the_same_seed_gives_the_same_numbers_and_another_seed_others() {
    let losses = |seed: u32| {
        let mut tuner = short_run(TunerSettings { seed, ..TunerSettings::default() });
        let losses: Vec<f64> = (0..3).map(|_| tuner.step().unwrap().loss).collect();
        (losses, tuner.soft_prompt().unwrap())
    };
    assert_eq!(losses(7), losses(7));
    assert_ne!(losses(7).0, losses(8).0);
}

#[test]
fn a_saved_run_goes_on_as_if_it_had_not_stopped() {
    let mut tuner = short_run(TunerSettings::default());
    for _ in 0..3 {
        tuner.step().unwrap();
    }
    let state = tuner.save_state().unwrap();
    let mut resumed = Tuner::resume(bundled(), &case().examples, &state, &RawSettings::default()).unwrap();
    assert_eq!(resumed.settings(), tuner.settings());
    for _ in 0..3 {
        // What is computed once a run, the resumed run computes again.
        let numbers = |tuner: &mut Tuner| StepReport { flop: 0, ..tuner.step().unwrap() };
        assert_eq!(numbers(&mut tuner), numbers(&mut resumed));
    }
    assert_eq!(tuner.soft_prompt().unwrap(), resumed.soft_prompt().unwrap());

    let longer = RawSettings { steps: Some(500.0), ..RawSettings::default() };
    let resumed = Tuner::resume(bundled(), &case().examples, &state, &longer).unwrap();
    assert_eq!(*resumed.settings(), TunerSettings { steps: 500, ..tuner.settings().clone() }, "and nothing else");
    assert_eq!(resumed.step_number(), 3);
    for cut in [0, 7, 100, state.len() - 1] {
        assert!(
            Tuner::resume(bundled(), &case().examples, &state[..cut], &RawSettings::default()).is_err(),
            "cut at {cut}"
        );
    }
}

#[test]
fn every_initialisation_starts_where_it_says() {
    use prompt_playground::inside::nearest::nearest_tokens;
    use prompt_playground::settings::Init;
    let model = bundled();
    let start = |init, std| {
        let settings = TunerSettings {
            prompt_tuning_init: init,
            num_virtual_tokens: 20,
            init_std: std,
            prompt_tuning_init_text: "Be kind.".into(),
            ..TunerSettings::default()
        };
        initial::embeddings(&settings, &model.llama, &model.tokenizer, &mut Rng::new(1)).unwrap()
    };
    let random = start(Init::Random, 0.5);
    let variance = random.vectors().iter().map(|v| v * v).sum::<f32>() / random.vectors().len() as f32;
    assert!((variance - 0.25).abs() < 0.02, "variance {variance}");
    for init in [Init::SampleVocab, Init::Text] {
        let nearest = nearest_tokens(&model, &start(init, 0.0), 1).unwrap();
        assert_eq!(nearest.len(), 20);
        assert!(nearest.iter().all(|token| token[0].similarity > 0.9999), "rows are rows of the embedding");
    }
}
