//! The library in Chromium, in a dedicated worker as on the page: the bundled model is tuned through the JavaScript
//! facade and gives PEFT's numbers. Run by `wasm-pack test --headless --chrome`.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, JSON, Object, Reflect};
use prompt_playground::wasm::{KeptPrompt, Model, SoftPrompt, SoftPromptRef, Tuner, check_settings, parse_dataset};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const CONFIG: &[u8] = include_bytes!("../www/models/bundled/config.json");
const TOKENIZER: &[u8] = include_bytes!("../www/models/bundled/tokenizer.json");
const TOKENIZER_CONFIG: &[u8] = include_bytes!("../www/models/bundled/tokenizer_config.json");
const WEIGHTS: &[u8] = include_bytes!("../www/models/bundled/model.safetensors");
const CASE: &str = include_str!("fixtures/smarthome.json");
const PEFT: &str = include_str!("fixtures/peft.json");
const TINY_GGUF: &[u8] = include_bytes!("fixtures/tiny/gguf_q4_1.gguf");

fn bundled() -> Model {
    Model::from_hf(CONFIG, TOKENIZER, WEIGHTS, Some(TOKENIZER_CONFIG.to_vec())).expect("the bundled model")
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).expect("an object")
}

fn number(object: &JsValue, key: &str) -> f64 {
    get(object, key).as_f64().unwrap_or_else(|| panic!("{key} is not a number"))
}

fn text(object: &JsValue, key: &str) -> String {
    get(object, key).as_string().unwrap_or_else(|| panic!("{key} is not a text"))
}

fn parse(json: &str) -> JsValue {
    JSON::parse(json).expect("JSON")
}

/// Settings of the fixture run `plain`.
fn plain_settings() -> JsValue {
    let settings = parse(
        r#"{"num_virtual_tokens": 20, "learning_rate": 0.05, "batch_size": 10, "steps": 10, "warmup_ratio": 0, "lr_scheduler_type": "constant", "max_grad_norm": 0}"#,
    );
    Reflect::set(&settings, &"prompt_tuning_init_text".into(), &get(&parse(CASE), "objective")).expect("an object");
    settings
}

#[wasm_bindgen_test]
fn tuning_gives_the_numbers_of_peft_and_leaves_the_model_alone() {
    let model = bundled();
    let hash = model.weights_hash();
    let mut tuner = Tuner::new_run(&model, get(&parse(CASE), "examples"), plain_settings()).expect("a run");
    let steps: Array = get(&get(&parse(PEFT), "plain"), "steps").unchecked_into();
    for expected in steps.iter() {
        let report = tuner.step().expect("a step");
        for field in ["loss", "gradNorm", "learningRate"] {
            let (ours, theirs) = (number(&report, field), number(&expected, field));
            assert!(
                (ours - theirs).abs() <= 1e-3 * theirs,
                "step {}: {field} {ours}, PEFT {theirs}",
                number(&report, "step")
            );
        }
        assert!(number(&report, "milliseconds") > 0.0);
    }
    assert_eq!(model.weights_hash(), hash);
    assert_eq!(text(&model.info().expect("sizes"), "weightsHash"), hash);
    let numbers = 20 * number(&model.info().expect("sizes"), "hiddenSize") as usize;
    assert_eq!(tuner.soft_prompt().expect("rows").vectors().len(), numbers);
    assert_eq!(tuner.trained_numbers(), numbers);
}

#[wasm_bindgen_test]
fn a_run_goes_on_from_its_saved_state() {
    let model = bundled();
    let examples = get(&parse(CASE), "examples");
    let mut tuner = Tuner::new_run(&model, examples.clone(), plain_settings()).expect("a run");
    tuner.step().expect("a step");
    let state = tuner.save_state().expect("a state");
    let mut resumed = Tuner::resume(&model, examples, &state, JsValue::UNDEFINED).expect("a run");
    let (a, b) = (tuner.step().expect("a step"), resumed.step().expect("a step"));
    assert_eq!((number(&a, "step"), number(&a, "loss")), (number(&b, "step"), number(&b, "loss")));
    // With more steps: what belongs to the start need not be said again.
    let longer = parse(r#"{"num_virtual_tokens": 20, "batch_size": 10, "steps": 200}"#);
    let mut resumed = Tuner::resume(&model, get(&parse(CASE), "examples"), &state, longer).expect("a run");
    assert_eq!(number(&resumed.step().expect("a step"), "loss"), number(&a, "loss"));
}

#[wasm_bindgen_test]
fn the_mean_of_two_steps_is_kept() {
    let model = bundled();
    let mut tuner = Tuner::new_run(&model, get(&parse(CASE), "examples"), plain_settings()).expect("a run");
    let mut kept = KeptPrompt::new_kept();
    assert!(kept.soft_prompt().is_none() && kept.steps().is_empty());
    let start = tuner.soft_prompt().expect("a prompt");
    tuner.step().expect("a step");
    let trained = tuner.soft_prompt().expect("a prompt");
    assert_eq!(kept.offer(0, 2.0, &start).expect("of one size"), "lowest");
    assert_eq!(kept.offer(1, 2.02, &trained).expect("of one size"), "near");
    let proposed = kept.mean_with(&trained).expect("of one size").expect("a mean");
    assert!(!kept.take(1, &trained, 2.1).expect("of one size"));
    assert!(kept.take(1, &trained, 2.01).expect("of one size"));
    assert_eq!(kept.offer(2, 3.0, &start).expect("of one size"), "worse");
    let mean = kept.soft_prompt().expect("a mean");
    let expected: Vec<f32> = start.vectors().iter().zip(trained.vectors()).map(|(a, b)| (a + b) / 2.0).collect();
    assert!(mean.vectors().iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6));
    assert_eq!(mean.vectors(), proposed.vectors());
    assert_ne!(mean.vectors(), start.vectors());
    assert_eq!((kept.steps(), kept.count(), mean.kind()), (vec![0, 1], 2, "embeddings".to_string()));
}

#[wasm_bindgen_test]
fn an_answer_is_written_and_the_prompt_changes_it() {
    let model = bundled();
    let settings =
        || parse(r#"{"temperature": 0, "top_p": 1, "repetition_penalty": 1, "max_new_tokens": 12, "seed": 1}"#);
    let answer = |soft_prompt: Option<JsValue>| {
        let lent = soft_prompt.map(|prompt| prompt.unchecked_into());
        let mut generation = model
            .generation("How do I restart my hub?", None, lent, settings(), JsValue::UNDEFINED)
            .expect("an answer");
        let mut text = String::new();
        while let Some(added) = generation.next() {
            text += &added;
        }
        assert!(generation.tokens() > 0 && generation.tokens() <= 12);
        assert!(["stop", "length"].contains(&generation.finish_reason().as_str()));
        text
    };
    let base = answer(None);
    assert_eq!(answer(None), base, "greedy decoding is the same each time");
    let mut tuner = Tuner::new_run(&model, get(&parse(CASE), "examples"), plain_settings()).expect("a run");
    for _ in 0..5 {
        tuner.step().expect("a step");
    }
    let trained = tuner.soft_prompt().expect("rows");
    let rows = SoftPrompt::from_vectors(&model, trained.vectors(), trained.width(), None).expect("rows");
    assert_ne!(answer(Some(rows.into())), base);
}

#[wasm_bindgen_test]
fn a_gguf_file_loads() {
    let info = Model::from_gguf(TINY_GGUF).expect("a GGUF model").info().expect("sizes");
    assert_eq!((number(&info, "layers"), number(&info, "vocabulary")), (2.0, 320.0));
}

/// 256 numbers: eight rows of the tiny model, which could pass for one row of the bundled one.
fn prompt_of_another_model() -> SoftPromptRef {
    let tiny = Model::from_gguf(TINY_GGUF).expect("a GGUF model");
    let prompt = SoftPrompt::from_vectors(&tiny, vec![0.1; 256], 32, None).expect("rows of the tiny model");
    JsValue::from(prompt).unchecked_into()
}

#[wasm_bindgen_test]
fn errors_are_sentences_with_a_kind() {
    let kinds = [
        (Model::from_gguf(b"GGUF").err(), "model"),
        (Model::from_hf(CONFIG, TOKENIZER, &WEIGHTS[..1000], None).err(), "model"),
        (Model::from_hf(br#"{"hidden_size": 1e99}"#, TOKENIZER, WEIGHTS, None).err(), "model"),
        (Tuner::new_run(&bundled(), Array::new().into(), plain_settings()).err(), "input"),
        (SoftPrompt::from_vectors(&bundled(), vec![1.0; 7], 7, None).err(), "input"),
        (
            bundled()
                .evaluation(get(&parse(CASE), "examples"), Some(prompt_of_another_model()), JsValue::UNDEFINED)
                .err(),
            "input",
        ),
    ];
    for (error, kind) in kinds {
        let error = error.expect("an error");
        assert_eq!(text(&error, "kind"), kind);
        assert!(text(&error, "message").ends_with('.'), "{}", text(&error, "message"));
    }
}

#[wasm_bindgen_test]
fn settings_and_data_cross_the_border() {
    let checked =
        check_settings(parse(r#"{"learning_rate": 1e9, "prompt_tuning_init_text": "x"}"#), false).expect("checked");
    assert_eq!(number(&get(&checked, "settings"), "learning_rate"), 0.05);
    let problems: Array = get(&checked, "problems").unchecked_into();
    assert_eq!((problems.length(), text(&problems.get(0), "field").as_str()), (1, "learning_rate"));
    let nan = Object::new();
    Reflect::set(&nan, &"learning_rate".into(), &f64::NAN.into()).expect("an object");
    assert!(Array::from(&get(&check_settings(nan.into(), false).expect("checked"), "problems")).length() >= 1);

    let problems_of = |start_is_given| {
        let checked = check_settings(parse("{}"), start_is_given).expect("checked");
        Array::from(&get(&checked, "problems")).length()
    };
    assert_eq!((problems_of(false), problems_of(true)), (1, 0), "a trained prompt needs no text to start from");

    let parsed = parse_dataset("{\"input\": \"a\", \"output\": \"b\"}\nnot json\n", "x.jsonl").expect("parsed");
    assert_eq!(Array::from(&get(&parsed, "examples")).length(), 1);
    assert_eq!(number(&Array::from(&get(&parsed, "problems")).get(0), "line"), 2.0);
}
