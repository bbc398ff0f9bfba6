//! Loss and token accuracy over some examples, one example at a time, so that a worker can answer in between.

use std::rc::Rc;

use serde::Serialize;

use crate::dataset::Example;
use crate::discrete_prompt::DiscretePrompt;
use crate::error::{Error, Result};
use crate::language_model::{LanguageModel, quoted};
use crate::ops::cross_entropy::Prediction;
use crate::rows::TokenRow;
use crate::soft_prompt::SoftPrompt;

/// Means over the response tokens of one example.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ExampleLoss {
    /// Nats.
    pub loss: f64,
    pub tokens: usize,
    pub token_accuracy: f64,
}

/// Means over all response tokens.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
    prompt: SoftPrompt,
    predictions: Vec<Vec<Prediction>>,
}

impl Evaluation {
    /// `prompt`: [`SoftPrompt::none`] for the base model.
    pub fn new(model: Rc<LanguageModel>, examples: &[Example], prompt: SoftPrompt) -> Result<Self> {
        Self::after(model, examples, prompt, &DiscretePrompt::default())
    }

    /// As [`Evaluation::new`], every example after the turns of `front`.
    pub fn after(
        model: Rc<LanguageModel>,
        examples: &[Example],
        prompt: SoftPrompt,
        front: &DiscretePrompt,
    ) -> Result<Self> {
        model.check_trainable(examples, prompt.virtual_tokens())?;
        let rows = examples.iter().map(|example| model.tokenizer.token_row_after(front, example));
        let rows = rows.collect::<Result<Vec<TokenRow>>>()?;
        let context = model.llama.config.max_position_embeddings;
        let needed = |row: &TokenRow| prompt.virtual_tokens() + row.ids.len();
        if let Some((example, row)) = examples.iter().zip(&rows).find(|(_, row)| needed(row) > context) {
            return Err(Error::input(format!(
                "The example {} needs {} positions with what stands in front of it, but the model has {context}. {}.",
                quoted(example),
                needed(row),
                front.shorten()
            )));
        }
        Ok(Self { rows, model, prompt, predictions: Vec::new() })
    }

    /// Evaluates one more example; true while there are more.
    pub fn advance(&mut self) -> Result<bool> {
        if let Some(row) = self.rows.get(self.predictions.len()) {
            self.predictions.push(self.model.predictions(row, &self.prompt)?);
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
