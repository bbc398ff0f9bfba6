//! The frozen transformer on embeddings; reads like the Llama paper (Touvron et al. 2023).
//!
//! Sizes: R rows of a batch, S rows that are asked for, D hidden size. Blocks run one at a call, so that a worker can
//! answer in between.

use sha2::{Digest, Sha256};

use crate::block::{KeysValues, Layer, LayerTape, Place, Projection, Shared};
use crate::config::LlamaConfig;
use crate::matrix::Matrix;
use crate::ops::rms_norm;
use crate::ops::rope::Rope;

/// A frozen language model.
pub struct Llama {
    pub config: LlamaConfig,
    embedding: Matrix, // (vocabulary, D)
    layers: Vec<Layer>,
    norm: Vec<f32>,       // (D)
    head: Option<Matrix>, // (vocabulary, D); none where the embedding serves
    rope: Rope,
}

impl Llama {
    pub fn new(
        config: LlamaConfig,
        embedding: Matrix,
        layers: Vec<Layer>,
        norm: Vec<f32>,
        head: Option<Matrix>,
    ) -> Self {
        let rope = Rope::new(config.head_dim, config.rope_theta, config.max_position_embeddings);
        Self { config, embedding, layers, norm, head, rope }
    }

    /// Token embeddings: (ids, D).
    pub fn embed(&self, ids: &[u32]) -> Vec<f32> {
        ids.iter().flat_map(|id| self.embedding.row(*id as usize)).collect()
    }

    /// The embedding of the whole vocabulary: (vocabulary, D).
    pub fn embedding(&self) -> &Matrix {
        &self.embedding
    }

    /// The output matrix: (vocabulary, D).
    pub fn head(&self) -> &Matrix {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// Empty keys and values, one for each layer.
    pub fn new_cache(&self) -> Vec<KeysValues> {
        vec![KeysValues::default(); self.layers.len()]
    }

    /// Runs the blocks and the last norm on `x` (R, D), keeping nothing for a backward. In the last block only
    /// `place.queries` are computed beyond their keys. Returns their hidden states (S, D).
    pub fn forward(&self, x: Vec<f32>, place: Place, cache: &mut [KeysValues]) -> Vec<f32> {
        let x = (0..self.layers.len()).fold(x, |x, i| self.layer_forward(i, x, place, &mut cache[i], false).0);
        self.last_norm(&x)
    }

    /// Block `i`: x (R, D) -> y, (R, D) or in the last block (S, D); and with `keep` its tape.
    pub fn layer_forward(
        &self,
        i: usize,
        x: Vec<f32>,
        place: Place,
        kv: &mut KeysValues,
        keep: bool,
    ) -> (Vec<f32>, Option<LayerTape>) {
        if i + 1 == self.layers.len() {
            return self.layers[i].forward(&self.shared(), x, place, kv, keep);
        }
        let every: Vec<usize> = (0..place.positions.len()).collect();
        self.layers[i].forward(&self.shared(), x, Place { queries: &every, ..place }, kv, keep)
    }

    /// The first block's queries, keys and values of rows x (R, D) at `positions`.
    pub fn first_projection(&self, x: &[f32], positions: &[usize]) -> Projection {
        let every: Vec<usize> = (0..positions.len()).collect();
        self.layers[0].project(&self.shared(), x, positions, &every)
    }

    /// The first block with `projection`, its queries, keys and values for all rows, known.
    pub fn first_layer_forward(
        &self,
        x: Vec<f32>,
        projection: Projection,
        place: Place,
        kv: &mut KeysValues,
    ) -> (Vec<f32>, Option<LayerTape>) {
        let (shared, layer) = (self.shared(), &self.layers[0]);
        if self.layers.len() == 1 {
            let width = projection.q.len() / place.positions.len();
            let q = place.queries.iter().flat_map(|row| &projection.q[row * width..][..width]).copied().collect();
            return layer.attend(&shared, x, Projection { q, ..projection }, place, kv, true);
        }
        let every: Vec<usize> = (0..place.positions.len()).collect();
        layer.attend(&shared, x, projection, Place { queries: &every, ..place }, kv, true)
    }

    /// Block `i`: dy -> gradient by its input, and by the keys and values that stood in front of its rows. In the first
    /// block only the first `trained` rows get one, since all other rows are frozen embeddings.
    pub fn layer_backward(
        &self,
        i: usize,
        tape: LayerTape,
        place: Place,
        trained: usize,
        dy: Vec<f32>,
    ) -> (Vec<f32>, KeysValues) {
        let needed = if i == 0 { trained } else { place.positions.len() };
        self.layers[i].backward(&self.shared(), tape, place, needed, dy)
    }

    /// x (S, D) -> hidden states (S, D) that the head reads.
    pub fn last_norm(&self, x: &[f32]) -> Vec<f32> {
        rms_norm::forward(x, &self.norm, self.config.rms_norm_eps)
    }

    /// Gradient by the input of [`Llama::last_norm`].
    pub fn last_norm_backward(&self, x: &[f32], d_hidden: &[f32]) -> Vec<f32> {
        let mut dx = vec![0.0; x.len()];
        rms_norm::backward(x, &self.norm, self.config.rms_norm_eps, d_hidden, &mut dx);
        dx
    }

    /// Number of blocks.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    fn shared(&self) -> Shared<'_> {
        Shared { config: &self.config, rope: &self.rope }
    }

    /// Number of weights, each counted once.
    pub fn parameters(&self) -> usize {
        self.matrices().map(|m| m.shape().0 * m.shape().1).sum::<usize>()
            + self.vectors().map(<[f32]>::len).sum::<usize>()
    }

    /// Bytes that the weights take in memory.
    pub fn size(&self) -> usize {
        self.matrices().map(Matrix::size).sum::<usize>() + self.vectors().map(|v| v.len() * 4).sum::<usize>()
    }

    /// SHA-256 over every weight as it stands in memory, in hexadecimal: equal before and after training.
    pub fn weights_hash(&self) -> String {
        let mut hash = Sha256::new();
        self.matrices().for_each(|matrix| matrix.hash_into(&mut hash));
        self.vectors().for_each(|vector| hash.update(bytemuck::cast_slice::<f32, u8>(vector)));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        let layers = self.layers.iter().flat_map(|l| [&l.wq, &l.wk, &l.wv, &l.wo, &l.w_gate, &l.w_up, &l.w_down]);
        std::iter::once(&self.embedding).chain(self.head.as_ref()).chain(layers)
    }

    fn vectors(&self) -> impl Iterator<Item = &[f32]> {
        let layers = self.layers.iter().flat_map(|l| [l.attention_norm.as_slice(), l.mlp_norm.as_slice()]);
        layers.chain(std::iter::once(self.norm.as_slice()))
    }
}
