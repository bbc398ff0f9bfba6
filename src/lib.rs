//! Prompt tuning of a frozen language model, in a browser tab.
//!
//! From the bottom up:
//! * [`kernels`]: matrix products and vector loops on plain slices; [`matrix`]: a frozen matrix in its file's precision.
//! * [`ops`]: the differentiable operations of a frozen transformer.
//! * [`block`], [`model`]: the transformer, forward and backward by its input; [`rows`]: a batch without padding.
//! * [`training_rows`]: the examples and what of them is computed once a run; [`gradient_pass`]: loss and gradient of a
//!   batch, one block at a call; [`shares`]: a batch shared by workers.
//! * [`config`], [`weights`], [`gguf`], [`tokenizer`], [`gguf_tokenizer`], [`chat_template`]: files -> model.
//! * [`plan`]: what a model needs before it is loaded.
//! * [`discrete_prompt`]: words in front of the input, for comparison.
//! * [`language_model`]: model and tokenizer together; [`model_info`], [`prepared`], [`evaluation`],
//!   [`generate`], [`prompt_cache`], [`sampler`]: what it is used for.
//! * [`settings`], [`soft_prompt`], [`prefix`], [`technique`], [`adamw`], [`batches`], [`tuner`], [`checkpoint`]: training;
//!   [`kept_prompt`]: what it keeps.
//! * [`dataset`], [`dataset_io`], [`metrics`], [`curve`]: the person's data and what came of it.
//! * [`resampling`]: cross-validation and learning curves: training on parts of the data, planned and read.
//! * [`inside`]: a look into a trained prompt, token by token and step by step.
//! * `wasm`: the only file that knows wasm-bindgen.

pub mod adamw;
pub mod batches;
pub mod block;
pub mod chat_template;
pub mod checkpoint;
pub mod config;
pub mod curve;
pub mod dataset;
pub mod dataset_io;
pub mod discrete_prompt;
pub mod error;
pub mod evaluation;
pub mod generate;
pub mod gguf;
pub mod gguf_tokenizer;
pub mod gradient_pass;
pub mod inside;
pub mod kept_prompt;
pub mod kernels;
pub mod language_model;
mod left_out;
pub mod matrix;
pub mod metrics;
pub mod model;
pub mod model_info;
pub mod ops;
pub mod peft;
pub mod plan;
pub mod prefix;
pub mod prepared;
pub mod prompt_cache;
pub mod resampling;
pub mod rng;
pub mod rows;
pub mod sampler;
pub mod settings;
pub mod shares;
pub mod soft_prompt;
pub mod technique;
pub mod tokenizer;
pub mod training_rows;
pub mod tuner;
#[cfg(test)]
mod types;
pub mod weights;
mod words;

#[cfg(target_arch = "wasm32")]
pub mod wasm;
