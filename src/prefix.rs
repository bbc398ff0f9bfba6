//! Prefix tuning's numbers (Li and Liang 2021): keys and values in front of every layer, as PEFT lays them out.
//!
//! One row for each virtual token: keys of layer 0, values of layer 0, keys of layer 1, ... (2 · layers, kv heads, head
//! size), keys as they enter the cache, after the rotation. Reference: PEFT 0.21, `peft_model.py`, `get_prompt`.

use crate::block::{KeysValues, Place};
use crate::config::LlamaConfig;
use crate::kernels::vector::add;
use crate::model::Llama;
use crate::ops::attention::Span;

/// Numbers of one layer's keys, or values, of one position.
pub fn kv_width(config: &LlamaConfig) -> usize {
    config.num_key_value_heads * config.head_dim
}

/// Numbers of one virtual token.
pub fn width(config: &LlamaConfig) -> usize {
    2 * config.num_hidden_layers * kv_width(config)
}

/// Keys and values of every layer: (virtual tokens, kv heads · head size) each.
pub fn to_cache(vectors: &[f32], config: &LlamaConfig) -> Vec<KeysValues> {
    let (kv, width) = (kv_width(config), width(config));
    let column = |part: usize| vectors.chunks_exact(width).flat_map(|row| &row[part * kv..][..kv]).copied().collect();
    (0..config.num_hidden_layers)
        .map(|layer| KeysValues { keys: column(2 * layer), values: column(2 * layer + 1) })
        .collect()
}

/// Adds the gradient by one layer's keys and values to that by all: (virtual tokens, [`width`]).
pub fn add_gradient(d_vectors: &mut [f32], layer: usize, d: &KeysValues, config: &LlamaConfig) {
    let (kv, width) = (kv_width(config), width(config));
    let rows = d_vectors.chunks_exact_mut(width).zip(d.keys.chunks_exact(kv).zip(d.values.chunks_exact(kv)));
    for (row, (keys, values)) in rows {
        add(&mut row[2 * layer * kv..][..kv], keys);
        add(&mut row[(2 * layer + 1) * kv..][..kv], values);
    }
}

/// The keys and values that the frozen model itself makes of a text: (ids, [`width`]). Prefix tuning can start from them.
pub fn of_text(ids: &[u32], llama: &Llama) -> Vec<f32> {
    let config = &llama.config;
    let positions: Vec<usize> = (0..ids.len()).collect();
    let spans: Vec<Span> = positions.iter().map(|last| Span { shared: 0, first: 0, last: *last }).collect();
    let mut cache = llama.new_cache();
    llama.forward(llama.embed(ids), Place { positions: &positions, spans: &spans, queries: &[] }, &mut cache);
    let mut vectors = vec![0.0; ids.len() * width(config)];
    cache.iter().enumerate().for_each(|(layer, kv)| add_gradient(&mut vectors, layer, kv, config));
    vectors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_come_apart_and_together_again() {
        let sizes = br#"{"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2,
            "num_key_value_heads": 1, "vocab_size": 10}"#;
        let config = LlamaConfig::from_json(sizes).unwrap();
        assert_eq!((kv_width(&config), width(&config)), (4, 24));
        let vectors: Vec<f32> = (0..48).map(|i| i as f32).collect();
        let cache = to_cache(&vectors, &config);
        assert_eq!(cache[1].keys, [8.0, 9.0, 10.0, 11.0, 32.0, 33.0, 34.0, 35.0]);
        assert_eq!(cache[1].values[..4], [12.0, 13.0, 14.0, 15.0]);
        let mut again = vec![0.0; 48];
        cache.iter().enumerate().for_each(|(layer, kv)| add_gradient(&mut again, layer, kv, &config));
        assert_eq!(again, vectors);
    }
}
