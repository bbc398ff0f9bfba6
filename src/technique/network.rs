//! A small trained network, forward and backward by hand: what P-tuning and prefix tuning make their virtual tokens with.
//! V: rows, one for each virtual token.

use super::Parameter;
use super::lstm::Lstm;
use super::products::{column_sums, outer, product, product_backward};
use crate::kernels::vector::add;
use crate::rng::Rng;

/// One layer of the network.
pub enum Layer {
    Linear(Linear),
    Lstm(Box<Lstm>),
    Relu,
    Tanh,
}

/// y = x Wᵀ + b.
pub struct Linear {
    pub w: Parameter, // (outputs, inputs)
    pub b: Parameter, // (outputs)
}

impl Linear {
    /// PyTorch's `nn.Linear`: uniform within 1 / sqrt(inputs).
    pub fn new(inputs: usize, outputs: usize, rng: &mut Rng) -> Self {
        let bound = 1.0 / (inputs as f64).sqrt();
        Self { w: Parameter::uniform(&[outputs, inputs], bound, rng), b: Parameter::uniform(&[outputs], bound, rng) }
    }

    /// One whose output is 0 until it is trained.
    pub fn zero(inputs: usize, outputs: usize) -> Self {
        let zeros = |n| vec![0.0; n];
        Self {
            w: Parameter::new(&[outputs, inputs], zeros(outputs * inputs)),
            b: Parameter::new(&[outputs], zeros(outputs)),
        }
    }

    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let inputs = self.w.shape[1];
        let mut y = self.b.values.repeat(x.len() / inputs);
        product(x, &self.w.values, inputs, &mut y);
        y
    }

    fn backward(&self, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
        let [outputs, inputs] = [self.w.shape[0], self.w.shape[1]];
        (product_backward(dy, &self.w.values, inputs), vec![outer(dy, x, outputs, inputs), column_sums(dy, outputs)])
    }
}

impl Layer {
    fn parameters(&self) -> Vec<&Parameter> {
        match self {
            Self::Linear(linear) => vec![&linear.w, &linear.b],
            Self::Lstm(lstm) => lstm.parameters(),
            Self::Relu | Self::Tanh => Vec::new(),
        }
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        match self {
            Self::Linear(linear) => vec![&mut linear.w, &mut linear.b],
            Self::Lstm(lstm) => lstm.parameters_mut(),
            Self::Relu | Self::Tanh => Vec::new(),
        }
    }

    fn forward(&self, x: &[f32]) -> Vec<f32> {
        match self {
            Self::Linear(linear) => linear.forward(x),
            Self::Lstm(lstm) => lstm.forward(x),
            Self::Relu => x.iter().map(|v| v.max(0.0)).collect(),
            Self::Tanh => x.iter().map(|v| v.tanh()).collect(),
        }
    }

    /// Gradient by the input `x`, and those of the parameters in their order.
    fn backward(&self, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
        match self {
            Self::Linear(linear) => linear.backward(x, dy),
            Self::Lstm(lstm) => lstm.backward(x, dy),
            Self::Relu => (x.iter().zip(dy).map(|(x, dy)| if *x > 0.0 { *dy } else { 0.0 }).collect(), Vec::new()),
            Self::Tanh => (x.iter().zip(dy).map(|(x, dy)| (1.0 - x.tanh().powi(2)) * dy).collect(), Vec::new()),
        }
    }
}

/// One trained embedding for each virtual token, and layers that make the soft prompt of them.
pub struct Network {
    pub embedding: Parameter, // (V, inputs)
    pub layers: Vec<Layer>,
    /// What the output is added to: a soft prompt to start from. None: the output alone, as in PEFT.
    pub fixed: Option<Vec<f32>>, // (V, outputs)
}

impl Network {
    pub fn parameters(&self) -> Vec<&Parameter> {
        std::iter::once(&self.embedding).chain(self.layers.iter().flat_map(Layer::parameters)).collect()
    }

    pub fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        let layers = self.layers.iter_mut().flat_map(Layer::parameters_mut);
        std::iter::once(&mut self.embedding).chain(layers).collect()
    }

    /// (V, outputs).
    pub fn output(&self) -> Vec<f32> {
        let mut y = self.layers.iter().fold(self.embedding.values.clone(), |x, layer| layer.forward(&x));
        if let Some(fixed) = &self.fixed {
            add(&mut y, fixed);
        }
        y
    }

    /// Gradients of the parameters, in their order, for `dy` (V, outputs).
    pub fn backward(&self, dy: &[f32]) -> Vec<Vec<f32>> {
        let mut inputs = vec![self.embedding.values.clone()];
        for layer in &self.layers {
            inputs.push(layer.forward(&inputs[inputs.len() - 1]));
        }
        let (mut dy, mut gradients) = (dy.to_vec(), Vec::new());
        for (layer, x) in self.layers.iter().zip(&inputs).rev() {
            let (dx, of_layer) = layer.backward(x, &dy);
            gradients.extend(of_layer.into_iter().rev());
            dy = dx;
        }
        gradients.push(dy);
        gradients.reverse();
        gradients
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gradient_check::{check, random};

    /// Every parameter of a network against finite differences.
    fn check_network(mut network: Network, outputs: usize) {
        let w = random(network.embedding.shape[0] * outputs, 9);
        let gradients = network.backward(&w);
        assert_eq!(gradients.len(), network.parameters().len());
        for (i, gradient) in gradients.iter().enumerate() {
            let values = network.parameters()[i].values.clone();
            assert!(gradient.iter().any(|g| *g != 0.0), "parameter {i} gets a gradient");
            check(&values.clone(), gradient, &w, |x| {
                network.parameters_mut()[i].values = x.to_vec();
                let y = network.output();
                network.parameters_mut()[i].values = values.clone();
                y
            });
        }
    }

    #[test]
    fn gradients_of_a_perceptron_equal_finite_differences() {
        let mut rng = Rng::new(3);
        let layers = vec![
            Layer::Linear(Linear::new(5, 7, &mut rng)),
            Layer::Tanh,
            Layer::Linear(Linear::new(7, 6, &mut rng)),
            Layer::Relu,
            Layer::Linear(Linear::new(6, 3, &mut rng)),
        ];
        let fixed = Some(random(4 * 3, 5));
        check_network(Network { embedding: Parameter::normal(&[4, 5], 1.0, &mut rng), layers, fixed }, 3);
    }

    #[test]
    fn gradients_of_an_lstm_equal_finite_differences() {
        let mut rng = Rng::new(4);
        let layers = vec![
            Layer::Lstm(Box::new(Lstm::new(3, 4, &mut rng))),
            Layer::Lstm(Box::new(Lstm::new(8, 4, &mut rng))),
            Layer::Linear(Linear::new(8, 3, &mut rng)),
        ];
        check_network(Network { embedding: Parameter::normal(&[5, 3], 1.0, &mut rng), layers, fixed: None }, 3);
    }
}
