//! The rows of a batch: the soft prompt once, then every example, one after another without padding.

use crate::block::Place;
use crate::error::{Error, Result};
use crate::ops::attention::Span;

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
/// The last token of an example predicts nothing, so it is no row at all.
pub struct Rows {
    pub virtual_tokens: usize,
    /// Token of each row after the virtual ones.
    pub ids: Vec<u32>,
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
    pub fn new(virtual_tokens: usize, examples: &[&TokenRow], context: usize) -> Result<Self> {
        let mut rows = Self {
            virtual_tokens,
            ids: Vec::new(),
            positions: (0..virtual_tokens).collect(),
            spans: (0..virtual_tokens).map(|last| Span { shared: 0, first: 0, last }).collect(),
            predicting: Vec::new(),
            targets: Vec::new(),
        };
        for example in examples {
            let needed = virtual_tokens + example.ids.len();
            if needed > context {
                return Err(Error::input(format!(
                    "An example needs {needed} positions with its {virtual_tokens} virtual tokens, but the model has {context}. Shorten the example or use fewer virtual tokens."
                )));
            }
            rows.add(example);
        }
        Ok(rows)
    }

    fn add(&mut self, example: &TokenRow) {
        let first = self.spans.len();
        for t in 0..example.ids.len() - 1 {
            self.ids.push(example.ids[t]);
            self.positions.push(self.virtual_tokens + t);
            self.spans.push(Span { shared: self.virtual_tokens, first, last: first + t });
            if t + 1 >= example.response {
                self.predicting.push(first + t);
                self.targets.push(example.ids[t + 1]);
            }
        }
    }

    /// Where the rows stand; the rows that predict are the ones asked for.
    pub fn place(&self) -> Place<'_> {
        Place { positions: &self.positions, spans: &self.spans, queries: &self.predicting }
    }

    /// Number of rows, virtual ones included.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}
