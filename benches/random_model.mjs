// Writes the 5.7 M random Llama of `make bench` as a Hugging Face folder, target/bench/random-5.7m/: hidden size 256,
// 6 layers, 8 heads, feed-forward 672, vocabulary 4096, tied head, f32; weights N(0, 0.02²), norms 1. The tokenizer is
// the bundled model's. The same bytes every time.
//
//   node benches/random_model.mjs
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const bundled = `${project}www/models/bundled`;
const folder = `${project}target/bench/random-5.7m`;

const SEED = 20240;
const DEVIATION = 0.02;

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 256,
  intermediate_size: 672,
  num_hidden_layers: 6,
  num_attention_heads: 8,
  num_key_value_heads: 8,
  head_dim: 32,
  vocab_size: 4096,
  max_position_embeddings: 1024,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
  bos_token_id: 0,
  eos_token_id: 2,
  pad_token_id: 0,
  dtype: 'float32',
};

/**
 * Names of `transformers` and shapes, as PyTorch has them (outputs x inputs).
 * @returns {[string, number[]][]}
 */
function tensors() {
  const { hidden_size: d, intermediate_size: f, num_hidden_layers: layers, vocab_size: vocabulary } = config;
  /** @type {[string, number[]][]} */
  const parts = [
    ['input_layernorm', [d]],
    ['self_attn.q_proj', [config.num_attention_heads * config.head_dim, d]],
    ['self_attn.k_proj', [config.num_key_value_heads * config.head_dim, d]],
    ['self_attn.v_proj', [config.num_key_value_heads * config.head_dim, d]],
    ['self_attn.o_proj', [d, config.num_attention_heads * config.head_dim]],
    ['post_attention_layernorm', [d]],
    ['mlp.gate_proj', [f, d]],
    ['mlp.up_proj', [f, d]],
    ['mlp.down_proj', [d, f]],
  ];
  /** @type {(layer: number) => [string, number[]][]} */
  const ofLayer = (layer) => parts.map(([part, shape]) => [`model.layers.${layer}.${part}.weight`, shape]);
  return [
    ['model.embed_tokens.weight', [vocabulary, d]],
    ...Array.from({ length: layers }, (_, layer) => ofLayer(layer)).flat(),
    ['model.norm.weight', [d]],
  ];
}

/** Uniform in (0, 1]: mulberry32. */
function uniformNumbers(/** @type {number} */ seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 1) / 2 ** 32;
  };
}

/** Normal numbers of mean 0 and deviation 1 (Box and Muller). */
function normalNumbers(/** @type {number} */ seed) {
  const uniform = uniformNumbers(seed);
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** A safetensors file: the header's length (8 bytes), the header (JSON), the numbers (f32, little-endian). */
function safetensors() {
  /** @type {Record<string, {dtype: string, shape: number[], data_offsets: [number, number]}>} */
  const header = {};
  let size = 0;
  for (const [name, shape] of tensors()) {
    const bytes = 4 * shape.reduce((product, length) => product * length, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [size, size + bytes] };
    size += bytes;
  }
  const json = JSON.stringify({ __metadata__: { format: 'pt' }, ...header });
  const padded = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const start = 8 + padded.length;
  const file = Buffer.alloc(start + size);
  file.writeBigUInt64LE(BigInt(padded.length), 0);
  padded.copy(file, 8);
  const normal = normalNumbers(SEED);
  for (const { shape, data_offsets: [first, end] } of Object.values(header)) {
    for (let at = first; at < end; at += 4) file.writeFloatLE(shape.length === 1 ? 1 : DEVIATION * normal(), start + at);
  }
  return { file, parameters: size / 4 };
}

mkdirSync(folder, { recursive: true });
for (const name of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(`${bundled}/${name}`, `${folder}/${name}`);
writeFileSync(`${folder}/config.json`, `${JSON.stringify(config, null, 2)}\n`);
const { file, parameters } = safetensors();
writeFileSync(`${folder}/model.safetensors`, file);
console.log(`Wrote target/bench/random-5.7m/: ${(parameters / 1e6).toFixed(2)} M parameters, ${(file.length / 2 ** 20).toFixed(1)} MiB.`);
