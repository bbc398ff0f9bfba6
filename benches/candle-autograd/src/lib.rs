//! Prompt tuning by plain candle autograd, for `make bench`: the model is `tests/common/candle_llama.rs`, the soft
//! prompt a candle variable, the optimizer candle's AdamW. Nothing of our engine is in here.
//!
//! ```js
//! const tuner = new CandleTuner(config, weights, softPrompt, learningRate);
//! for (const { ids, response } of rows) tuner.addExample(ids, response);
//! const { loss, milliseconds } = tuner.step();
//! ```

#[path = "../../../tests/common/candle_llama.rs"]
mod candle_llama;

use candle_core::{DType, Device, Var};
use candle_llama::{CandleLlama, Tokens};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds, in a window and in a worker.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// A run on one batch that is the same in every step.
#[wasm_bindgen]
pub struct CandleTuner {
    model: CandleLlama,
    soft_prompt: Var, // (virtual tokens, hidden size)
    optimizer: AdamW,
    examples: Vec<(Vec<u32>, usize)>,
}

/// What one step did.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub struct Step {
    /// Mean cross-entropy over the response tokens before the update, nats.
    pub loss: f64,
    pub milliseconds: f64,
}

#[wasm_bindgen]
impl CandleTuner {
    /// `config`, `weights`: the bytes of `config.json` and `model.safetensors`; every weight is expanded to f32.
    /// `soft_prompt`: the start, row by row, a row for each virtual token. No weight decay, no clipping.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &[u8], weights: &[u8], soft_prompt: &[f32], learning_rate: f64) -> Result<CandleTuner, JsError> {
        let model = CandleLlama::new(config, weights, DType::F32)?;
        let shape = (soft_prompt.len() / model.hidden_size(), model.hidden_size());
        let soft_prompt = Var::from_slice(soft_prompt, shape, &Device::Cpu)?;
        let params = ParamsAdamW { lr: learning_rate, weight_decay: 0.0, ..ParamsAdamW::default() };
        let optimizer = AdamW::new(vec![soft_prompt.clone()], params)?;
        Ok(Self { model, soft_prompt, optimizer, examples: Vec::new() })
    }

    /// One more example of the batch: its token ids, of which those from index `response` on are learned.
    #[wasm_bindgen(js_name = addExample)]
    pub fn add_example(&mut self, ids: Vec<u32>, response: usize) {
        self.examples.push((ids, response));
    }

    /// Forward, backward and update.
    pub fn step(&mut self) -> Result<Step, JsError> {
        let start = now();
        let batch: Vec<Tokens> =
            self.examples.iter().map(|(ids, response)| Tokens { ids, response: *response }).collect();
        let loss = self.model.loss(&self.soft_prompt, &batch)?;
        self.optimizer.step(&loss.backward()?)?;
        let loss = f64::from(loss.to_scalar::<f32>()?);
        Ok(Step { loss, milliseconds: now() - start })
    }

    /// The rows as they are now.
    #[wasm_bindgen(js_name = softPrompt)]
    pub fn soft_prompt(&self) -> Result<Vec<f32>, JsError> {
        Ok(self.soft_prompt.flatten_all()?.to_vec1()?)
    }
}
