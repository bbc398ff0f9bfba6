//! Each file of `src/ops/` by itself: forward and gradient of Σ w · y, with random w.

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Result, Tensor, Var};
use half::{bf16, f16};
use prompt_playground::matrix::Matrix;
use prompt_playground::ops::attention::{self, Heads, Span};
use prompt_playground::ops::rope::{Direction, Rope};
use prompt_playground::ops::{cross_entropy, linear, rms_norm, swiglu};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::candle_llama::{self, Angles};
use crate::common::relative_error;
use crate::random::normal;

/// Against the same formula in f64.
const TOLERANCE: f64 = 1e-5;

/// A matrix (rows, width) as a variable in f64.
fn variable(values: &[f32], width: usize) -> Var {
    Var::from_tensor(&tensor(values, width)).expect("a variable")
}

fn tensor(values: &[f32], width: usize) -> Tensor {
    let shape = (values.len() / width, width);
    Tensor::from_slice(values, shape, &Device::Cpu).and_then(|x| x.to_dtype(DType::F64)).expect("a tensor")
}

fn numbers(x: &Tensor) -> Vec<f32> {
    let values = x.flatten_all().and_then(|x| x.to_dtype(DType::F32)).and_then(|x| x.to_vec1());
    values.expect("numbers")
}

fn assert_close(ours: &[f32], expected: &[f32], what: &str) {
    let error = relative_error(ours, expected);
    assert!(error <= TOLERANCE, "{what} differs from candle's by {error}");
}

/// Compares y and the gradients of Σ w · y with those of the formula `y_of` in candle.
fn compare(what: &str, y: &[f32], w: &[f32], inputs: &[(&Var, &[f32])], y_of: impl FnOnce() -> Result<Tensor>) {
    let expected = y_of().expect("a formula");
    assert_close(y, &numbers(&expected), what);
    let weights = Tensor::from_slice(w, expected.shape(), &Device::Cpu).and_then(|w| w.to_dtype(DType::F64));
    let sum = (expected * weights.expect("weights")).and_then(|y| y.sum_all()).expect("a sum");
    let gradients = sum.backward().expect("gradients");
    for (i, (variable, ours)) in inputs.iter().enumerate() {
        let expected = gradients.get(variable).expect("a gradient of every input");
        assert_close(ours, &numbers(expected), &format!("{what}: gradient of input {i}"));
    }
}

/// Checks `gradient` of Σ w · y at `x` against central differences of `forward`.
fn compare_with_differences(what: &str, x: &[f32], gradient: &[f32], w: &[f32], forward: impl Fn(&[f32]) -> Vec<f32>) {
    let value = |x: &[f32]| -> f64 { forward(x).iter().zip(w).map(|(y, w)| f64::from(*y) * f64::from(*w)).sum() };
    let step = 1e-2f32;
    let mut moved = x.to_vec();
    for i in 0..x.len() {
        moved[i] = x[i] + step;
        let above = value(&moved);
        moved[i] = x[i] - step;
        let slope = (above - value(&moved)) / (2.0 * f64::from(step));
        moved[i] = x[i];
        let error = (slope - f64::from(gradient[i])).abs();
        assert!(error < 2e-3 * (1.0 + slope.abs()), "{what}[{i}]: gradient {}, differences {slope}", gradient[i]);
    }
}

/// W (outputs, inputs) in every storage that a model file can have it in, and as the engine packs it.
fn matrices(outputs: usize, inputs: usize) -> Vec<(String, Matrix)> {
    let values = normal(outputs * inputs, 1.0, 3);
    let half = values.iter().map(|v| f16::from_f32(*v)).collect();
    let brain = values.iter().map(|v| bf16::from_f32(*v)).collect();
    let plain = || Matrix::from_f32(outputs, inputs, values.clone());
    let mut matrices = vec![
        ("f32".to_string(), plain()),
        ("f32, packed".to_string(), plain().packed()),
        ("f16".to_string(), Matrix::from_f16(outputs, inputs, half)),
        ("bf16".to_string(), Matrix::from_bf16(outputs, inputs, brain)),
    ];
    for dtype in [GgmlDType::Q4_0, GgmlDType::Q4_1, GgmlDType::Q8_0] {
        if inputs.is_multiple_of(dtype.block_size()) {
            let tensor = Tensor::from_slice(&values, (outputs, inputs), &Device::Cpu).expect("a tensor");
            let quantised = QTensor::quantize(&tensor, dtype).expect("a quantised tensor");
            let bytes = quantised.data().expect("bytes").into_owned();
            let matrix = Matrix::from_quantised(outputs, inputs, bytes, dtype).expect("a matrix");
            matrices.push((format!("{dtype:?}"), matrix));
        }
    }
    matrices
}

#[wasm_bindgen_test(unsupported = test)]
fn linear_in_every_storage() {
    // Rows, inputs, outputs: fewer rows than a tile, and remainders everywhere; whole blocks of a quantisation last.
    for (rows, inputs, outputs) in [(1, 5, 3), (3, 9, 7), (7, 24, 17), (13, 19, 40), (1, 64, 5), (9, 96, 21)] {
        let (x, w) = (normal(rows * inputs, 1.0, 1), normal(rows * outputs, 1.0, 2));
        for (storage, matrix) in matrices(outputs, inputs) {
            let what = format!("linear {storage} {rows} x {inputs} x {outputs}");
            let forward = |x: &[f32]| {
                let mut y = vec![0.0; rows * outputs];
                linear::forward(x, &matrix, &mut y);
                y
            };
            let mut dx = vec![0.0; x.len()];
            linear::backward(&w, &matrix, &mut dx);
            let stored: Vec<f32> = (0..outputs).flat_map(|row| matrix.row(row)).collect();
            let input = variable(&x, inputs);
            compare(&what, &forward(&x), &w, &[(&input, &dx)], || input.matmul(&tensor(&stored, inputs).t()?));
            compare_with_differences(&what, &x, &dx, &w, forward);
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn rms_norm_of_odd_widths() {
    for (rows, width) in [(1, 1), (2, 7), (3, 40)] {
        let what = format!("RMSNorm {rows} x {width}");
        let (x, gain, w) = (normal(rows * width, 1.0, 1), normal(width, 1.0, 2), normal(rows * width, 1.0, 3));
        // A row of one number is ±1 whatever it is, up to ε; a large ε gives it a slope that differences can see.
        let epsilon = if width == 1 { 0.1 } else { 1e-5 };
        let forward = |x: &[f32]| rms_norm::forward(x, &gain, epsilon);
        let mut dx = vec![0.0; x.len()];
        rms_norm::backward(&x, &gain, epsilon, &w, &mut dx);
        let input = variable(&x, width);
        compare(&what, &forward(&x), &w, &[(&input, &dx)], || {
            candle_llama::rms_norm(&input, &tensor(&gain, width).squeeze(0)?, f64::from(epsilon))
        });
        compare_with_differences(&what, &x, &dx, &w, forward);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn rope_at_scattered_positions() {
    let (heads, size, theta, positions) = (3, 10, 10_000.0, [0usize, 1, 5, 6, 40]);
    let width = heads * size;
    let rope = Rope::new(size, theta, 41);
    let (x, w) = (normal(positions.len() * width, 1.0, 1), normal(positions.len() * width, 1.0, 2));
    let rotated = |x: &[f32], direction| {
        let mut y = x.to_vec();
        rope.rotate(&mut y, &positions, direction);
        y
    };
    let (y, dx) = (rotated(&x, Direction::Forward), rotated(&w, Direction::Backward));
    let input = variable(&x, width);
    // The reference rotates every position from 0 on: the rows are put at theirs and read back.
    compare("rotary positions", &y, &w, &[(&input, &dx)], || {
        let at = Tensor::new(&positions.map(|p| p as u32), &Device::Cpu)?;
        let all = Tensor::zeros((41, width), DType::F64, &Device::Cpu)?.index_add(&at, &input, 0)?;
        let turned = Angles::new(41, size, theta, DType::F64)?
            .rotate(&all.reshape((1, 41, heads, size))?.transpose(1, 2)?.contiguous()?)?;
        turned.transpose(1, 2)?.reshape((41, width))?.index_select(&at, 0)
    });
    compare_with_differences("rotary positions", &x, &dx, &w, |x| rotated(x, Direction::Forward));
}

/// `shared` rows that all others see (the soft prompt, and what every example begins with), then examples of `lengths`
/// rows that see those and their own past.
fn spans(shared: usize, lengths: &[usize]) -> Vec<Span> {
    let mut spans: Vec<Span> = (0..shared).map(|last| Span { shared: 0, first: 0, last }).collect();
    for length in lengths {
        let first = spans.len();
        spans.extend((first..first + length).map(|last| Span { shared, first, last }));
    }
    spans
}

/// 0 where a query sees a key, −∞ elsewhere: (queries, keys).
fn mask(spans: &[Span], keys: usize) -> Tensor {
    let seen = |span: &Span, key: usize| key < span.shared || (span.first..=span.last).contains(&key);
    let row = |span| (0..keys).map(move |key| if seen(span, key) { 0.0 } else { f32::NEG_INFINITY });
    tensor(&spans.iter().flat_map(row).collect::<Vec<f32>>(), keys)
}

/// (rows, heads · size) -> (1, heads, rows, size).
fn split(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (rows, width) = x.dims2()?;
    x.reshape((1, rows, heads, width / heads))?.transpose(1, 2)?.contiguous()
}

/// The formula: q (queries, heads · size), k and v (keys, kv heads · size) -> (queries, heads · size).
fn attention_of(q: &Tensor, k: &Tensor, v: &Tensor, spans: &[Span], heads: Heads) -> Result<Tensor> {
    let (q, k, v) = (split(q, heads.heads)?, split(k, heads.kv_heads)?, split(v, heads.kv_heads)?);
    let attended = candle_llama::attention(&q, &k, &v, &mask(spans, k.dim(2)?))?;
    attended.transpose(1, 2)?.flatten_from(2)?.squeeze(0)
}

const HEADS: [Heads; 3] = [
    Heads { heads: 4, kv_heads: 2, head_size: 6 },
    Heads { heads: 3, kv_heads: 1, head_size: 10 },
    Heads { heads: 2, kv_heads: 2, head_size: 5 },
];

fn compare_attention(heads: Heads, spans: &[Span], differences: bool) {
    let what = format!("attention of {} rows, {heads:?}", spans.len());
    let (rows, q_width, kv_width) = (spans.len(), heads.heads * heads.head_size, heads.kv_heads * heads.head_size);
    let (q, w) = (normal(rows * q_width, 1.0, 1), normal(rows * q_width, 1.0, 4));
    let (k, v) = (normal(rows * kv_width, 1.0, 2), normal(rows * kv_width, 1.0, 3));
    let forward = |q: &[f32], k: &[f32], v: &[f32]| attention::forward(q, k, v, spans, heads);
    let (dq, dk, dv) = attention::backward(&q, &k, &v, spans, heads, &w, rows, rows);

    let (q_var, k_var, v_var) = (variable(&q, q_width), variable(&k, kv_width), variable(&v, kv_width));
    compare(&what, &forward(&q, &k, &v), &w, &[(&q_var, &dq), (&k_var, &dk), (&v_var, &dv)], || {
        attention_of(&q_var, &k_var, &v_var, spans, heads)
    });
    if differences {
        compare_with_differences(&format!("{what}: q"), &q, &dq, &w, |q| forward(q, &k, &v));
        compare_with_differences(&format!("{what}: k"), &k, &dk, &w, |k| forward(&q, k, &v));
        compare_with_differences(&format!("{what}: v"), &v, &dv, &w, |v| forward(&q, &k, v));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn attention_with_a_shared_prefix_and_grouped_queries() {
    for heads in HEADS {
        compare_attention(heads, &spans(2, &[3, 1, 4]), true);
        compare_attention(heads, &spans(0, &[5]), true);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn attention_over_long_examples() {
    for heads in HEADS {
        compare_attention(heads, &spans(37, &[70, 1, 32, 33]), false);
    }
    compare_attention(HEADS[0], &spans(3, &[600, 2]), false); // more queries than one block of them
}

#[wasm_bindgen_test(unsupported = test)]
fn attention_of_some_queries_for_the_prompt_alone() {
    // As in the last block (some queries) and in the first (a gradient of the prompt's rows only, though the examples
    // share one more).
    let (all, asked) = (spans(3, &[3, 1, 40]), [1usize, 3, 5, 8, 9, 45]);
    let spans = asked.map(|row| all[row]);
    let (prompt, queries) = (2, 1);
    for heads in HEADS {
        let (q_width, kv_width) = (heads.heads * heads.head_size, heads.kv_heads * heads.head_size);
        let (q, w) = (normal(asked.len() * q_width, 1.0, 1), normal(asked.len() * q_width, 1.0, 4));
        let (k, v) = (normal(all.len() * kv_width, 1.0, 2), normal(all.len() * kv_width, 1.0, 3));
        let y = attention::forward(&q, &k, &v, &spans, heads);
        let (dq, dk, dv) = attention::backward(&q, &k, &v, &spans, heads, &w, prompt, queries);

        // Only what is asked for is a variable; the rest is constant.
        let parted = |x: &[f32], rows: usize, width: usize| {
            (variable(&x[..rows * width], width), tensor(&x[rows * width..], width))
        };
        let joined = |(part, rest): &(Var, Tensor)| Tensor::cat(&[part.as_tensor(), rest], 0);
        let (q, k, v) = (parted(&q, queries, q_width), parted(&k, prompt, kv_width), parted(&v, prompt, kv_width));
        compare("attention for the prompt", &y, &w, &[(&q.0, &dq), (&k.0, &dk), (&v.0, &dv)], || {
            attention_of(&joined(&q)?, &joined(&k)?, &joined(&v)?, &spans, heads)
        });
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn swiglu_of_both_inputs() {
    let (gate, up, w) = (normal(3 * 13, 2.0, 1), normal(3 * 13, 1.0, 2), normal(3 * 13, 1.0, 3));
    let y = swiglu::forward(&gate, &up);
    let (d_gate, d_up) = swiglu::backward(&gate, &up, &w);
    let (gate_var, up_var) = (variable(&gate, 13), variable(&up, 13));
    compare("SwiGLU", &y, &w, &[(&gate_var, &d_gate), (&up_var, &d_up)], || candle_llama::swiglu(&gate_var, &up_var));
    compare_with_differences("SwiGLU: gate", &gate, &d_gate, &w, |gate| swiglu::forward(gate, &up));
    compare_with_differences("SwiGLU: up", &up, &d_up, &w, |up| swiglu::forward(&gate, up));
}

#[wasm_bindgen_test(unsupported = test)]
fn head_and_cross_entropy() {
    for (rows, width, vocabulary) in [(1, 8, 3), (5, 24, 101)] {
        let what = format!("cross-entropy of {rows} rows, vocabulary {vocabulary}");
        let (hidden, head) = (normal(rows * width, 0.5, 1), normal(vocabulary * width, 0.7, 2));
        let matrix = Matrix::from_f32(vocabulary, width, head.clone());
        let targets: Vec<u32> = (0..rows).map(|row| (row * 37 % vocabulary) as u32).collect();
        let losses = |hidden: &[f32]| -> Vec<f32> {
            cross_entropy::forward(hidden, &matrix, &targets).iter().map(|p| p.loss).collect()
        };
        let (predictions, d_hidden) = cross_entropy::forward_backward(&hidden, &matrix, &targets, 0.25);
        assert_eq!(predictions.iter().map(|p| p.loss).collect::<Vec<_>>(), losses(&hidden));
        let (scale, input) = (vec![0.25; rows], variable(&hidden, width));
        compare(&what, &losses(&hidden), &scale, &[(&input, &d_hidden)], || {
            let logits = input.matmul(&tensor(&head, width).t()?)?;
            let targets = Tensor::from_slice(&targets, (rows, 1), &Device::Cpu)?;
            candle_nn::ops::log_softmax(&logits, 1)?.gather(&targets, 1)?.neg()?.squeeze(1)
        });
        compare_with_differences(&what, &hidden, &d_hidden, &scale, losses);
    }
}
