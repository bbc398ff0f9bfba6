//! The memory that training is said to need, against what a step really allocates. A single test, since all that this
//! program allocates is counted.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{Case, bundled, json};
use prompt_playground::dataset::Example;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::plan::{Batch, TrainingPlan};
use prompt_playground::settings::TunerSettings;
use prompt_playground::tuner::Tuner;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which counts the bytes that are held.
struct Counting;

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that a run holds at most beside the model, in its first three steps.
fn held(model: &Rc<LanguageModel>, examples: &[Example], settings: &TunerSettings) -> u64 {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let mut tuner = Tuner::new(model.clone(), examples, settings.clone()).unwrap();
    for _ in 0..3 {
        tuner.step().unwrap();
    }
    (MOST.load(Relaxed) - before) as u64
}

/// Bytes that it is planned to hold, without the model and the library.
fn planned(model: &Rc<LanguageModel>, examples: &[Example], settings: &TunerSettings) -> u64 {
    let rows = model.token_rows(examples).unwrap();
    let batch = Batch {
        example_tokens: rows.iter().map(|row| row.ids.len()).collect(),
        response_tokens: rows.iter().map(|row| row.ids.len() - row.response).sum(),
        virtual_tokens: settings.num_virtual_tokens,
        batch_size: settings.batch_size,
        trained_numbers: settings.num_virtual_tokens * model.llama.config.hidden_size,
    };
    let files = 5_600_000;
    let plan = TrainingPlan::new(&model.llama.config, files, &batch);
    let library = plan.loading - plan.weights - files;
    plan.training - plan.weights - library
}

#[test]
fn a_step_needs_what_the_plan_says() {
    let (model, case) = (bundled(), json::<Case>("tests/fixtures/smarthome.json"));
    for (batch_size, num_virtual_tokens) in [(1, 20), (10, 20), (5, 64), (10, 256)] {
        let settings = TunerSettings {
            prompt_tuning_init_text: case.objective.clone(),
            batch_size,
            num_virtual_tokens,
            ..TunerSettings::default()
        };
        let (held, planned) = (held(&model, &case.examples, &settings), planned(&model, &case.examples, &settings));
        assert!(held <= planned, "{batch_size} examples, {num_virtual_tokens} virtual tokens: {held} of {planned}");
        assert!(
            2 * planned < 3 * held,
            "{batch_size} examples, {num_virtual_tokens} virtual tokens: {held} of {planned}"
        );
    }
}
