//! P-tuning (Liu et al. 2021, arXiv:2103.10385): a small encoder makes the virtual tokens and is trained with them; they
//! may stand between words. Reference: PEFT 0.21, `tuners/p_tuning/model.py` (`PromptEncoder`).

use super::lstm::Lstm;
use super::network::{Layer, Linear, Network};
use super::template::{Template, Words, trained_part};
use super::{Parameter, Technique, initial};
use crate::error::{Error, Result};
use crate::model::Llama;
use crate::rng::Rng;
use crate::settings::{Encoder, Init, TunerSettings};
use crate::soft_prompt::SoftPrompt;
use crate::tokenizer::ChatTokenizer;

/// An embedding for each virtual token -> LSTM or nothing -> perceptron -> its row in front of the input.
pub struct PTuning {
    network: Network,
    shape: SoftPrompt,
}

/// The encoder alone, or with the words of a template around its virtual tokens.
///
/// A random start is PEFT's; any other start is what the encoder's output, 0 at first, is added to.
pub fn new(
    settings: &TunerSettings,
    llama: &Llama,
    tokenizer: &ChatTokenizer,
    start: Option<&SoftPrompt>,
    rng: &mut Rng,
) -> Result<Box<dyn Technique>> {
    let Some(template) = settings.used_template() else {
        return Ok(Box::new(PTuning::new(settings, llama, tokenizer, start, rng)?));
    };
    let rows = Template::parse(template).map_err(Error::input)?.rows(tokenizer)?;
    let trained = start.map(|start| trained_part(&rows, start));
    let inside = PTuning::new(settings, llama, tokenizer, trained.as_ref(), rng)?;
    Ok(Box::new(Words::new(inside, &rows, llama)))
}

impl PTuning {
    pub fn new(
        settings: &TunerSettings,
        llama: &Llama,
        tokenizer: &ChatTokenizer,
        start: Option<&SoftPrompt>,
        rng: &mut Rng,
    ) -> Result<Self> {
        let as_peft = start.is_none() && settings.prompt_tuning_init == Init::Random;
        let initial = initial::start_or(start, || initial::embeddings(settings, llama, tokenizer, rng))?;
        let (width, hidden) = (initial.width(), settings.encoder_hidden_size);
        let embedding = Parameter::normal(&[initial.virtual_tokens(), width], 1.0, rng);
        let mut layers = Vec::new();
        match settings.encoder_reparameterization_type {
            Encoder::Mlp => {
                layers.push(Layer::Linear(Linear::new(width, hidden, rng)));
                layers.push(Layer::Relu);
                layers.push(Layer::Linear(Linear::new(hidden, hidden, rng)));
            }
            Encoder::Lstm => {
                for layer in 0..settings.encoder_num_layers {
                    let inputs = if layer == 0 { width } else { 2 * hidden };
                    layers.push(Layer::Lstm(Box::new(Lstm::new(inputs, hidden, rng))));
                }
                layers.push(Layer::Linear(Linear::new(2 * hidden, 2 * hidden, rng)));
            }
        }
        layers.push(Layer::Relu);
        let inside = match settings.encoder_reparameterization_type {
            Encoder::Mlp => hidden,
            Encoder::Lstm => 2 * hidden,
        };
        layers.push(Layer::Linear(if as_peft { Linear::new(inside, width, rng) } else { Linear::zero(inside, width) }));
        let fixed = (!as_peft).then(|| initial.vectors().to_vec());
        Ok(Self { network: Network { embedding, layers, fixed }, shape: initial })
    }
}

impl Technique for PTuning {
    fn parameters(&self) -> Vec<&Parameter> {
        self.network.parameters()
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        self.network.parameters_mut()
    }

    fn soft_prompt(&self) -> SoftPrompt {
        self.shape.with_vectors(self.network.output())
    }

    fn backward(&self, d_prompt: &[f32]) -> Vec<Vec<f32>> {
        self.network.backward(d_prompt)
    }

    fn fixed(&self) -> Option<&Vec<f32>> {
        self.network.fixed.as_ref()
    }

    fn set_fixed(&mut self, fixed: Vec<f32>) {
        self.network.fixed = Some(fixed);
    }
}
