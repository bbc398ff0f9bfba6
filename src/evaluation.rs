//! Loss and token accuracy over some examples, one example at a time, so that a worker can answer in between.

use std::rc::Rc;

use serde::Serialize;

use crate::dataset::Example;
use crate::error::Result;
use crate::language_model::LanguageModel;
use crate::ops::cross_entropy::Prediction;
use crate::rows::TokenRow;

/// Means over the response tokens of one example.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExampleLoss {
    /// Nats.
    pub loss: f64,
    pub tokens: usize,
    pub token_accuracy: f64,
}

/// Means over all response tokens.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LossReport {
    /// Nats.
    pub loss: f64,
    pub perplexity: f64,
    pub tokens: usize,
    pub token_accuracy: f64,
    pub examples: Vec<ExampleLoss>,
}

pub struct Evaluation {
    model: Rc<LanguageModel>,
    rows: Vec<TokenRow>,
    soft_rows: Vec<f32>,
    predictions: Vec<Vec<Prediction>>,
}

impl Evaluation {
    /// `soft_rows`: (virtual tokens, hidden size), empty for the base model.
    pub fn new(model: Rc<LanguageModel>, examples: &[Example], soft_rows: Vec<f32>) -> Result<Self> {
        model.check_trainable(examples, soft_rows.len() / model.llama.config.hidden_size)?;
        Ok(Self { rows: model.token_rows(examples)?, model, soft_rows, predictions: Vec::new() })
    }

    /// Evaluates one more example; true while there are more.
    pub fn advance(&mut self) -> Result<bool> {
        if let Some(row) = self.rows.get(self.predictions.len()) {
            self.predictions.push(self.model.predictions(row, &self.soft_rows)?);
        }
        Ok(self.done() < self.total())
    }

    pub fn done(&self) -> usize {
        self.predictions.len()
    }

    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// Over the examples evaluated so far.
    pub fn report(&self) -> LossReport {
        let all = summary(self.predictions.iter().flatten());
        LossReport {
            loss: all.loss,
            perplexity: all.loss.exp(),
            tokens: all.tokens,
            token_accuracy: all.token_accuracy,
            examples: self.predictions.iter().map(|p| summary(p.iter())).collect(),
        }
    }
}

fn summary<'a>(predictions: impl Iterator<Item = &'a Prediction>) -> ExampleLoss {
    let (mut loss, mut correct, mut tokens) = (0.0, 0, 0);
    for prediction in predictions {
        loss += f64::from(prediction.loss);
        correct += usize::from(prediction.correct);
        tokens += 1;
    }
    let count = tokens.max(1) as f64;
    ExampleLoss { loss: loss / count, tokens, token_accuracy: correct as f64 / count }
}
