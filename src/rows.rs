//! The rows of a batch: the soft prompt once, then what all examples begin with once, then every example, one after
//! another without padding.

use std::ops::Range;

use crate::block::Place;
use crate::error::{Error, Result};
use crate::ops::attention::Span;
use crate::soft_prompt::{PromptKind, SoftPrompt};

/// One example as token ids.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenRow {
    /// Chat template, input, response and end of turn.
    pub ids: Vec<u32>,
    /// Index of the first response token; it and all after it are learned.
    pub response: usize,
}

impl TokenRow {
    /// Number of tokens that the loss is taken over.
    pub fn targets(&self) -> usize {
        self.ids.len() - self.response
    }
}

/// Where every row of a batch stands and what it predicts.
///
/// The opening of the chat template is the same in all examples, and like the soft prompt it sees nothing but itself:
/// those rows are there once, and every example attends to them. The last token of an example predicts nothing, so it
/// is no row at all.
pub struct Rows {
    /// Virtual tokens that are rows of the batch.
    pub virtual_tokens: usize,
    /// Virtual tokens that are no rows, only keys and values in every layer's cache (prefix tuning); with them the keys
    /// are counted from the start of the cache.
    pub prefix_keys: usize,
    /// Token of each row after the virtual ones.
    pub ids: Vec<u32>,
    /// Where those tokens come from: (example, tokens of it), in order.
    pub pieces: Vec<(usize, Range<usize>)>,
    /// Position of each row, virtual tokens included.
    pub positions: Vec<usize>,
    /// The keys that each row attends to.
    pub spans: Vec<Span>,
    /// Rows that predict a response token, ascending.
    pub predicting: Vec<usize>,
    /// The token that each of them should predict.
    pub targets: Vec<u32>,
}

impl Rows {
    /// # Errors
    /// Where an example and the virtual tokens do not fit the model's context of `context` positions.
    pub fn new(prompt: &SoftPrompt, examples: &[&TokenRow], context: usize) -> Result<Self> {
        let (virtual_tokens, prefix_keys) = match prompt.kind() {
            PromptKind::Embeddings => (prompt.virtual_tokens(), 0),
            PromptKind::KeysValues => (0, prompt.virtual_tokens()),
        };
        let mut rows = Self {
            virtual_tokens,
            prefix_keys,
            ids: Vec::new(),
            pieces: Vec::new(),
            positions: (0..virtual_tokens).collect(),
            spans: (0..virtual_tokens).map(|last| Span { shared: 0, first: 0, last }).collect(),
            predicting: Vec::new(),
            targets: Vec::new(),
        };
        let shared = shared_tokens(examples);
        if shared > 0 {
            rows.add(0, examples[0], 0..shared, 0, 0);
        }
        for (i, example) in examples.iter().enumerate() {
            let needed = prompt.virtual_tokens() + example.ids.len();
            if needed > context {
                return Err(Error::input(format!(
                    "An example needs {needed} positions with its {} virtual tokens, but the model has {context}. Shorten the example or use fewer virtual tokens.",
                    prompt.virtual_tokens()
                )));
            }
            let first = rows.prefix_keys + rows.spans.len();
            rows.add(i, example, shared..example.ids.len() - 1, prompt.virtual_tokens() + shared, first);
        }
        Ok(rows)
    }

    /// Adds some tokens of an example, which attend to the first `shared` keys and to those from `first` on.
    fn add(&mut self, index: usize, example: &TokenRow, tokens: Range<usize>, shared: usize, first: usize) {
        for t in tokens.clone() {
            let row = self.spans.len();
            self.ids.push(example.ids[t]);
            self.positions.push(self.in_front() + t);
            self.spans.push(Span { shared, first, last: self.prefix_keys + row });
            if t + 1 >= example.response {
                self.predicting.push(row);
                self.targets.push(example.ids[t + 1]);
            }
        }
        self.pieces.push((index, tokens));
    }

    /// Where the rows stand; the rows that predict are the ones asked for.
    pub fn place(&self) -> Place<'_> {
        Place { positions: &self.positions, spans: &self.spans, queries: &self.predicting }
    }

    /// Positions in front of the text.
    pub fn in_front(&self) -> usize {
        self.virtual_tokens + self.prefix_keys
    }

    /// Number of rows, virtual ones included.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// How many tokens all examples begin with, not counting any that predicts a response.
fn shared_tokens(examples: &[&TokenRow]) -> usize {
    let [first, others @ ..] = examples else { return 0 };
    let same = |other: &&TokenRow| first.ids.iter().zip(&other.ids).take_while(|(a, b)| a == b).count();
    let most = examples.iter().map(|example| example.response.saturating_sub(1)).min().unwrap_or(0);
    others.iter().map(same).min().unwrap_or(0).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(kind: PromptKind, virtual_tokens: usize) -> SoftPrompt {
        SoftPrompt::of_width(vec![0.0; virtual_tokens], 1, kind)
    }

    #[test]
    fn prefix_keys_are_attended_to_and_are_no_rows() {
        let (a, b) = (TokenRow { ids: vec![1, 2, 9], response: 2 }, TokenRow { ids: vec![1, 4, 9], response: 2 });
        let rows = Rows::new(&prompt(PromptKind::KeysValues, 3), &[&a, &b], 10).unwrap();
        assert_eq!((rows.virtual_tokens, rows.prefix_keys, rows.len()), (0, 3, 3));
        assert_eq!(rows.positions, [3, 4, 4]);
        let keys = |row: usize| {
            let Span { shared, first, last } = rows.spans[row];
            (0..shared).chain(first..=last).collect::<Vec<_>>()
        };
        assert_eq!([keys(0), keys(1), keys(2)], [vec![0, 1, 2, 3], vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3, 5]]);
    }

    #[test]
    fn what_all_examples_begin_with_is_there_once() {
        let a = TokenRow { ids: vec![1, 2, 3, 4, 9], response: 3 };
        let b = TokenRow { ids: vec![1, 2, 5, 9], response: 3 };
        let rows = Rows::new(&prompt(PromptKind::Embeddings, 2), &[&a, &b], 10).unwrap();
        assert_eq!(rows.ids, [1, 2, 3, 4, 5]);
        assert_eq!(rows.pieces, [(0, 0..2), (0, 2..4), (1, 2..3)]);
        assert_eq!(rows.positions, [0, 1, 2, 3, 4, 5, 4]);
        let keys = |row: usize| {
            let Span { shared, first, last } = rows.spans[row];
            (0..shared).chain(first..=last).collect::<Vec<_>>()
        };
        assert_eq!(keys(3), [0, 1, 2, 3], "the opening attends to the soft prompt and itself");
        assert_eq!(keys(5), [0, 1, 2, 3, 4, 5]);
        assert_eq!(keys(6), [0, 1, 2, 3, 6]);
        assert_eq!((rows.predicting, rows.targets), (vec![4, 5, 6], vec![4, 9, 9]));
    }

    #[test]
    fn examples_do_not_see_each_other_without_a_soft_prompt() {
        let (a, b) = (TokenRow { ids: vec![1, 2, 9], response: 1 }, TokenRow { ids: vec![3, 4, 9], response: 1 });
        let rows = Rows::new(&SoftPrompt::none(), &[&a, &b], 10).unwrap();
        let firsts: Vec<usize> = rows.spans.iter().map(|span| span.first).collect();
        assert_eq!((firsts, rows.positions), (vec![0, 0, 2, 2], vec![0, 1, 0, 1]));
    }

    #[test]
    fn a_row_that_predicts_belongs_to_its_example() {
        let a = TokenRow { ids: vec![1, 2, 3, 9], response: 2 };
        let b = TokenRow { ids: vec![1, 2, 3, 4, 9], response: 3 };
        assert_eq!(
            Rows::new(&prompt(PromptKind::Embeddings, 1), &[&a, &b], 10).unwrap().pieces,
            [(0, 0..1), (0, 1..3), (1, 1..4)]
        );
        assert_eq!(
            Rows::new(&prompt(PromptKind::Embeddings, 1), &[&a], 10).unwrap().pieces,
            [(0, 0..3)],
            "nothing to share with one example"
        );
    }
}
