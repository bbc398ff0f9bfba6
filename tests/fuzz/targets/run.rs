#![no_main]
//! A run that is begun, saved, damaged and resumed: its settings (JSON), then a byte 255 and triples of two bytes that say
//! where in the saved run and one that stands there instead.

mod common;

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::settings::{RawSettings, check};
use prompt_playground::tuner::Tuner;

thread_local! {
    static MODEL: Rc<LanguageModel> = common::tiny();
}

fuzz_target!(|data: &[u8]| {
    let (settings, damage) = data.split_at(data.iter().position(|byte| *byte == 255).unwrap_or(data.len()));
    let Ok(raw) = serde_json::from_slice::<RawSettings>(settings) else { return };
    let Ok(settings) = check(raw).into_result() else { return };
    let model = MODEL.with(Rc::clone);
    let Ok(mut tuner) = Tuner::new(model.clone(), &common::rows(), settings) else { return };
    let _ = tuner.step();
    let mut state = tuner.save_state().expect("a run can be saved");
    let (damage, _) = damage.get(1..).unwrap_or_default().as_chunks();
    for [low, high, byte] in damage {
        let at = usize::from(u16::from_le_bytes([*low, *high])) % state.len();
        state[at] = *byte;
    }
    match Tuner::resume(model, &common::rows(), &state, &RawSettings::default()) {
        Ok(mut tuner) => {
            let _ = tuner.step();
            let _ = tuner.planned_batches(5);
        }
        Err(error) => assert!(!damage.is_empty(), "a saved run can be resumed: {error}"),
    }
});
