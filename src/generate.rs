//! Decoding with a cache of keys and values, so that a worker can answer in between: one block of the network at a call
//! while the prompt is read, then one token at a call. The keys and values of a soft prompt are computed once and kept
//! with the model ([`crate::prompt_cache`]).

use std::collections::VecDeque;
use std::rc::Rc;

use serde::Serialize;

use crate::block::{KeysValues, Place};
use crate::discrete_prompt::DiscretePrompt;
use crate::error::{Error, Result};
use crate::kernels::gemm;
use crate::language_model::LanguageModel;
use crate::ops::attention::Span;
use crate::sampler::{GenerationSettings, Sampler};
use crate::soft_prompt::SoftPrompt;

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// The model ended its turn.
    Stop,
    /// The longest allowed answer, or the end of the context.
    Length,
}

/// Rows of the prompt on their way through the network.
struct Reading {
    /// The soft prompt, whose keys and values are kept for the next answer.
    soft_prompt: bool,
    rows: usize,
    /// Block that comes next.
    layer: usize,
    x: Vec<f32>, // (rows, hidden size)
}

pub struct Generation {
    model: Rc<LanguageModel>,
    sampler: Sampler,
    cache: Vec<KeysValues>,
    position: usize,
    /// What is still to be read, in order.
    reading: VecDeque<Reading>,
    soft_prompt: SoftPrompt,
    logits: Vec<f32>,
    written: Vec<u32>,
    text: String,
    longest: usize,
    finished: Option<FinishReason>,
}

impl Generation {
    /// Reads the prompt: the soft prompt (may be none), then the chat template around `input`.
    /// `front` are words in front of it: an instruction, examples as turns.
    ///
    /// # Errors
    /// Where the prompt leaves no room for an answer, or a setting is out of range.
    pub fn new(
        model: Rc<LanguageModel>,
        input: &str,
        front: &DiscretePrompt,
        soft_prompt: &SoftPrompt,
        settings: &GenerationSettings,
    ) -> Result<Self> {
        settings.check()?;
        let config = &model.llama.config;
        let ids: Vec<u32> = model.tokenizer.prompt_after(front, input)?.into_iter().map(|t| t.id).collect();
        if ids.is_empty() {
            return Err(Error::model(
                "The chat template of this model makes nothing of the question, so there is nothing to answer. Choose another model.",
            ));
        }
        let virtual_tokens = soft_prompt.virtual_tokens();
        let length = virtual_tokens + ids.len();
        let room = config.max_position_embeddings.saturating_sub(length);
        if room == 0 {
            let (with, advice) = if *front != DiscretePrompt::default() {
                (" with what stands in front of it".into(), front.shorten())
            } else if virtual_tokens > 0 {
                let with = format!(" with its {virtual_tokens} virtual tokens");
                (with, "Shorten the question or use fewer virtual tokens".into())
            } else {
                (String::new(), "Shorten the question".to_string())
            };
            return Err(Error::input(format!(
                "The question needs {length} positions{with}, but the model has {}. {advice}.",
                config.max_position_embeddings
            )));
        }
        let text = Reading { soft_prompt: false, rows: ids.len(), layer: 0, x: model.llama.embed(&ids) };
        let prompt = Reading { soft_prompt: true, rows: virtual_tokens, layer: 0, x: soft_prompt.rows().to_vec() };
        let (cache, position, reading) = match model.prompts.get(soft_prompt) {
            Some(cache) => (cache, virtual_tokens, VecDeque::from([text])),
            // Keys and values are there already, or there are none.
            None if soft_prompt.rows().is_empty() => {
                (soft_prompt.cache(&model.llama), virtual_tokens, VecDeque::from([text]))
            }
            None => (model.llama.new_cache(), 0, VecDeque::from([prompt, text])),
        };
        Ok(Self {
            sampler: Sampler::new(settings),
            cache,
            position,
            reading,
            soft_prompt: soft_prompt.clone(),
            logits: vec![0.0; config.vocab_size],
            written: Vec::new(),
            text: String::new(),
            longest: room.min(settings.max_new_tokens as usize),
            finished: None,
            model,
        })
    }

    /// Reads one block of the prompt, or writes one token. The text that was added (empty while the prompt is read and in
    /// the middle of a character), or none at the end.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<String> {
        if self.finished.is_some() {
            return None;
        }
        if let Some(reading) = self.reading.pop_front() {
            self.read_block(reading);
            return Some(String::new());
        }
        let id = self.sampler.choose(&mut self.logits, &self.written);
        if self.model.tokenizer.is_stop(id) {
            self.finished = Some(FinishReason::Stop);
            // What was held back as an incomplete character is not lost.
            return Some(self.added_text()).filter(|text| !text.is_empty());
        }
        self.written.push(id);
        if self.written.len() == self.longest {
            self.finished = Some(FinishReason::Length);
        } else {
            let mut reading = Reading { soft_prompt: false, rows: 1, layer: 0, x: self.model.llama.embed(&[id]) };
            while reading.layer < self.model.llama.layers() {
                reading = self.through_block(reading);
            }
            self.end_of_reading(reading);
        }
        Some(self.added_text())
    }

    /// Tokens written.
    pub fn ids(&self) -> &[u32] {
        &self.written
    }

    pub fn finish_reason(&self) -> Option<FinishReason> {
        self.finished
    }

    fn read_block(&mut self, reading: Reading) {
        let reading = self.through_block(reading);
        if reading.layer < self.model.llama.layers() {
            self.reading.push_front(reading);
        } else {
            self.end_of_reading(reading);
        }
    }

    /// Only the last row of a text is needed beyond its keys in the last block, and none of a soft prompt.
    fn through_block(&mut self, Reading { soft_prompt, rows, layer, x }: Reading) -> Reading {
        let positions: Vec<usize> = (self.position..self.position + rows).collect();
        let spans: Vec<Span> = positions.iter().map(|last| Span { shared: 0, first: 0, last: *last }).collect();
        let last_row = [rows - 1];
        let place = Place { positions: &positions, spans: &spans, queries: if soft_prompt { &[] } else { &last_row } };
        let (x, _) = self.model.llama.layer_forward(layer, x, place, &mut self.cache[layer], false);
        Reading { soft_prompt, rows, layer: layer + 1, x }
    }

    fn end_of_reading(&mut self, reading: Reading) {
        self.position += reading.rows;
        if reading.soft_prompt {
            return self.model.prompts.keep(&self.soft_prompt, &self.cache);
        }
        let hidden = self.model.llama.last_norm(&reading.x);
        self.logits.fill(0.0);
        gemm::forward(&hidden, self.model.llama.head(), &mut self.logits);
    }

    /// What the newest token adds to the text; waits while a character is incomplete, unless the answer is at its end.
    fn added_text(&mut self) -> String {
        let text = self.model.tokenizer.decode(&self.written);
        if text.ends_with('\u{fffd}') && self.finished.is_none() {
            return String::new();
        }
        let added = text.get(self.text.len()..).unwrap_or_default().to_string();
        self.text = text;
        added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_stops_inside_a_character_loses_nothing() {
        let file = |name: &str| {
            let path = format!("{}/www/models/bundled/{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::read(path).expect("the bundled model")
        };
        let model =
            LanguageModel::from_hf(&file("config.json"), &file("tokenizer.json"), &[&file("model.safetensors")], None);
        let model = Rc::new(model.unwrap());
        let settings = GenerationSettings {
            temperature: 0.0,
            top_p: 1.0,
            repetition_penalty: 1.0,
            max_new_tokens: 9.0,
            seed: 0.0,
        };
        let mut generation =
            Generation::new(model.clone(), "Hi", &DiscretePrompt::default(), &SoftPrompt::none(), &settings).unwrap();
        while !generation.reading.is_empty() {
            assert_eq!(generation.next().as_deref(), Some(""));
        }
        let say = |generation: &mut Generation, id: u32| {
            generation.logits.fill(0.0);
            generation.logits[id as usize] = 1.0;
            generation.next()
        };
        let first_byte = model.tokenizer.encode("\u{10348}").unwrap()[0];
        assert_eq!(say(&mut generation, model.tokenizer.encode("a").unwrap()[0]).as_deref(), Some("a"));
        assert_eq!(say(&mut generation, first_byte).as_deref(), Some(""));
        let end = (0..10).find(|id| model.tokenizer.is_stop(*id)).expect("a token that ends the answer");
        assert_eq!(say(&mut generation, end).as_deref(), Some("\u{fffd}"));
        assert_eq!((generation.finish_reason(), generation.next()), (Some(FinishReason::Stop), None));
    }
}
