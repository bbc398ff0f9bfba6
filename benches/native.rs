//! The same steps as `make bench` takes in Chromium, natively: `cargo bench --bench native` prints one line of JSON for
//! each model that is there.

use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use prompt_playground::dataset::Example;
use prompt_playground::discrete_prompt::DiscretePrompt;
use prompt_playground::generate::Generation;
use prompt_playground::language_model::LanguageModel;
use prompt_playground::sampler::GenerationSettings;
use prompt_playground::settings::TunerSettings;
use prompt_playground::soft_prompt::SoftPrompt;
use prompt_playground::tuner::Tuner;

/// The chapter's data.
#[derive(serde::Deserialize)]
struct Case {
    objective: String,
    examples: Vec<Example>,
    test: Vec<String>,
}

/// Name, files, steps before the clock starts, steps that are timed.
const MODELS: [(&str, &str, usize, usize); 3] = [
    ("bundled", "www/models/bundled", 2, 20),
    ("random-5.7m", "target/bench/random-5.7m", 2, 12),
    ("smollm2", "target/models/smollm2.gguf", 1, 10),
];

const DECODED_TOKENS: f64 = 96.0;

fn load(path: &Path) -> Option<LanguageModel> {
    let model = if path.is_dir() {
        let file = |name: &str| std::fs::read(path.join(name)).ok();
        let (config, tokenizer, weights) = (file("config.json")?, file("tokenizer.json")?, file("model.safetensors")?);
        LanguageModel::from_hf(&config, &tokenizer, &[&weights], file("tokenizer_config.json").as_deref())
    } else {
        LanguageModel::from_gguf(&std::fs::read(path).ok()?)
    };
    Some(model.unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// Median milliseconds of a step on the full batch, and its floating-point operations.
fn steps(model: &Rc<LanguageModel>, case: &Case, warm_up: usize, timed: usize) -> (f64, u64) {
    let settings = TunerSettings {
        prompt_tuning_init_text: case.objective.clone(),
        batch_size: case.examples.len(),
        num_virtual_tokens: 20,
        steps: warm_up + timed,
        ..TunerSettings::default()
    };
    let mut tuner = Tuner::new(model.clone(), &case.examples, settings).expect("a run");
    let mut times = Vec::new();
    let mut flop = 0;
    for _ in 0..warm_up + timed {
        let start = Instant::now();
        flop = tuner.step().expect("a step").flop;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    (median(times.split_off(warm_up)), flop)
}

/// Tokens per second from the first token on, greedy; median of five answers after one that is not counted.
fn decoding(model: &Rc<LanguageModel>, question: &str) -> f64 {
    let settings = GenerationSettings {
        temperature: 0.0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        max_new_tokens: DECODED_TOKENS,
        seed: 0.0,
    };
    let answer = || {
        let mut generation =
            Generation::new(model.clone(), question, &DiscretePrompt::default(), &SoftPrompt::none(), &settings)
                .expect("an answer");
        while generation.ids().is_empty() && generation.next().is_some() {}
        let start = Instant::now();
        while generation.next().is_some() {}
        (generation.ids().len() - 1) as f64 / start.elapsed().as_secs_f64()
    };
    median((0..6).map(|_| answer()).skip(1).collect())
}

fn main() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let case = std::fs::read(project.join("tests/fixtures/smarthome.json")).expect("the chapter's data");
    let case: Case = serde_json::from_slice(&case).expect("the chapter's data");
    for (name, path, warm_up, timed) in MODELS {
        let Some(model) = load(&project.join(path)).map(Rc::new) else {
            eprintln!("{name}: {path} is not there.");
            continue;
        };
        let tokens_per_second = decoding(&model, &case.test[0]);
        let (milliseconds, flop) = steps(&model, &case, warm_up, timed);
        let line = serde_json::json!({
            "model": name,
            "ms_per_step": milliseconds,
            "gflops": flop as f64 / milliseconds / 1e6,
            "decode_tokens_per_second": tokens_per_second,
        });
        println!("{line}");
    }
}
