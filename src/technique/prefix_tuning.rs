//! Prefix tuning (Li and Liang 2021, arXiv:2101.00190): keys and values in front of every layer are trained, by
//! themselves or through a small perceptron that makes them. Reference: PEFT 0.21, `tuners/prefix_tuning/model.py`.

use super::network::{Layer, Linear, Network};
use super::prompt_tuning::PromptTuning;
use super::{Parameter, Technique, initial};
use crate::error::Result;
use crate::model::Llama;
use crate::prefix;
use crate::rng::Rng;
use crate::settings::{Init, TunerSettings};
use crate::soft_prompt::{PromptKind, SoftPrompt};
use crate::tokenizer::ChatTokenizer;

pub enum PrefixTuning {
    /// The keys and values are the trained numbers.
    Direct(PromptTuning),
    /// An embedding for each virtual token -> linear -> tanh -> linear -> its keys and values.
    Projected { network: Network, shape: SoftPrompt },
}

impl PrefixTuning {
    /// With `prefix_projection` a random start is PEFT's; any other start is what the perceptron's output, 0 at first, is
    /// added to.
    pub fn new(
        settings: &TunerSettings,
        llama: &Llama,
        tokenizer: &ChatTokenizer,
        start: Option<&SoftPrompt>,
        rng: &mut Rng,
    ) -> Result<Self> {
        let as_peft = start.is_none() && settings.prompt_tuning_init == Init::Random;
        let initial = initial::start_or(start, || initial::keys_values(settings, llama, tokenizer, rng))?;
        if !settings.prefix_projection {
            return Ok(Self::Direct(PromptTuning::new(initial)));
        }
        let (inputs, outputs) = (prefix::kv_width(&llama.config), PromptKind::KeysValues.width(&llama.config));
        let hidden = settings.encoder_hidden_size;
        let embedding = Parameter::normal(&[initial.virtual_tokens(), inputs], 1.0, rng);
        let first = Linear::new(inputs, hidden, rng);
        let last = if as_peft { Linear::new(hidden, outputs, rng) } else { Linear::zero(hidden, outputs) };
        let fixed = (!as_peft).then(|| initial.vectors().to_vec());
        let layers = vec![Layer::Linear(first), Layer::Tanh, Layer::Linear(last)];
        Ok(Self::Projected { network: Network { embedding, layers, fixed }, shape: initial })
    }
}

impl Technique for PrefixTuning {
    fn parameters(&self) -> Vec<&Parameter> {
        match self {
            Self::Direct(direct) => direct.parameters(),
            Self::Projected { network, .. } => network.parameters(),
        }
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        match self {
            Self::Direct(direct) => direct.parameters_mut(),
            Self::Projected { network, .. } => network.parameters_mut(),
        }
    }

    fn soft_prompt(&self) -> SoftPrompt {
        match self {
            Self::Direct(direct) => direct.soft_prompt(),
            Self::Projected { network, shape } => shape.with_vectors(network.output()),
        }
    }

    fn backward(&self, d_prompt: &[f32]) -> Vec<Vec<f32>> {
        match self {
            Self::Direct(direct) => direct.backward(d_prompt),
            Self::Projected { network, .. } => network.backward(d_prompt),
        }
    }

    fn fixed(&self) -> Option<&Vec<f32>> {
        match self {
            Self::Direct(_) => None,
            Self::Projected { network, .. } => network.fixed.as_ref(),
        }
    }

    fn set_fixed(&mut self, fixed: Vec<f32>) {
        if let Self::Projected { network, .. } = self {
            network.fixed = Some(fixed);
        }
    }
}
