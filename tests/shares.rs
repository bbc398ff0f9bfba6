//! A step shared by several workers gives what one worker gives, and a lost worker loses nothing.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{Case, bundled, json, relative_error, tensors};
use prompt_playground::dataset::Example;
use prompt_playground::settings::{PeftType, TunerSettings};
use prompt_playground::shares::GradientWorker;
use prompt_playground::tuner::{StepReport, Tuner};

fn tuner(peft_type: PeftType) -> (Tuner, Vec<Example>) {
    let case: Case = json("tests/fixtures/smarthome.json");
    let settings = TunerSettings {
        prompt_tuning_init_text: case.objective.clone(),
        num_virtual_tokens: 20,
        batch_size: 10,
        warmup_ratio: 0.0,
        ..TunerSettings::default_of(peft_type)
    };
    (Tuner::new(bundled(), &case.examples, settings).unwrap(), case.examples)
}

/// One step of `tuner` with its batch shared: share 0 is its own, and `lost` of the others come back to it.
fn shared_step(tuner: &mut Tuner, others: &mut [GradientWorker], lost: &[usize]) -> StepReport {
    let vectors = tuner.soft_prompt().unwrap().vectors().to_vec();
    let shares = tuner.shares(others.len() + 1).unwrap();
    let targets = tuner.targets();
    for (index, share) in shares.iter().enumerate() {
        if index == 0 || lost.contains(&index) {
            while tuner.advance_share(index).unwrap() {}
            continue;
        }
        let worker = &mut others[index - 1];
        worker.begin(share, vectors.clone(), targets).unwrap();
        while worker.advance() {}
        tuner.set_share(index, worker.take().unwrap()).unwrap();
    }
    tuner.finish_step().unwrap()
}

fn workers(count: usize) -> (Tuner, Vec<GradientWorker>) {
    workers_of(count, PeftType::PromptTuning)
}

fn workers_of(count: usize, peft_type: PeftType) -> (Tuner, Vec<GradientWorker>) {
    let (tuner, examples) = tuner(peft_type);
    let prompt = tuner.soft_prompt().unwrap();
    let worker = || GradientWorker::new(bundled(), &examples, prompt.virtual_tokens(), prompt.kind()).unwrap();
    let others = (1..count).map(|_| worker()).collect();
    (tuner, others)
}

#[test]
fn one_worker_and_four_agree() {
    let (mut alone, _) = tuner(PeftType::PromptTuning);
    let (mut lead, mut others) = workers(4);
    for step in 1..=3 {
        let (one, four) = (alone.step().unwrap(), shared_step(&mut lead, &mut others, &[]));
        assert_eq!((four.step, four.tokens), (step, one.tokens));
        assert!(four.flop > one.flop, "every worker computes the soft prompt's rows");
        // From the same soft prompt all agrees to rounding. AdamW divides by each number's own size, so where a gradient
        // is nearly zero its rounding counts in full, and the later steps start from slightly different prompts.
        let tolerance = if step == 1 { 1e-5 } else { 1e-3 };
        assert!((one.loss / four.loss - 1.0).abs() < tolerance, "step {step}: loss {} and {}", one.loss, four.loss);
        assert!((one.grad_norm / four.grad_norm - 1.0).abs() < tolerance, "{} and {}", one.grad_norm, four.grad_norm);
        if step == 1 {
            // AdamW's first moment after one step is a tenth of the gradient.
            let gradient = |tuner: &Tuner| tensors(&tuner.save_state().unwrap())["first.0"].1.clone();
            let error = relative_error(&gradient(&lead), &gradient(&alone));
            assert!(error < tolerance, "the gradients differ by {error}");
        }
        let error = relative_error(lead.soft_prompt().unwrap().vectors(), alone.soft_prompt().unwrap().vectors());
        assert!(error < 1e-3, "step {step}: the soft prompts differ by {error}");
    }
}

#[test]
fn the_same_number_of_workers_gives_the_same_numbers_whoever_computes_a_share() {
    let run = |lost: &[usize]| {
        let (mut lead, mut others) = workers(4);
        let losses: Vec<f64> = (0..3).map(|_| shared_step(&mut lead, &mut others, lost).loss).collect();
        (losses, lead.soft_prompt().unwrap())
    };
    let undisturbed = run(&[]);
    assert_eq!(undisturbed, run(&[]));
    assert_eq!(undisturbed, run(&[1, 3]), "shares of lost workers, computed by the run's own worker");
}

#[test]
fn keys_and_values_are_shared_as_rows_are() {
    let (mut alone, _) = tuner(PeftType::PrefixTuning);
    let (mut lead, mut others) = workers_of(3, PeftType::PrefixTuning);
    for step in 1..=2 {
        let (one, three) = (alone.step().unwrap(), shared_step(&mut lead, &mut others, &[2]));
        assert!((one.loss / three.loss - 1.0).abs() < 1e-5, "step {step}: loss {} and {}", one.loss, three.loss);
    }
    let error = relative_error(lead.soft_prompt().unwrap().vectors(), alone.soft_prompt().unwrap().vectors());
    assert!(error < 1e-5, "the soft prompts differ by {error}");
}

#[test]
fn a_step_ends_only_with_all_of_its_shares() {
    let (mut lead, mut others) = workers(2);
    let before = lead.soft_prompt().unwrap();
    lead.shares(2).unwrap();
    while lead.advance_share(0).unwrap() {}
    let error = lead.finish_step().expect_err("a share is missing").to_string();
    assert!(error.contains("before all of its shares"), "{error}");
    assert_eq!((lead.step_number(), lead.soft_prompt().unwrap()), (0, before));
    assert!(lead.advance_share(0).is_err(), "the step was thrown away");
    assert_eq!(shared_step(&mut lead, &mut others, &[]).step, 1);
    let rows = lead.soft_prompt().unwrap().vectors().to_vec();
    let error = others[0].begin(&[99], rows.clone(), 1).expect_err("a share of another run").to_string();
    assert!(error.contains("another run"), "{error}");
    assert!(others[0].begin(&[0], rows[1..].to_vec(), 1).is_err(), "a prompt of another run");
    assert!(others[0].take().is_none());
}
