//! One training step of a soft prompt: batch -> loss -> gradient -> clipping -> AdamW. The language model is frozen.

use std::rc::Rc;

use candle_core::backprop::GradStore;
use candle_nn::{Optimizer, ParamsAdamW};
use serde::Serialize;

use crate::adamw::AdamW;
use crate::batches::Batches;
use crate::dataset::Example;
use crate::error::Result;
use crate::gradient_pass::GradientPass;
use crate::language_model::LanguageModel;
use crate::rng::Rng;
use crate::rows::TokenRow;
use crate::settings::TunerSettings;
use crate::soft_prompt::SoftPrompt;
use crate::technique::{PromptTuning, Technique};

/// What one step did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// From 1.
    pub step: usize,
    /// Mean cross-entropy over the response tokens of the batch before the update, nats.
    pub loss: f64,
    /// Length of the gradient before clipping.
    pub grad_norm: f64,
    pub learning_rate: f64,
    /// Text tokens of the batch.
    pub tokens: usize,
}

pub struct Tuner {
    pub(crate) model: Rc<LanguageModel>,
    pub(crate) settings: TunerSettings,
    rows: Vec<TokenRow>,
    pub(crate) batches: Batches,
    technique: Box<dyn Technique>,
    pub(crate) optimizer: AdamW,
    under_way: Option<UnderWay>,
}

/// A step between its first and its last block.
struct UnderWay {
    pass: GradientPass,
    /// Where the data stands after this step.
    batches: Batches,
    /// Text tokens of the batch.
    tokens: usize,
}

impl Tuner {
    /// # Errors
    /// Where there is no example, a row cannot be trained on, or the start text has no tokens.
    pub fn new(model: Rc<LanguageModel>, examples: &[Example], settings: TunerSettings) -> Result<Self> {
        let mut rng = Rng::new(u64::from(settings.seed));
        let start = SoftPrompt::initial(&settings, &model.llama, &model.tokenizer, &mut rng)?;
        Self::from_start(model, examples, settings, &start, rng)
    }

    /// As [`Tuner::new`], from given rows.
    pub fn from_start(
        model: Rc<LanguageModel>,
        examples: &[Example],
        settings: TunerSettings,
        start: &SoftPrompt,
        rng: Rng,
    ) -> Result<Self> {
        model.check_trainable(examples, start.virtual_tokens())?;
        let technique: Box<dyn Technique> = Box::new(PromptTuning::new(start)?);
        let params =
            ParamsAdamW { lr: settings.learning_rate, weight_decay: settings.weight_decay, ..ParamsAdamW::default() };
        let optimizer = AdamW::new(technique.variables(), params)?;
        let batches = Batches::new(examples.len(), settings.batch_size, rng);
        Ok(Self { rows: model.token_rows(examples)?, model, settings, batches, technique, optimizer, under_way: None })
    }

    /// One update of the soft prompt on the next batch.
    pub fn step(&mut self) -> Result<StepReport> {
        loop {
            if let Some(report) = self.advance()? {
                return Ok(report);
            }
        }
    }

    /// A small part of a step (one block of the network); the report comes with the last one.
    /// A step that is left in the middle has changed nothing.
    pub fn advance(&mut self) -> Result<Option<StepReport>> {
        let mut under_way = match self.under_way.take() {
            Some(under_way) => under_way,
            None => self.begin()?,
        };
        if under_way.pass.advance(&self.model) {
            self.under_way = Some(under_way);
            return Ok(None);
        }
        self.update(under_way).map(Some)
    }

    fn begin(&self) -> Result<UnderWay> {
        let mut batches = self.batches.clone();
        let batch: Vec<&TokenRow> = batches.next_batch().into_iter().map(|i| &self.rows[i]).collect();
        let soft_rows = self.soft_prompt()?.vectors().to_vec();
        let tokens = batch.iter().map(|row| row.ids.len()).sum();
        Ok(UnderWay { pass: GradientPass::new(&self.model, &batch, soft_rows)?, batches, tokens })
    }

    fn update(&mut self, under_way: UnderWay) -> Result<StepReport> {
        let gradient = under_way.pass.finish();
        let mut gradients = self.technique.backward(&gradient.d_rows)?;
        let grad_norm = self.clip(&mut gradients)?;
        let learning_rate = self.settings.learning_rate_at(self.step_number());
        self.optimizer.set_learning_rate(learning_rate);
        self.optimizer.step(&gradients)?;
        self.batches = under_way.batches;
        let total: f64 = gradient.predictions.iter().map(|p| f64::from(p.loss)).sum();
        Ok(StepReport {
            step: self.step_number(),
            loss: total / gradient.predictions.len() as f64,
            grad_norm,
            learning_rate,
            tokens: under_way.tokens,
        })
    }

    /// Steps done.
    pub fn step_number(&self) -> usize {
        self.optimizer.updates
    }

    pub fn settings(&self) -> &TunerSettings {
        &self.settings
    }

    /// The virtual tokens as they are now.
    pub fn soft_prompt(&self) -> Result<SoftPrompt> {
        let rows = self.technique.virtual_tokens()?.flatten_all()?.to_vec1::<f32>()?;
        SoftPrompt::new(rows, &self.model.llama)
    }

    /// How many numbers are trained.
    pub fn trained_numbers(&self) -> usize {
        self.technique.trained_numbers()
    }

    pub(crate) fn technique(&self) -> &dyn Technique {
        self.technique.as_ref()
    }

    /// Shortens the gradient to `max_grad_norm` (PyTorch's `clip_grad_norm_`); returns its length before.
    fn clip(&self, gradients: &mut GradStore) -> Result<f64> {
        let mut squares = 0.0;
        for variable in self.technique.variables() {
            if let Some(gradient) = gradients.get(&variable) {
                squares += gradient.flatten_all()?.to_vec1::<f32>()?.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>();
            }
        }
        let norm = squares.sqrt();
        let factor = self.settings.max_grad_norm / (norm + 1e-6);
        if self.settings.max_grad_norm > 0.0 && factor < 1.0 {
            for variable in self.technique.variables() {
                if let Some(gradient) = gradients.remove(&variable) {
                    gradients.insert(&variable, (gradient * factor)?);
                }
            }
        }
        Ok(norm)
    }
}
