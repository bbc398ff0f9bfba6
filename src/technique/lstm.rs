//! One bidirectional LSTM layer (Hochreiter and Schmidhuber 1997), with PyTorch's parameters and order of gates:
//! input, forget, cell, output. Reference: PyTorch, `nn.LSTM`. T: rows in order, H: hidden size.

use super::Parameter;
use super::products::{column_sums, outer, product, product_backward};
use crate::kernels::gemm::{Left, add_product};
use crate::kernels::panels::Panels;
use crate::rng::Rng;

/// x (T, inputs) -> (T, 2 H): the forward direction, then the reverse one.
pub struct Lstm {
    directions: [Direction; 2],
}

struct Direction {
    w_ih: Parameter, // (4 H, inputs)
    w_hh: Parameter, // (4 H, H)
    b_ih: Parameter, // (4 H)
    b_hh: Parameter, // (4 H)
    reverse: bool,
}

/// What the backward needs, in the order in which the rows were read.
struct States {
    gates: Vec<f32>, // (T, 4 H), after their activations
    cells: Vec<f32>, // (T, H)
    h: Vec<f32>,     // (T, H)
}

impl Lstm {
    /// PyTorch's initialisation: uniform within 1 / sqrt(H).
    pub fn new(inputs: usize, hidden: usize, rng: &mut Rng) -> Self {
        let bound = 1.0 / (hidden as f64).sqrt();
        let mut direction = |reverse| Direction {
            w_ih: Parameter::uniform(&[4 * hidden, inputs], bound, rng),
            w_hh: Parameter::uniform(&[4 * hidden, hidden], bound, rng),
            b_ih: Parameter::uniform(&[4 * hidden], bound, rng),
            b_hh: Parameter::uniform(&[4 * hidden], bound, rng),
            reverse,
        };
        Self { directions: [direction(false), direction(true)] }
    }

    /// In PyTorch's order: weight_ih, weight_hh, bias_ih, bias_hh, then the same of the reverse direction.
    pub fn parameters(&self) -> Vec<&Parameter> {
        self.directions.iter().flat_map(|d| [&d.w_ih, &d.w_hh, &d.b_ih, &d.b_hh]).collect()
    }

    pub fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        self.directions.iter_mut().flat_map(|d| [&mut d.w_ih, &mut d.w_hh, &mut d.b_ih, &mut d.b_hh]).collect()
    }

    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        let [forward, reverse] = &self.directions;
        let hidden = forward.hidden();
        let (one, other) = (forward.in_order(&forward.run(x).h, hidden), reverse.in_order(&reverse.run(x).h, hidden));
        let pairs = one.chunks_exact(hidden).zip(other.chunks_exact(hidden));
        pairs.flat_map(|(a, b)| a.iter().chain(b)).copied().collect()
    }

    /// Gradient by `x`, and those of the parameters in their order, for `dy` (T, 2 H).
    pub fn backward(&self, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
        let hidden = self.directions[0].hidden();
        let (mut dx, mut gradients) = (vec![0.0; x.len()], Vec::new());
        for (i, direction) in self.directions.iter().enumerate() {
            let part: Vec<f32> =
                dy.chunks_exact(2 * hidden).flat_map(|row| &row[i * hidden..][..hidden]).copied().collect();
            let (d, of_direction) = direction.backward(x, &part);
            dx.iter_mut().zip(d).for_each(|(sum, d)| *sum += d);
            gradients.extend(of_direction);
        }
        (dx, gradients)
    }
}

impl Direction {
    fn hidden(&self) -> usize {
        self.w_hh.shape[1]
    }

    /// Rows in the order in which this direction reads them, or back.
    fn in_order(&self, rows: &[f32], width: usize) -> Vec<f32> {
        if self.reverse { rows.rchunks_exact(width).flatten().copied().collect() } else { rows.to_vec() }
    }

    fn run(&self, x: &[f32]) -> States {
        let (hidden, inputs) = (self.hidden(), self.w_ih.shape[1]);
        let x = self.in_order(x, inputs);
        let bias: Vec<f32> = self.b_ih.values.iter().zip(&self.b_hh.values).map(|(a, b)| a + b).collect();
        let mut gates = bias.repeat(x.len() / inputs);
        product(&x, &self.w_ih.values, inputs, &mut gates);
        let w_hh = Panels::of_rows(&self.w_hh.values, hidden);
        let (mut cells, mut h): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
        for (t, gates) in gates.chunks_exact_mut(4 * hidden).enumerate() {
            if t > 0 {
                add_product(Left::rows(&h[(t - 1) * hidden..], 1, hidden), w_hh.view(), gates, 4 * hidden);
            }
            for k in 0..hidden {
                let (i, f, o) = (sigmoid(gates[k]), sigmoid(gates[hidden + k]), sigmoid(gates[3 * hidden + k]));
                let g = gates[2 * hidden + k].tanh();
                let before = if t > 0 { cells[(t - 1) * hidden + k] } else { 0.0 };
                cells.push(f * before + i * g);
                h.push(o * cells[t * hidden + k].tanh());
                (gates[k], gates[hidden + k], gates[2 * hidden + k], gates[3 * hidden + k]) = (i, f, g, o);
            }
        }
        States { gates, cells, h }
    }

    fn backward(&self, x: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
        let (hidden, inputs) = (self.hidden(), self.w_ih.shape[1]);
        let States { mut gates, cells, h } = self.run(x);
        let (x, dy) = (self.in_order(x, inputs), self.in_order(dy, hidden));
        let w_hh = Panels::of_columns(&self.w_hh.values, hidden);
        let (mut d_h, mut d_cell) = (vec![0.0; hidden], vec![0.0; hidden]);
        // `gates` becomes the gradient by the gates before their activations.
        for (t, gates) in gates.chunks_exact_mut(4 * hidden).enumerate().rev() {
            for k in 0..hidden {
                let (i, f, g, o) = (gates[k], gates[hidden + k], gates[2 * hidden + k], gates[3 * hidden + k]);
                let cell = cells[t * hidden + k].tanh();
                let before = if t > 0 { cells[(t - 1) * hidden + k] } else { 0.0 };
                let d = dy[t * hidden + k] + d_h[k];
                let dc = d * o * (1.0 - cell * cell) + d_cell[k];
                gates[k] = dc * g * i * (1.0 - i);
                gates[hidden + k] = dc * before * f * (1.0 - f);
                gates[2 * hidden + k] = dc * i * (1.0 - g * g);
                gates[3 * hidden + k] = d * cell * o * (1.0 - o);
                d_cell[k] = dc * f;
            }
            d_h.fill(0.0);
            add_product(Left::rows(gates, 1, 4 * hidden), w_hh.view(), &mut d_h, hidden);
        }
        let rows = h.len() / hidden;
        let h_before = [vec![0.0; hidden], h[..(rows - 1) * hidden].to_vec()].concat();
        let d_bias = column_sums(&gates, 4 * hidden);
        let dx = self.in_order(&product_backward(&gates, &self.w_ih.values, inputs), inputs);
        let d_w_ih = outer(&gates, &x, 4 * hidden, inputs);
        (dx, vec![d_w_ih, outer(&gates, &h_before, 4 * hidden, hidden), d_bias.clone(), d_bias])
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
