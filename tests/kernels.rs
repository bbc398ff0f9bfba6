//! The matrix products against a naive one, with odd sizes and every storage, natively and in Chromium
//! (`wasm-pack test` runs this file in a dedicated worker).

use half::{bf16, f16};
use prompt_playground::kernels::gemm;
use prompt_playground::matrix::Matrix;
use prompt_playground::rng::Rng;
use wasm_bindgen_test::wasm_bindgen_test;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn random(n: usize, rng: &mut Rng) -> Vec<f32> {
    (0..n).map(|_| rng.normal() as f32).collect()
}

/// Rows, inputs, outputs: one row, fewer than a tile, remainders in every direction, the sizes of real models.
const SHAPES: [(usize, usize, usize); 12] = [
    (1, 1, 1),
    (1, 64, 9),
    (2, 7, 5),
    (3, 16, 8),
    (4, 33, 17),
    (7, 192, 64),
    (9, 130, 131),
    (13, 64, 300),
    (31, 576, 100),
    (66, 24, 257),
    // Longer than what stays in the cache, in both directions.
    (5, 1100, 70),
    (37, 70, 1100),
];

fn assert_close(ours: &[f32], expected: &[f64], what: &str) {
    for (i, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        let error = (f64::from(*ours) - expected).abs();
        assert!(error < 1e-4 * (1.0 + expected.abs()), "{what} [{i}]: {ours}, not {expected}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn products_equal_the_naive_ones() {
    let mut rng = Rng::new(1);
    let mut shapes = SHAPES.to_vec();
    shapes.extend((0..30).map(|_| (1 + rng.below(40), 1 + rng.below(150), 1 + rng.below(150))));
    for (m, inputs, outputs) in shapes {
        let (x, dy, w) =
            (random(m * inputs, &mut rng), random(m * outputs, &mut rng), random(outputs * inputs, &mut rng));
        for storage in ["f32", "packed", "f16", "bf16"] {
            let matrix = match storage {
                "packed" => Matrix::from_f32(outputs, inputs, w.clone()).packed(),
                "f32" => Matrix::from_f32(outputs, inputs, w.clone()),
                "f16" => Matrix::from_f16(outputs, inputs, w.iter().map(|v| f16::from_f32(*v)).collect()),
                _ => Matrix::from_bf16(outputs, inputs, w.iter().map(|v| bf16::from_f32(*v)).collect()),
            };
            let values: Vec<f64> = (0..outputs).flat_map(|row| matrix.row(row)).map(f64::from).collect();
            let name = format!("{storage} {m} x {inputs} x {outputs}");

            let mut y = vec![1.0; m * outputs];
            gemm::forward(&x, &matrix, &mut y);
            let term = |i: usize, o: usize, k: usize| f64::from(x[i * inputs + k]) * values[o * inputs + k];
            let expected: Vec<f64> = (0..m * outputs)
                .map(|at| 1.0 + (0..inputs).map(|k| term(at / outputs, at % outputs, k)).sum::<f64>())
                .collect();
            assert_close(&y, &expected, &format!("forward {name}"));

            let mut dx = vec![1.0; m * inputs];
            gemm::backward(&dy, &matrix, &mut dx);
            let term = |i: usize, k: usize, o: usize| f64::from(dy[i * outputs + o]) * values[o * inputs + k];
            let expected: Vec<f64> = (0..m * inputs)
                .map(|at| 1.0 + (0..outputs).map(|o| term(at / inputs, at % inputs, o)).sum::<f64>())
                .collect();
            assert_close(&dx, &expected, &format!("backward {name}"));
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn no_rows_give_nothing() {
    let matrix = Matrix::from_f32(3, 2, vec![1.0; 6]);
    gemm::forward(&[], &matrix, &mut []);
    gemm::backward(&[], &matrix, &mut []);
    assert_eq!(matrix.shape(), (3, 2));
}
