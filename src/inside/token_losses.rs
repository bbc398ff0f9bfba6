//! The loss of every response token of an example: where the model is surprised.

use serde::Serialize;

use crate::dataset::Example;
use crate::error::Result;
use crate::language_model::LanguageModel;
use crate::ops::cross_entropy::Prediction;
use crate::soft_prompt::SoftPrompt;

/// One token of the response, end of turn included.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TokenLoss {
    pub text: String,
    /// −log of its probability, nats.
    pub loss: f32,
    /// What the model gave it, with all tokens before it known; 0 to 1.
    pub probability: f32,
    /// It was the likeliest of all tokens.
    pub correct: bool,
    /// The likeliest token's text.
    pub likeliest: String,
}

/// `prompt`: [`SoftPrompt::none`] for the base model. The mean of the losses is what
/// [`crate::evaluation::Evaluation`] reports.
///
/// # Errors
/// Where the example cannot be trained on.
pub fn token_losses(model: &LanguageModel, example: &Example, prompt: &SoftPrompt) -> Result<Vec<TokenLoss>> {
    model.check_trainable(std::slice::from_ref(example), prompt.virtual_tokens())?;
    let row = model.tokenizer.token_row(example)?;
    let predictions = model.predictions(&row, prompt)?;
    let token = |(id, prediction): (&u32, Prediction)| TokenLoss {
        text: model.tokenizer.token_text(*id),
        loss: prediction.loss,
        probability: (-prediction.loss).exp().min(1.0),
        correct: prediction.correct,
        likeliest: model.tokenizer.token_text(prediction.likeliest),
    };
    Ok(row.ids[row.response..].iter().zip(predictions).map(token).collect())
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::evaluation::Evaluation;
    use crate::inside::tiny::{self, close};

    fn example() -> Example {
        Example::new("How do I reset my hub?", "Unplug it, and wait for 30 seconds. ✓")
    }

    #[test]
    fn the_losses_are_those_of_the_evaluation() {
        let model = Rc::new(tiny::bundled());
        let prompt = SoftPrompt::of_embeddings(model.llama.embed(&[5, 80, 300]), &model.llama).unwrap();
        for prompt in [SoftPrompt::none(), prompt] {
            let tokens = token_losses(&model, &example(), &prompt).unwrap();
            let mut evaluation = Evaluation::new(model.clone(), &[example()], prompt).unwrap();
            while evaluation.advance().unwrap() {}
            let report = evaluation.report();
            assert_eq!(tokens.len(), report.tokens);
            let sum: f64 = tokens.iter().map(|t| f64::from(t.loss)).sum();
            assert!(close(sum, report.loss * report.tokens as f64, 1e-9));
            let correct = tokens.iter().filter(|t| t.correct).count() as f64;
            assert!(close(correct / tokens.len() as f64, report.token_accuracy, 1e-12));
            for token in &tokens {
                assert!((0.0..=1.0).contains(&token.probability));
                assert!(close(f64::from(token.probability.ln()), -f64::from(token.loss), 1e-4));
                assert!(!token.correct || token.likeliest == token.text, "{token:?}");
            }
        }
    }

    #[test]
    fn the_likeliest_token_is_that_of_the_logits() {
        let model = tiny::bundled();
        let row = model.tokenizer.token_row(&example()).unwrap();
        let logits = model.logits(&row.ids).unwrap();
        let tokens = token_losses(&model, &example(), &SoftPrompt::none()).unwrap();
        for (i, token) in tokens.iter().enumerate() {
            let logits = logits.chunks_exact(model.llama.config.vocab_size).nth(row.response - 1 + i).unwrap();
            let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
            assert_eq!(token.likeliest, model.tokenizer.token_text(best as u32));
            assert_eq!(token.correct, best as u32 == row.ids[row.response + i]);
        }
        assert!(tokens.iter().any(|t| t.correct) && tokens.iter().any(|t| !t.correct), "too easy an example");
    }

    #[test]
    fn an_example_that_cannot_be_trained_on_says_why() {
        let model = tiny::bundled();
        let error = token_losses(&model, &Example::new("word ".repeat(3000), "x"), &SoftPrompt::none()).unwrap_err();
        assert!(error.to_string().contains("positions"), "{error}");
    }
}
