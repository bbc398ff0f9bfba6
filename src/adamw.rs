//! AdamW (Loshchilov and Hutter 2019), as PyTorch computes it, with a state that can be saved.
//!
//! candle-nn has the same update, but keeps its moments to itself: a run could not be continued after a reload.

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use candle_nn::{Optimizer, ParamsAdamW};

/// First and second moments of one variable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

pub struct AdamW {
    variables: Vec<Var>,
    pub moments: Vec<Moments>,
    /// Updates done.
    pub updates: usize,
    params: ParamsAdamW,
}

impl Optimizer for AdamW {
    type Config = ParamsAdamW;

    fn new(variables: Vec<Var>, params: ParamsAdamW) -> candle_core::Result<Self> {
        let zeros = |v: &Var| Moments { first: vec![0.0; v.elem_count()], second: vec![0.0; v.elem_count()] };
        Ok(Self { moments: variables.iter().map(zeros).collect(), variables, updates: 0, params })
    }

    fn learning_rate(&self) -> f64 {
        self.params.lr
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.params.lr = lr;
    }

    fn step(&mut self, gradients: &GradStore) -> candle_core::Result<()> {
        self.updates += 1;
        let ParamsAdamW { lr, beta1, beta2, eps, weight_decay } = self.params;
        let (correction1, correction2) = (1.0 - beta1.powi(self.updates as i32), 1.0 - beta2.powi(self.updates as i32));
        for (variable, moments) in self.variables.iter().zip(&mut self.moments) {
            let Some(gradient) = gradients.get(variable) else { continue };
            let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
            let mut values = variable.flatten_all()?.to_vec1::<f32>()?;
            for i in 0..values.len() {
                let g = gradient[i] as f64;
                let m = beta1 * moments.first[i] as f64 + (1.0 - beta1) * g;
                let v = beta2 * moments.second[i] as f64 + (1.0 - beta2) * g * g;
                (moments.first[i], moments.second[i]) = (m as f32, v as f32);
                let step = lr / correction1 * m / ((v / correction2).sqrt() + eps);
                values[i] = (values[i] as f64 * (1.0 - lr * weight_decay) - step) as f32;
            }
            variable.set(&Tensor::from_vec(values, variable.shape(), variable.device())?)?;
        }
        Ok(())
    }
}
