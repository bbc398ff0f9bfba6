//! How much the response looks at the soft prompt: the attention weights of every layer and head.

use serde::Serialize;

use crate::dataset::Example;
use crate::error::{Error, Result};
use crate::kernels::vector::{add, dot, scaled_softmax};
use crate::language_model::LanguageModel;
use crate::rows::{Rows, TokenRow};
use crate::soft_prompt::SoftPrompt;

/// Attention weights on the virtual tokens. A row's weights on all that it sees sum to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AttentionReport {
    /// (layers, heads, virtual tokens): mean over the rows that predict a response token.
    pub weights: Vec<Vec<Vec<f32>>>,
    /// (layers, heads): their sum over the virtual tokens.
    pub totals: Vec<Vec<f32>>,
    /// For every response token, end of turn included, the total of the row that predicts it.
    pub tokens: Vec<TokenAttention>,
    /// The total if all positions had the same weight: mean over the rows that predict.
    pub even_share: f32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TokenAttention {
    pub text: String,
    /// Weight on all virtual tokens: mean over layers and heads.
    pub total: f32,
}

/// Runs `example` with `prompt` in front, of either kind.
///
/// # Errors
/// Where there is no virtual token, or the example cannot be trained on.
pub fn attention(model: &LanguageModel, example: &Example, prompt: &SoftPrompt) -> Result<AttentionReport> {
    if prompt.virtual_tokens() == 0 {
        return Err(Error::input(
            "There are no virtual tokens to look at. Train a soft prompt in step 5, or choose one.",
        ));
    }
    model.check_trainable(std::slice::from_ref(example), prompt.virtual_tokens())?;
    report(model, &model.tokenizer.token_row(example)?, prompt)
}

fn report(model: &LanguageModel, row: &TokenRow, prompt: &SoftPrompt) -> Result<AttentionReport> {
    let rows = model.batch(&[row], prompt)?;
    let (layers, heads, count) = (model.llama.layers(), model.llama.config.heads().heads, prompt.virtual_tokens());
    let responses = rows.predicting.len();
    let mut weights = vec![vec![vec![0.0; count]; heads]; layers];
    let mut row_totals = vec![0.0f32; responses];
    for_each_row(model, &rows, prompt, |place, row| {
        add(&mut weights[place.layer][place.head], &row[..count]);
        row_totals[place.response] += row[..count].iter().sum::<f32>();
    });
    weights.iter_mut().flatten().flatten().for_each(|weight| *weight /= responses as f32);
    let total = |head: &Vec<f32>| head.iter().sum();
    let totals = weights.iter().map(|heads| heads.iter().map(total).collect()).collect();
    let token = |(id, total): (&u32, &f32)| TokenAttention {
        text: model.tokenizer.token_text(*id),
        total: total / (layers * heads) as f32,
    };
    let even = rows.predicting.iter().map(|row| count as f32 / (rows.spans[*row].last + 1) as f32).sum::<f32>();
    Ok(AttentionReport {
        weights,
        totals,
        tokens: rows.targets.iter().zip(&row_totals).map(token).collect(),
        even_share: even / responses as f32,
    })
}

/// Whose weights they are.
#[derive(Debug, Clone, Copy, PartialEq)]
struct RowPlace {
    layer: usize,
    head: usize,
    /// Index of the response token that the row predicts.
    response: usize,
}

/// Calls `visit` with softmax(q Kᵀ / sqrt(size)) of every predicting row of one example: its weights on all positions up
/// to its own, the virtual tokens first.
fn for_each_row(model: &LanguageModel, rows: &Rows, prompt: &SoftPrompt, mut visit: impl FnMut(RowPlace, &[f32])) {
    let sizes = model.llama.config.heads();
    let (size, kv_width) = (sizes.head_size, sizes.kv_heads * sizes.head_size);
    let mut x = model.inputs(rows, prompt);
    for (layer, kv) in prompt.cache(&model.llama).iter_mut().enumerate() {
        let (y, tape) = model.llama.layer_forward(layer, x, rows.place(), kv, true);
        x = y;
        let Some(tape) = tape else { continue };
        for (response, row) in rows.predicting.iter().enumerate() {
            let (query, keys) = tape.query_and_keys(*row);
            let seen = keys.chunks_exact(kv_width).take(rows.spans[*row].last + 1);
            for (head, query) in query.chunks_exact(size).enumerate() {
                let group = head / (sizes.heads / sizes.kv_heads) * size;
                let mut weights: Vec<f32> = seen.clone().map(|key| dot(query, &key[group..group + size])).collect();
                scaled_softmax(&mut weights, 1.0 / (size as f32).sqrt());
                visit(RowPlace { layer, head, response }, &weights);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inside::tiny::{self, Tiny, close};
    use crate::ops::gradient_check::random;
    use crate::soft_prompt::PromptKind;

    const KINDS: [PromptKind; 2] = [PromptKind::Embeddings, PromptKind::KeysValues];

    fn prompt(model: &LanguageModel, kind: PromptKind, virtual_tokens: usize) -> SoftPrompt {
        let width = kind.width(&model.llama.config);
        SoftPrompt::new(random(virtual_tokens * width, 9), kind, &model.llama).unwrap()
    }

    #[test]
    fn every_row_sums_to_one_and_is_that_of_a_computation_from_scratch() {
        let (tiny, row) = (Tiny::new(), TokenRow { ids: vec![7, 3, 90, 11, 4, 4, 60], response: 3 });
        for kind in KINDS {
            let prompt = prompt(&tiny.model, kind, 3);
            let expected = tiny.attention(&row.ids, &prompt);
            let rows = tiny.model.batch(&[&row], &prompt).unwrap();
            let mut visited = 0;
            for_each_row(&tiny.model, &rows, &prompt, |place, weights| {
                let position = 3 + row.response - 1 + place.response;
                assert_eq!(weights.len(), position + 1, "a row sees itself and what is before it");
                assert!(close(weights.iter().map(|w| f64::from(*w)).sum(), 1.0, 1e-5));
                let expected = &expected[place.layer][place.head][row.response - 1 + place.response];
                assert_eq!(weights.len(), expected.len());
                for (ours, theirs) in weights.iter().zip(expected) {
                    assert!(close(f64::from(*ours), *theirs, 1e-5), "{kind:?} {place:?}: {ours} is not {theirs}");
                }
                visited += 1;
            });
            assert_eq!(visited, tiny::LAYERS * tiny::HEADS * row.targets());
        }
    }

    #[test]
    fn the_report_is_the_mean_of_the_rows() {
        let (tiny, row) = (Tiny::new(), TokenRow { ids: vec![7, 3, 90, 11, 4], response: 3 });
        for kind in KINDS {
            let prompt = prompt(&tiny.model, kind, 2);
            let expected = tiny.attention(&row.ids, &prompt);
            let report = report(&tiny.model, &row, &prompt).unwrap();
            for (layer, heads) in expected.iter().enumerate() {
                for (head, rows) in heads.iter().enumerate() {
                    let (a, b) = (&rows[2], &rows[3]);
                    for v in 0..2 {
                        assert!(close(f64::from(report.weights[layer][head][v]), (a[v] + b[v]) / 2.0, 1e-5));
                    }
                    let total = (a[0] + a[1] + b[0] + b[1]) / 2.0;
                    assert!(close(f64::from(report.totals[layer][head]), total, 1e-5));
                }
            }
            let all = |row: usize| expected.iter().flatten().map(|rows| rows[row][0] + rows[row][1]).sum::<f64>();
            for (i, token) in report.tokens.iter().enumerate() {
                let mean = all(2 + i) / (tiny::LAYERS * tiny::HEADS) as f64;
                assert!(close(f64::from(token.total), mean, 1e-5));
            }
            assert!(close(f64::from(report.even_share), (2.0 / 5.0 + 2.0 / 6.0) / 2.0, 1e-6));
        }
    }

    #[test]
    fn what_comes_later_changes_nothing() {
        let tiny = Tiny::new();
        for kind in KINDS {
            let prompt = prompt(&tiny.model, kind, 2);
            let total = |last: u32| {
                let row = TokenRow { ids: vec![7, 3, 90, last, 4], response: 3 };
                report(&tiny.model, &row, &prompt).unwrap().tokens[0].total
            };
            assert_eq!(total(11), total(12));
        }
    }

    #[test]
    fn an_example_in_words() {
        let model = tiny::bundled();
        let example = Example::new("Reset?", "Unplug it.");
        for kind in KINDS {
            let report = attention(&model, &example, &prompt(&model, kind, 4)).unwrap();
            let text: String = report.tokens.iter().map(|t| t.text.as_str()).collect();
            assert_eq!(text, "Unplug it.<|im_end|>");
            assert_eq!((report.weights.len(), report.weights[0][0].len()), (model.llama.layers(), 4));
            assert!(report.totals.iter().flatten().all(|total| (0.0..=1.00001).contains(total)));
        }
        let error = attention(&model, &example, &SoftPrompt::none()).unwrap_err().to_string();
        assert!(error.contains("no virtual tokens"), "{error}");
    }
}
