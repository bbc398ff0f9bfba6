//! Every gradient of the engine against plain candle autograd (`tests/common/candle_llama.rs`, in f64) and against
//! finite differences, natively and in Chromium (`wasm-pack test` runs this file in a dedicated worker).
//!
//! * `operations`: each file of `src/ops/` by itself.
//! * `whole_model`: loss and gradient of the soft prompt, for the bundled model and for small random ones.

#[path = "../common/candle_llama.rs"]
mod candle_llama;
#[path = "../common/mod.rs"]
mod common;
mod operations;
mod random;
mod whole_model;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
