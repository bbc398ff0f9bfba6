//! The settings of a run, with PEFT's names where PEFT has one. `check` makes them from what comes from outside.

use serde::{Deserialize, Serialize};

use crate::soft_prompt::PromptKind;

mod checking;

pub use checking::{CheckedSettings, Problem, RawSettings, check};

/// What a run does; every field is in its range.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TunerSettings {
    /// Name of the trained prompt, for example `[TECH_SUPPORT]`.
    pub prefix_token: String,
    /// What is trained.
    pub peft_type: PeftType,
    /// Those that are trained, 1 to 256; with a template as many as it says.
    pub num_virtual_tokens: usize,
    pub prompt_tuning_init: Init,
    /// The words that `TEXT` starts from.
    pub prompt_tuning_init_text: String,
    /// Standard deviation of `RANDOM`; an encoder has PEFT's own random start.
    pub init_std: f64,
    /// P-tuning's encoder.
    pub encoder_reparameterization_type: Encoder,
    /// Inner width of P-tuning's encoder, and of prefix tuning's perceptron.
    pub encoder_hidden_size: usize,
    /// Layers of an LSTM encoder.
    pub encoder_num_layers: usize,
    /// Whether a perceptron makes prefix tuning's keys and values.
    pub prefix_projection: bool,
    /// P-tuning: words and virtual tokens in front of the input, `{v5}` for five; empty: virtual tokens alone.
    pub template: String,
    pub learning_rate: f64,
    /// Examples a step.
    pub batch_size: usize,
    pub steps: usize,
    /// Share of the steps, 0 to 1, in which the learning rate grows from 0.
    pub warmup_ratio: f64,
    pub lr_scheduler_type: Scheduler,
    pub weight_decay: f64,
    /// Longest gradient that is used as it is; 0 turns clipping off.
    pub max_grad_norm: f64,
    pub seed: u32,
    /// Share of the examples, 0 to 0.5, that is never trained on.
    pub held_out_share: f64,
    /// Steps between two evaluations of the held-out examples.
    pub eval_every: usize,
    /// Evaluations without a better held-out loss after which a run ends; 0: never (`transformers`'
    /// `EarlyStoppingCallback`).
    pub early_stopping_patience: usize,
}

/// The three techniques, as PEFT names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PeftType {
    PromptTuning,
    PrefixTuning,
    #[serde(rename = "P_TUNING")]
    PTuning,
}

impl PeftType {
    /// How its soft prompt enters the model.
    pub fn kind(self) -> PromptKind {
        match self {
            Self::PromptTuning | Self::PTuning => PromptKind::Embeddings,
            Self::PrefixTuning => PromptKind::KeysValues,
        }
    }
}

/// P-tuning's encoder (PEFT's `PromptEncoderReparameterizationType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PromptEncoder"))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Encoder {
    Mlp,
    Lstm,
}

/// Where the soft prompt starts: normal numbers, the embeddings of a text, those of tokens drawn from the vocabulary, or
/// zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PromptTuningInit"))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Init {
    /// Normal numbers with standard deviation `init_std`.
    Random,
    /// The embeddings of a text, trimmed or repeated to the number of virtual tokens (as PEFT does).
    Text,
    /// The embeddings of tokens drawn from the vocabulary (PEFT's SAMPLE_VOCAB); in prefix tuning what the model makes of
    /// them.
    SampleVocab,
    /// Zeros.
    Zero,
}

/// How the learning rate changes over the steps, as in `transformers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "LrScheduler"))]
#[serde(rename_all = "lowercase")]
pub enum Scheduler {
    Constant,
    Linear,
    Cosine,
}

impl Scheduler {
    /// Learning rate of step `step` (0-based) as a factor of the base rate: `transformers`'
    /// `get_{constant,linear,cosine}_schedule_with_warmup`. A decaying rate is 0 after the last planned step.
    pub fn factor(self, step: usize, warmup: usize, steps: usize) -> f64 {
        if step < warmup {
            return step as f64 / warmup as f64;
        }
        let done = if step < steps { (step - warmup) as f64 / (steps - warmup) as f64 } else { 1.0 };
        match self {
            Self::Constant => 1.0,
            Self::Linear => 1.0 - done,
            Self::Cosine => (0.5 * (1.0 + (std::f64::consts::PI * done).cos())).max(0.0),
        }
    }
}

impl Default for TunerSettings {
    fn default() -> Self {
        Self::default_of(PeftType::PromptTuning)
    }
}

impl TunerSettings {
    /// What worked best for a technique (benches/README.md, "Settings of the techniques").
    pub fn default_of(peft_type: PeftType) -> Self {
        Self {
            prefix_token: "[TECH_SUPPORT]".into(),
            peft_type,
            num_virtual_tokens: 64,
            prompt_tuning_init: Init::Text,
            prompt_tuning_init_text: String::new(),
            init_std: 0.02,
            encoder_reparameterization_type: Encoder::Mlp,
            encoder_hidden_size: 128,
            encoder_num_layers: 2,
            prefix_projection: false,
            template: String::new(),
            learning_rate: match peft_type {
                PeftType::PromptTuning => 0.05,
                PeftType::PrefixTuning => 0.03,
                PeftType::PTuning => 0.003,
            },
            batch_size: 5,
            steps: 100,
            warmup_ratio: 0.05,
            lr_scheduler_type: Scheduler::Linear,
            weight_decay: 0.0,
            max_grad_norm: 1.0,
            seed: 0,
            held_out_share: 0.2,
            eval_every: 5,
            early_stopping_patience: 0,
        }
    }
}

impl TunerSettings {
    /// Steps with a growing learning rate (`transformers` rounds up).
    pub fn warmup_steps(&self) -> usize {
        (self.warmup_ratio * self.steps as f64).ceil() as usize
    }

    /// These settings with what belongs to the technique taken from `other`: a run that goes on keeps it.
    pub fn with_technique_of(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            peft_type: other.peft_type,
            num_virtual_tokens: other.num_virtual_tokens,
            prompt_tuning_init: other.prompt_tuning_init,
            prompt_tuning_init_text: other.prompt_tuning_init_text,
            encoder_reparameterization_type: other.encoder_reparameterization_type,
            encoder_hidden_size: other.encoder_hidden_size,
            encoder_num_layers: other.encoder_num_layers,
            prefix_projection: other.prefix_projection,
            template: other.template,
            ..self
        }
    }

    /// The template that is in use: P-tuning's, where it is not empty.
    pub fn used_template(&self) -> Option<&str> {
        Some(self.template.as_str()).filter(|t| self.peft_type == PeftType::PTuning && !t.trim().is_empty())
    }

    /// Learning rate of step `step` (0-based).
    pub fn learning_rate_at(&self, step: usize) -> f64 {
        self.learning_rate * self.lr_scheduler_type.factor(step, self.warmup_steps(), self.steps)
    }
}
