//! The training examples as the engine needs them: token rows, and what of the first block is the same in every step.
//!
//! Nothing of a text row depends on the soft prompt before the first attention: its embedding, query, key and value in
//! the first block are computed once per run.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::block::Projection;
use crate::dataset::Example;
use crate::error::Result;
use crate::language_model::LanguageModel;
use crate::model::Llama;
use crate::rows::{Rows, TokenRow};

/// Numbers that may be kept for all examples together (64 MiB); larger datasets go without.
const MOST_NUMBERS: usize = 16 << 20;

/// The constant part of the first block, computed when an example is used first.
#[derive(Clone)]
pub struct FirstBlocks {
    rows: Rc<[TokenRow]>,
    blocks: Rc<[OnceCell<FirstBlock>]>,
    virtual_tokens: usize,
}

/// That of one example, without its last token, which is no row.
struct FirstBlock {
    x: Vec<f32>, // (rows, hidden size), the embeddings
    projection: Projection,
}

pub struct TrainingRows {
    rows: Rc<[TokenRow]>,
    first_blocks: Option<FirstBlocks>,
}

impl TrainingRows {
    /// # Errors
    /// Where a row cannot be trained on with `virtual_tokens` in front.
    pub fn new(model: &LanguageModel, examples: &[Example], virtual_tokens: usize) -> Result<Self> {
        model.check_trainable(examples, virtual_tokens)?;
        Ok(Self::of_rows(model, model.token_rows(examples)?, virtual_tokens))
    }

    /// As [`TrainingRows::new`], from rows that are known to fit.
    pub fn of_rows(model: &LanguageModel, rows: Vec<TokenRow>, virtual_tokens: usize) -> Self {
        let config = &model.llama.config;
        let row = config.hidden_size + (config.num_attention_heads + 2 * config.num_key_value_heads) * config.head_dim;
        let tokens: usize = rows.iter().map(|row| row.ids.len()).sum();
        let fits = tokens.saturating_mul(row) <= MOST_NUMBERS;
        let rows: Rc<[TokenRow]> = rows.into();
        let blocks = || rows.iter().map(|_| OnceCell::new()).collect();
        let first_blocks = fits.then(|| FirstBlocks { rows: rows.clone(), blocks: blocks(), virtual_tokens });
        Self { rows, first_blocks }
    }

    pub fn rows(&self) -> &[TokenRow] {
        &self.rows
    }

    /// None where they would take too much memory.
    pub fn first_blocks(&self) -> Option<FirstBlocks> {
        self.first_blocks.clone()
    }
}

impl FirstBlock {
    fn of(llama: &Llama, row: &TokenRow, virtual_tokens: usize) -> Self {
        let count = row.ids.len() - 1;
        let x = llama.embed(&row.ids[..count]);
        let positions: Vec<usize> = (virtual_tokens..virtual_tokens + count).collect();
        let projection = llama.first_projection(&x, &positions);
        Self { x, projection }
    }
}

impl FirstBlocks {
    /// The first block's input (R, hidden size) and projection for a batch with `soft_rows` in front (none in prefix
    /// tuning); `examples` are the batch's training examples.
    pub fn of_batch(
        &self,
        llama: &Llama,
        rows: &Rows,
        examples: &[usize],
        soft_rows: &[f32],
    ) -> (Vec<f32>, Projection) {
        let mut x = soft_rows.to_vec();
        let mut all = match rows.virtual_tokens {
            0 => Projection::default(),
            n => llama.first_projection(soft_rows, &rows.positions[..n]),
        };
        for (example, tokens) in rows.pieces.iter().filter(|(_, tokens)| !tokens.is_empty()) {
            let index = examples[*example];
            let FirstBlock { x: embeddings, projection } =
                self.blocks[index].get_or_init(|| FirstBlock::of(llama, &self.rows[index], self.virtual_tokens));
            let count = embeddings.len() / llama.config.hidden_size;
            let part = |values: &[f32], into: &mut Vec<f32>| {
                let width = values.len() / count;
                into.extend_from_slice(&values[tokens.start * width..tokens.end * width]);
            };
            part(embeddings, &mut x);
            part(&projection.q, &mut all.q);
            part(&projection.k, &mut all.k);
            part(&projection.v, &mut all.v);
        }
        (x, all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradient_pass::{Gradient, GradientPass};
    use crate::inside::tiny;
    use crate::ops::gradient_check::random;
    use crate::soft_prompt::SoftPrompt;

    fn gradient(model: &LanguageModel, rows: &TrainingRows, prompt: &SoftPrompt) -> Gradient {
        let mut pass = GradientPass::new(model, rows, &[0, 2, 1], prompt.clone(), 9).unwrap();
        while pass.advance(model) {}
        pass.finish()
    }

    #[test]
    fn a_large_dataset_has_the_same_gradient_without_what_is_kept() {
        let model = tiny::bundled();
        let examples = ["one", "and two", "three of them"].map(|text| Example::new(text, "Yes, of course."));
        let prompt = SoftPrompt::of_embeddings(random(4 * model.llama.config.hidden_size, 1), &model.llama).unwrap();
        let kept = TrainingRows::new(&model, &examples, 4).unwrap();
        assert!(kept.first_blocks().is_some());
        let without = TrainingRows { rows: kept.rows.clone(), first_blocks: None };
        let (a, b) = (gradient(&model, &kept, &prompt), gradient(&model, &without, &prompt));
        assert!((a.loss_sum - b.loss_sum).abs() < 1e-4 * a.loss_sum, "{} and {}", a.loss_sum, b.loss_sum);
        let largest = b.d_rows.iter().fold(0.0_f32, |most, d| most.max(d.abs()));
        assert!(largest > 0.0 && a.d_rows.iter().zip(&b.d_rows).all(|(a, b)| (a - b).abs() < 1e-4 * largest));
    }
}
