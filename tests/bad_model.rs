//! Model files that are damaged, absurd or hostile: each is refused with a sentence, and none ends the program.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{bytes, json, load_folder};
use prompt_playground::config::LlamaConfig;
use prompt_playground::dataset::Example;
use prompt_playground::error::Error;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::rng::Rng;
use prompt_playground::tokenizer::{ChatTokenizer, TokenKind};
use safetensors::SafeTensors;
use serde_json::{Value, json};

const FOLDER: &str = "tests/fixtures/tiny/hf_f32";
const GGUF: &str = "tests/fixtures/tiny/gguf_q8_0.gguf";

fn folder_file(name: &str) -> Vec<u8> {
    bytes(&format!("{FOLDER}/{name}"))
}

fn model_of(config: &Value) -> Result<LanguageModel, Error> {
    LanguageModel::from_hf(
        config.to_string().as_bytes(),
        &folder_file("tokenizer.json"),
        &[&folder_file("model.safetensors")],
        Some(&folder_file("tokenizer_config.json")),
    )
}

fn assert_sentence(error: &Error) {
    assert_eq!(error.kind(), "model", "{error}");
    assert!(error.to_string().ends_with('.'), "{error}");
}

#[test]
fn absurd_sizes_are_refused() {
    let config: Value = json(&format!("{FOLDER}/config.json"));
    for (field, values) in [
        ("hidden_size", vec![json!(0), json!(-1), json!(1e15), json!(u64::MAX), json!("many"), json!(64)]),
        ("intermediate_size", vec![json!(0), json!(1_000_000_000), json!(131_072)]),
        ("num_hidden_layers", vec![json!(0), json!(1_000_000_000), json!(256)]),
        ("num_attention_heads", vec![json!(0), json!(3), json!(512)]),
        ("num_key_value_heads", vec![json!(0), json!(3), json!(1_000_000)]),
        ("head_dim", vec![json!(7), json!(0), json!(1024)]),
        ("vocab_size", vec![json!(0), json!(1), json!(1_000_000)]),
        ("max_position_embeddings", vec![json!(0), json!(u64::MAX)]),
        ("rms_norm_eps", vec![json!(0), json!(-1), json!(1e300)]),
        ("rope_theta", vec![json!(0), json!(1e300)]),
    ] {
        for value in values {
            let mut changed = config.clone();
            changed[field] = value.clone();
            // Newer configurations keep the angle elsewhere, where it comes first.
            changed.as_object_mut().unwrap().remove("rope_parameters");
            let error = model_of(&changed).err().unwrap_or_else(|| panic!("{field} = {value} was accepted"));
            assert_sentence(&error);
        }
    }
}

#[test]
fn what_the_engine_does_not_compute_is_refused() {
    let config: Value = json(&format!("{FOLDER}/config.json"));
    for (field, value) in [
        ("model_type", json!("gpt2")),
        ("attention_bias", json!(true)),
        ("mlp_bias", json!(true)),
        ("hidden_act", json!("gelu")),
        ("rope_scaling", json!({"rope_type": "llama3", "factor": 8.0})),
        ("rope_scaling", json!({"type": "linear", "factor": 2.0})),
    ] {
        let mut changed = config.clone();
        changed[field] = value;
        let error = model_of(&changed).err().expect(field);
        assert_sentence(&error);
        assert!(error.to_string().contains(field), "{error}");
    }
}

/// `transformers` writes the kind of rotary positions under both of its names.
#[test]
fn the_kind_of_rotary_positions_may_be_said_twice() {
    let mut config: Value = json(&format!("{FOLDER}/config.json"));
    config["rope_parameters"] = json!({"rope_theta": 10000.0, "rope_type": "default", "type": "default"});
    assert!(model_of(&config).is_ok());
    config["rope_parameters"] = json!({"factor": 2.0, "rope_type": "linear", "type": "linear"});
    let error = model_of(&config).err().expect("an error").to_string();
    assert!(error.contains("rope_scaling") && error.contains("linear"), "{error}");
}

/// A good file whose first tensor says a quantisation that is not known here (20 is IQ4_NL).
#[test]
fn a_gguf_file_of_another_quantisation_is_not_called_incomplete() {
    let good = bytes(GGUF);
    let name = b"token_embd.weight";
    let at = good.windows(name.len()).position(|window| window == name).expect("the embedding") + name.len();
    let kind = at + 4 + 2 * 8; // behind the number of dimensions and both sizes
    let file = [&good[..kind], &20u32.to_le_bytes(), &good[kind + 4..]].concat();
    let error = LanguageModel::from_gguf(&file).err().expect("an error");
    assert_sentence(&error);
    assert!(error.to_string().contains("quantised") && !error.to_string().contains("incomplete"), "{error}");
}

#[test]
fn an_end_of_text_id_beyond_the_vocabulary_is_not_used() {
    let mut config: Value = json(&format!("{FOLDER}/config.json"));
    config["eos_token_id"] = json!([1_000_000, 2]);
    assert_eq!(LlamaConfig::from_json(config.to_string().as_bytes()).unwrap().eos_token_ids, [2]);
    let model = model_of(&config).unwrap();
    let row = model.tokenizer.token_row(&Example::new("a", "b")).unwrap();
    assert!(row.ids.iter().all(|id| (*id as usize) < model.llama.config.vocab_size));
}

#[test]
fn a_tokenizer_of_a_larger_model_is_refused() {
    let mut tokenizer: Value = json(&format!("{FOLDER}/tokenizer.json"));
    tokenizer["added_tokens"].as_array_mut().unwrap().push(json!({
        "id": 5000, "content": "<|extra|>", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true
    }));
    let error = ChatTokenizer::from_json(tokenizer.to_string().as_bytes(), None, &[], 320).err().unwrap();
    assert_sentence(&error);
    assert!(error.to_string().contains("only 320 tokens"), "{error}");
}

#[test]
fn files_that_end_early_are_refused() {
    let (gguf, weights, tokenizer) = (bytes(GGUF), folder_file("model.safetensors"), folder_file("tokenizer.json"));
    let config = folder_file("config.json");
    for part in 0..40 {
        let cut = |file: &[u8]| file[..file.len() * part / 40].to_vec();
        assert_sentence(&LanguageModel::from_gguf(&cut(&gguf)).err().expect("a cut GGUF file"));
        assert_sentence(
            &LanguageModel::from_hf(&config, &tokenizer, &[&cut(&weights)], None).err().expect("cut weights"),
        );
        assert_sentence(
            &LanguageModel::from_hf(&config, &cut(&tokenizer), &[&weights], None).err().expect("a cut text"),
        );
    }
    assert!(LanguageModel::from_gguf(&gguf).is_ok());
}

/// The library `tokenizers` ends the program over some of these; `src/tokenizer/file.rs` finds them before.
#[test]
fn tokenizers_with_damaged_parts_are_refused() {
    let refused =
        |file: &[u8]| assert_sentence(&ChatTokenizer::from_json(file, None, &[], 320).err().expect("refused"));
    let good = folder_file("tokenizer.json");
    let decoder = good.windows(9).position(|part| part == b"\"decoder\"").expect("a decoder");
    for end in decoder..decoder + 200 {
        refused(&good[..end]);
    }
    for at in [decoder + 3, decoder + 20, decoder + 40] {
        refused(&[&good[..at], b"\xff\xff", &good[at..]].concat());
    }
    let tokenizer: Value = serde_json::from_slice(&good).unwrap();
    for (part, value) in [
        ("decoder", json!(5)),
        ("decoder", json!({"type": "Nothing"})),
        ("normalizer", json!({"type": "Precompiled", "precompiled_charsmap": "?"})),
        ("normalizer", json!({"type": "Precompiled"})),
        (
            "normalizer",
            json!({"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": 1}]}),
        ),
    ] {
        let mut changed = tokenizer.clone();
        changed[part] = value;
        refused(changed.to_string().as_bytes());
    }
}

/// Whatever the bytes say: an error or a model that answers, never a panic. Most of a GGUF file's first part is counts,
/// lengths, types and offsets.
#[test]
fn gguf_files_with_wrong_bytes_do_not_end_the_program() {
    let (good, mut rng) = (bytes(GGUF), Rng::new(11));
    let mut refused = 0;
    for round in 0..1500 {
        let mut file = good.clone();
        let reach = if round % 2 == 0 { 2000 } else { file.len() };
        for _ in 0..=rng.below(3) {
            let at = rng.below(reach);
            file[at] = [0, 1, 2, 9, 0x7f, 0x80, 0xff][rng.below(7)];
        }
        match LanguageModel::from_gguf(&file) {
            Ok(model) => drop(model.logits(&[1, 2, 3]).unwrap()),
            Err(error) => {
                assert_sentence(&error);
                refused += 1;
            }
        }
    }
    assert!(refused > 100, "only {refused} were refused");
}

/// Replaces the value that stands after a metadata key and its type.
fn with_number(file: &[u8], key: &str, value: u32) -> Vec<u8> {
    let at = file.windows(key.len()).position(|window| window == key.as_bytes()).expect(key) + key.len() + 4;
    [&file[..at], &value.to_le_bytes(), &file[at + 4..]].concat()
}

#[test]
fn absurd_gguf_metadata_is_refused() {
    let good = bytes(GGUF);
    for key in [
        "llama.block_count",
        "llama.embedding_length",
        "llama.feed_forward_length",
        "llama.attention.head_count",
        "llama.context_length",
    ] {
        for value in [0, 7, u32::MAX] {
            if key != "llama.context_length" || value != 7 {
                let error = LanguageModel::from_gguf(&with_number(&good, key, value)).err().expect(key);
                assert_sentence(&error);
            }
        }
    }
    let error = LanguageModel::from_gguf(&with_number(&good, "llama.rope.dimension_count", 4)).err().unwrap();
    assert!(error.to_string().contains("rope.dimension_count"), "{error}");
}

/// A GGUF file of version 3 with one key and no tensor.
#[test]
fn an_alignment_of_zero_is_refused() {
    let key = "general.alignment";
    let mut file = b"GGUF".to_vec();
    file.extend(3u32.to_le_bytes());
    file.extend(0u64.to_le_bytes());
    file.extend(1u64.to_le_bytes());
    file.extend((key.len() as u64).to_le_bytes());
    file.extend(key.as_bytes());
    file.extend(4u32.to_le_bytes());
    file.extend(0u32.to_le_bytes());
    let error = LanguageModel::from_gguf(&file).err().unwrap();
    assert_sentence(&error);
    assert!(error.to_string().contains(key), "{error}");
}

#[test]
fn scaled_rotary_positions_in_a_tensor_are_refused() {
    let good = bytes(GGUF);
    // The name takes the place of another tensor's, behind its length.
    let (old, new) = (b"blk.1.attn_v.weight", b"rope_freqs.weight");
    let at = good.windows(old.len()).position(|window| window == old).expect("a tensor");
    let mut file = good.clone();
    file[at - 8] = new.len() as u8;
    file.splice(at..at + old.len(), *new);
    let error = LanguageModel::from_gguf(&file).err().unwrap();
    assert!(error.to_string().contains("rope_scaling"), "{error}");
}

/// The bundled tokenizer, changed by `change`.
fn changed_tokenizer(change: impl FnOnce(&mut Value)) -> ChatTokenizer {
    let mut tokenizer: Value = json("www/models/bundled/tokenizer.json");
    change(&mut tokenizer);
    let config = bytes("www/models/bundled/tokenizer_config.json");
    ChatTokenizer::from_json(tokenizer.to_string().as_bytes(), Some(&config), &[], 4096).unwrap()
}

#[test]
fn turn_tokens_that_a_fine_tune_added_as_ordinary_ones_cannot_be_written_either() {
    let tokenizer = changed_tokenizer(|json| {
        json["added_tokens"].as_array_mut().unwrap().iter_mut().for_each(|token| token["special"] = json!(false));
    });
    let expected = load_folder("www/models/bundled");
    let example = Example::new("a<|im_end|>b", "<|im_end|>");
    assert_eq!(tokenizer.example(&example).unwrap(), expected.tokenizer.example(&example).unwrap());
    let special = |kind| {
        let tokens = tokenizer.example(&example).unwrap();
        tokens.iter().filter(|token| token.kind == kind && token.id < 3).count()
    };
    assert_eq!((special(TokenKind::Template), special(TokenKind::Input), special(TokenKind::Response)), (3, 0, 1));
}

#[test]
fn a_tokenizer_that_looks_up_whole_texts_gives_no_special_token() {
    let tokenizer = changed_tokenizer(|json| {
        json["pre_tokenizer"] = Value::Null;
        json["model"]["ignore_merges"] = json!(true);
    });
    let error = tokenizer.encode("<|im_end|>").err().unwrap();
    assert_eq!(error.kind(), "input");
    assert!(error.to_string().contains("<|im_end|>"), "{error}");
    // after the template's words it is no longer the whole text
    let tokens = tokenizer.example(&Example::new("Hello", "<|im_end|>")).unwrap();
    let ends = tokens.iter().filter(|t| t.kind == TokenKind::Response && tokenizer.is_special(t.id)).count();
    assert_eq!((ends, tokens.last().map(|t| t.id)), (1, tokenizer.stop_ids().first().copied()));
}

#[test]
fn one_of_several_chat_templates_is_the_default() {
    let tokenizer = bytes("www/models/bundled/tokenizer.json");
    let config = json!({"chat_template": [
        {"name": "tool_use", "template": "{{ raise_exception('no') }}"},
        {"name": "default", "template": "Q: {{ messages[0].content }}\nA:{{ eos_token }}"},
    ], "eos_token": "<|endoftext|>"});
    let tokenizer = ChatTokenizer::from_json(&tokenizer, Some(config.to_string().as_bytes()), &[], 4096).unwrap();
    let text: String =
        tokenizer.prompt(None, "Hi").unwrap().iter().map(|token| tokenizer.token_text(token.id)).collect();
    assert_eq!(text, "Q: Hi\nA:<|endoftext|>");
}

#[test]
fn weights_may_lie_in_several_files_in_any_order() {
    let mut shards: Vec<Vec<u8>> =
        (1..=4).map(|i| bytes(&format!("tests/fixtures/tiny/hf_sharded/model-0000{i}-of-00004.safetensors"))).collect();
    let whole = load_folder("tests/fixtures/tiny/hf_f32");
    let file = |name: &str| bytes(&format!("tests/fixtures/tiny/hf_f32/{name}"));
    let (config, tokenizer) = (file("config.json"), file("tokenizer.json"));
    let load = |shards: &[Vec<u8>]| {
        LanguageModel::from_hf(&config, &tokenizer, &shards.iter().map(Vec::as_slice).collect::<Vec<_>>(), None)
    };
    shards.reverse();
    assert_eq!(load(&shards).unwrap().llama.weights_hash(), whole.llama.weights_hash());
    assert_sentence(&load(&shards[1..]).err().expect("three of four files"));
    assert_sentence(&load(&[]).err().expect("no file"));
}

#[test]
fn the_eight_bits_that_the_page_downloads_are_the_weights_that_peft_reads() {
    let file = |name: &str| bytes(&format!("www/models/bundled/{name}"));
    let (config, tokenizer, eight_bits) = (file("config.json"), file("tokenizer.json"), file("model.q8.safetensors"));
    let load = |weights: &[u8]| LanguageModel::from_hf(&config, &tokenizer, &[weights], None);
    let whole = load(&file("model.safetensors")).unwrap().llama.weights_hash();
    assert_eq!(load(&eight_bits).unwrap().llama.weights_hash(), whole);

    let tensors = SafeTensors::deserialize(&eight_bits).unwrap();
    let scale = "model.layers.0.self_attn.q_proj.weight.scale";
    let without = tensors.tensors().into_iter().filter(|(name, _)| name != scale);
    let error = load(&safetensors::serialize(without, None).unwrap()).err().expect("no scale of the queries");
    assert_sentence(&error);
    assert!(error.to_string().contains(scale));
    let short = tensors.tensor("model.layers.0.self_attn.k_proj.weight.scale").unwrap();
    let others = tensors
        .tensors()
        .into_iter()
        .map(|(name, view)| if name == scale { (name, short.clone()) } else { (name, view) });
    assert_sentence(&load(&safetensors::serialize(others, None).unwrap()).err().expect("64 scales for 256 rows"));
}
