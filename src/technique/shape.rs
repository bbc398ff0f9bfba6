//! How many numbers settings would train, counted without making them: what is planned with it may be too large to make.

use serde::Serialize;

use super::initial;
use crate::error::Result;
use crate::model::Llama;
use crate::prefix;
use crate::settings::{Encoder, PeftType, TunerSettings};
use crate::soft_prompt::PromptKind;
use crate::tokenizer::ChatTokenizer;

/// What settings would train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "PromptShape"))]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// Positions in front of the input, the words of a template included.
    pub virtual_tokens: usize,
    pub kind: PromptKind,
    /// Numbers of one of them.
    pub width: usize,
    /// Those of an encoder included.
    pub trained_numbers: usize,
    /// Tokens of the initial text, as [`initial::text_ids`] takes them.
    pub initial_text_tokens: usize,
}

impl Shape {
    /// # Errors
    /// Where the initial text or the words of a template cannot be encoded, or a template is too long.
    pub fn of(settings: &TunerSettings, llama: &Llama, tokenizer: &ChatTokenizer) -> Result<Self> {
        let kind = settings.peft_type.kind();
        let width = kind.width(&llama.config);
        let (rows, hidden) = (settings.num_virtual_tokens, settings.encoder_hidden_size);
        let trained_numbers = match settings.peft_type {
            PeftType::PrefixTuning if settings.prefix_projection => {
                let inputs = prefix::kv_width(&llama.config);
                rows * inputs + linear(inputs, hidden) + linear(hidden, width)
            }
            PeftType::PromptTuning | PeftType::PrefixTuning => rows * width,
            PeftType::PTuning => rows * width + encoder(settings, width),
        };
        let virtual_tokens = initial::length(settings, tokenizer)?;
        let initial_text_tokens = initial::whole_text_ids(&settings.prompt_tuning_init_text, tokenizer)?.len();
        Ok(Self { virtual_tokens, kind, width, trained_numbers, initial_text_tokens })
    }
}

/// Those of P-tuning's encoder, from rows of `width` numbers to rows of `width` numbers.
fn encoder(settings: &TunerSettings, width: usize) -> usize {
    let hidden = settings.encoder_hidden_size;
    match settings.encoder_reparameterization_type {
        Encoder::Mlp => linear(width, hidden) + linear(hidden, hidden) + linear(hidden, width),
        Encoder::Lstm => {
            let inputs = |layer| if layer == 0 { width } else { 2 * hidden };
            let layers = (0..settings.encoder_num_layers).map(|layer| lstm(inputs(layer), hidden));
            layers.sum::<usize>() + linear(2 * hidden, 2 * hidden) + linear(2 * hidden, width)
        }
    }
}

/// Weights and biases.
fn linear(inputs: usize, outputs: usize) -> usize {
    (inputs + 1) * outputs
}

/// Of both directions: four gates, each with a weight for every input and every hidden number, and two biases.
fn lstm(inputs: usize, hidden: usize) -> usize {
    2 * 4 * hidden * (inputs + hidden + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::settings::Init;
    use crate::{language_model::LanguageModel, technique};

    fn compare(model: &LanguageModel, settings: TunerSettings) {
        let settings = TunerSettings { num_virtual_tokens: 5, prompt_tuning_init: Init::Zero, ..settings };
        let made = technique::new(&settings, &model.llama, &model.tokenizer, None, &mut Rng::new(0)).unwrap();
        let prompt = made.soft_prompt();
        let expected = Shape {
            virtual_tokens: prompt.virtual_tokens(),
            kind: prompt.kind(),
            width: prompt.width(),
            trained_numbers: made.trained_numbers(),
            initial_text_tokens: 0,
        };
        assert_eq!(Shape::of(&settings, &model.llama, &model.tokenizer).unwrap(), expected, "{settings:?}");
    }

    #[test]
    fn as_many_numbers_are_counted_as_are_made() {
        let model = crate::inside::tiny::bundled();
        let of = |peft_type| TunerSettings { encoder_hidden_size: 7, ..TunerSettings::default_of(peft_type) };
        compare(&model, of(PeftType::PromptTuning));
        for prefix_projection in [false, true] {
            compare(&model, TunerSettings { prefix_projection, ..of(PeftType::PrefixTuning) });
        }
        compare(&model, of(PeftType::PTuning));
        compare(&model, TunerSettings { template: "Answer {v2} kindly {v3}".into(), ..of(PeftType::PTuning) });
        for encoder_num_layers in [1, 3] {
            let encoder_reparameterization_type = Encoder::Lstm;
            let lstm = TunerSettings { encoder_reparameterization_type, encoder_num_layers, ..of(PeftType::PTuning) };
            compare(&model, lstm);
        }
    }
}
