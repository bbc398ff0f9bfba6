//! One training step of a soft prompt: batch -> loss -> gradient -> clipping -> AdamW. The language model is frozen.
//!
//! A step's batch may be shared by several workers ([`crate::shares`]): this tuner computes shares itself or is given
//! their gradients, and makes the update when all are there.

use std::rc::Rc;

use candle_nn::ParamsAdamW;
use serde::Serialize;

use crate::adamw::AdamW;
use crate::batches::Batches;
use crate::dataset::Example;
use crate::error::{Error, Result};
use crate::gradient_pass::{Gradient, GradientPass};
use crate::kernels::vector::add;
use crate::language_model::LanguageModel;
use crate::rng::Rng;
use crate::settings::TunerSettings;
use crate::shares::{Share, shares};
use crate::soft_prompt::SoftPrompt;
use crate::technique::{self, Technique};
use crate::training_rows::TrainingRows;

/// What one step did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// From 1.
    pub step: usize,
    /// Mean cross-entropy over the response tokens of the batch before the update, nats.
    pub loss: f64,
    /// Length of the gradient before clipping.
    pub grad_norm: f64,
    pub learning_rate: f64,
    /// Text tokens of the batch: all positions but the virtual ones.
    pub tokens: usize,
    /// Floating-point operations of the step's products, those of all workers.
    pub flop: u64,
}

pub struct Tuner {
    pub(crate) model: Rc<LanguageModel>,
    pub(crate) settings: TunerSettings,
    rows: TrainingRows,
    pub(crate) batches: Batches,
    technique: Box<dyn Technique>,
    pub(crate) optimizer: AdamW,
    under_way: Option<UnderWay>,
}

/// A step between its first block and its update.
struct UnderWay {
    shares: Vec<Share>,
    soft_prompt: SoftPrompt,
    /// Response tokens of the batch.
    targets: usize,
    /// Text tokens of the batch.
    tokens: usize,
    /// Where the data stands after this step.
    batches: Batches,
}

impl Tuner {
    /// # Errors
    /// Where there is no example, a row cannot be trained on, or the start text has no tokens.
    pub fn new(model: Rc<LanguageModel>, examples: &[Example], settings: TunerSettings) -> Result<Self> {
        Self::from_start(model, examples, settings, None)
    }

    /// As [`Tuner::new`], from a prompt that was trained before instead of an initialisation.
    ///
    /// # Errors
    /// As [`Tuner::new`], and where the settings ask for another kind or number of virtual tokens.
    pub fn from_prompt(
        model: Rc<LanguageModel>,
        examples: &[Example],
        settings: TunerSettings,
        start: &SoftPrompt,
    ) -> Result<Self> {
        Self::from_start(model, examples, settings, Some(start))
    }

    fn from_start(
        model: Rc<LanguageModel>,
        examples: &[Example],
        settings: TunerSettings,
        start: Option<&SoftPrompt>,
    ) -> Result<Self> {
        let mut rng = Rng::new(u64::from(settings.seed));
        let technique = technique::new(&settings, &model.llama, &model.tokenizer, start, &mut rng)?;
        let rows = TrainingRows::new(&model, examples, technique.soft_prompt().virtual_tokens())?;
        let params =
            ParamsAdamW { lr: settings.learning_rate, weight_decay: settings.weight_decay, ..ParamsAdamW::default() };
        let optimizer = AdamW::new(&technique.parameters(), params);
        let batches = Batches::new(examples.len(), settings.batch_size, rng);
        Ok(Self { rows, model, settings, batches, technique, optimizer, under_way: None })
    }

    /// The training examples of the next `steps` batches, which are not used up.
    pub fn planned_batches(&self, steps: usize) -> Vec<Vec<usize>> {
        let mut batches = self.batches.clone();
        (0..steps).map(|_| batches.next_batch()).collect()
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
        if self.under_way.as_ref().is_none_or(|step| step.shares.len() != 1) {
            self.shares(1)?;
        }
        if self.advance_share(0)? {
            return Ok(None);
        }
        self.finish_step().map(Some)
    }

    /// Begins the next step, its batch shared by at most `workers`: the training examples of each share.
    /// A step that was under way is thrown away; it has changed nothing.
    pub fn shares(&mut self, workers: usize) -> Result<Vec<Vec<usize>>> {
        let mut batches = self.batches.clone();
        let batch = batches.next_batch();
        let rows = self.rows.rows();
        let shares = shares(&batch, rows, workers);
        self.under_way = Some(UnderWay {
            soft_prompt: self.soft_prompt()?,
            targets: batch.iter().map(|i| rows[*i].targets()).sum(),
            tokens: batch.iter().map(|i| rows[*i].ids.len()).sum(),
            shares: shares.iter().cloned().map(Share::Waiting).collect(),
            batches,
        });
        Ok(shares)
    }

    /// Response tokens of the batch under way.
    pub fn targets(&self) -> usize {
        self.under_way.as_ref().map_or(0, |step| step.targets)
    }

    /// Computes one more block of a share; true while there is more of it to do.
    pub fn advance_share(&mut self, index: usize) -> Result<bool> {
        let step = self.under_way.as_mut().ok_or_else(no_step)?;
        let share = step.shares.get_mut(index).ok_or_else(no_step)?;
        if let Share::Waiting(examples) = share {
            let (prompt, targets) = (step.soft_prompt.clone(), step.targets);
            *share = Share::UnderWay(Box::new(GradientPass::new(&self.model, &self.rows, examples, prompt, targets)?));
        }
        let Share::UnderWay(pass) = share else { return Ok(false) };
        if pass.advance(&self.model) {
            return Ok(true);
        }
        let done = std::mem::replace(share, Share::Waiting(Vec::new()));
        if let Share::UnderWay(pass) = done {
            *share = Share::Done(pass.finish());
        }
        Ok(false)
    }

    /// The gradient of a share that another worker has computed.
    pub fn set_share(&mut self, index: usize, gradient: Gradient) -> Result<()> {
        let step = self.under_way.as_mut().ok_or_else(no_step)?;
        if gradient.d_rows.len() != step.soft_prompt.vectors().len() {
            return Err(Error::Internal("The gradient of a share has another size than the soft prompt.".to_string()));
        }
        *step.shares.get_mut(index).ok_or_else(no_step)? = Share::Done(gradient);
        Ok(())
    }

    /// The update, once every share is there: gradients add up in the order of the shares.
    pub fn finish_step(&mut self) -> Result<StepReport> {
        let UnderWay { shares, targets, tokens, batches, .. } = self.under_way.take().ok_or_else(no_step)?;
        let mut total: Option<Gradient> = None;
        for share in shares {
            let Share::Done(gradient) = share else {
                return Err(Error::Internal("A step cannot end before all of its shares are there.".to_string()));
            };
            match &mut total {
                None => total = Some(gradient),
                Some(total) => {
                    total.loss_sum += gradient.loss_sum;
                    total.flop += gradient.flop;
                    add(&mut total.d_rows, &gradient.d_rows);
                }
            }
        }
        let Gradient { loss_sum, d_rows, flop } = total.ok_or_else(no_step)?;
        let mut gradients = self.technique.backward(&d_rows);
        let grad_norm = self.clip(&mut gradients);
        let learning_rate = self.settings.learning_rate_at(self.step_number());
        self.optimizer.params.lr = learning_rate;
        self.optimizer.step(self.technique.parameters_mut(), &gradients);
        self.batches = batches;
        let loss = loss_sum / targets as f64;
        Ok(StepReport { step: self.step_number(), loss, grad_norm, learning_rate, tokens, flop })
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
        self.technique.soft_prompt().finite()
    }

    /// How many numbers are trained.
    pub fn trained_numbers(&self) -> usize {
        self.technique.trained_numbers()
    }

    pub(crate) fn technique(&self) -> &dyn Technique {
        self.technique.as_ref()
    }

    pub(crate) fn technique_mut(&mut self) -> &mut dyn Technique {
        self.technique.as_mut()
    }

    /// Shortens the gradient to `max_grad_norm` (PyTorch's `clip_grad_norm_`); returns its length before.
    fn clip(&self, gradients: &mut [Vec<f32>]) -> f64 {
        let norm = gradients.iter().flatten().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let factor = self.settings.max_grad_norm / (norm + 1e-6);
        if self.settings.max_grad_norm > 0.0 && factor < 1.0 {
            gradients.iter_mut().flatten().for_each(|g| *g *= factor as f32);
        }
        norm
    }
}

fn no_step() -> Error {
    Error::Internal("There is no such share of a step under way.".to_string())
}
