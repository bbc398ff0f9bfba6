//! AdamW (Loshchilov and Hutter 2019), as PyTorch computes it, with a state that can be saved.
//!
//! candle-nn has the same update, but keeps its moments to itself, so that a run could not go on after a reload, and
//! takes its gradients from candle's tape, which the frozen engine does not need. Its hyperparameters are used here.

use candle_nn::ParamsAdamW;

use crate::technique::Parameter;

/// First and second moments of one parameter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

pub struct AdamW {
    /// One for each parameter.
    pub moments: Vec<Moments>,
    /// Updates done.
    pub updates: usize,
    pub params: ParamsAdamW,
}

impl AdamW {
    pub fn new(parameters: &[&Parameter], params: ParamsAdamW) -> Self {
        let zeros = |n: usize| Moments { first: vec![0.0; n], second: vec![0.0; n] };
        Self { moments: parameters.iter().map(|p| zeros(p.values.len())).collect(), updates: 0, params }
    }

    /// One update; `gradients` has one entry for each parameter.
    pub fn step(&mut self, parameters: Vec<&mut Parameter>, gradients: &[Vec<f32>]) {
        self.updates += 1;
        let ParamsAdamW { lr, beta1, beta2, eps, weight_decay } = self.params;
        let (correction1, correction2) = (1.0 - beta1.powi(self.updates as i32), 1.0 - beta2.powi(self.updates as i32));
        for ((parameter, gradient), moments) in parameters.into_iter().zip(gradients).zip(&mut self.moments) {
            for (i, value) in parameter.values.iter_mut().enumerate() {
                let g = gradient[i] as f64;
                let m = beta1 * moments.first[i] as f64 + (1.0 - beta1) * g;
                let v = beta2 * moments.second[i] as f64 + (1.0 - beta2) * g * g;
                (moments.first[i], moments.second[i]) = (m as f32, v as f32);
                let step = lr / correction1 * m / ((v / correction2).sqrt() + eps);
                *value = (*value as f64 * (1.0 - lr * weight_decay) - step) as f32;
            }
        }
    }
}
