//! Makes `types.d.ts` from the structs that go in and out of the library, and tests that it is what they are now:
//! `UPDATE_TYPES=1 cargo test --lib types` writes it.

use std::collections::BTreeMap;

use regex::{Captures, Regex};
use ts_rs::{Config, TS, TypeVisitor};

use crate::{
    curve, dataset, dataset_io, discrete_prompt, evaluation, inside, metrics, model_info, peft, plan, prepared,
};
use crate::{resampling, sampler, settings, technique, tuner};

const HEADER: &str = "// Made by src/types.rs from the structs of the core; not written by hand.\n";

/// Name of a type -> its declaration with its comment; those that it needs come with it.
struct Declarations<'a> {
    config: &'a Config,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Numbers, texts and lists have no declaration of their own.
        if T::output_path().is_none() {
            return;
        }
        let declaration = format!("{}export {}\n", T::docs().unwrap_or_default(), T::decl(self.config));
        match self.found.insert(T::ident(self.config), declaration.clone()) {
            None => T::visit_dependencies(self),
            Some(before) => assert_eq!(before, declaration, "two types have one name in TypeScript"),
        }
    }
}

fn declarations() -> String {
    // A JavaScript number is exact up to 2^53: bytes and operations stay below.
    let config = Config::new().with_large_int("number");
    let mut all = Declarations { config: &config, found: BTreeMap::new() };
    all.visit::<curve::CurvePoint>();
    all.visit::<curve::CurveReading>();
    all.visit::<dataset::DatasetReport>();
    all.visit::<dataset::Example>();
    all.visit::<dataset::Split>();
    all.visit::<dataset::near_duplicates::NearDuplicate>();
    all.visit::<dataset_io::DatasetFormat>();
    all.visit::<dataset_io::ParsedDataset>();
    all.visit::<discrete_prompt::DiscretePrompt>();
    all.visit::<evaluation::LossReport>();
    all.visit::<inside::attention::AttentionReport>();
    all.visit::<inside::nearest::NearestStep>();
    all.visit::<inside::path::PromptPath>();
    all.visit::<inside::token_losses::TokenLoss>();
    all.visit::<metrics::AnswerPair>();
    all.visit::<metrics::AnswerScore>();
    all.visit::<metrics::copying::Copying>();
    all.visit::<metrics::patterns::Pattern>();
    all.visit::<metrics::patterns::PatternMatches>();
    all.visit::<model_info::ModelInfo>();
    all.visit::<peft::About>();
    all.visit::<plan::Batch>();
    all.visit::<plan::TrainingPlan>();
    all.visit::<prepared::PreparedPrompt>();
    all.visit::<resampling::draws::Draw>();
    all.visit::<resampling::draw_results::DrawResult>();
    all.visit::<resampling::learning_curve::LearningCurve>();
    all.visit::<resampling::cross_validation::CrossValidation>();
    all.visit::<resampling::cross_validation::FoldResult>();
    all.visit::<sampler::GenerationSettings>();
    all.visit::<settings::CheckedSettings>();
    all.visit::<settings::RawSettings>();
    all.visit::<inside::nearest::Neighbour>();
    all.visit::<technique::shape::Shape>();
    all.visit::<tuner::StepReport>();
    let text: String = all.found.values().map(|declaration| format!("\n{declaration}")).collect();
    HEADER.to_string() + &tidy(&text)
}

/// Short comments on one line, the braces of what has several lines on their own; in comments `null` for `None`, no links,
/// and fields by their names in JavaScript.
fn tidy(text: &str) -> String {
    let regex = |pattern| Regex::new(pattern).expect("a regular expression");
    let text = regex(r"/\*\*\n \* (.*)\n \*/").replace_all(text, "/** $1 */");
    let text = text.replace("[`", "`").replace("`]", "`").replace("`None`", "`null`");
    let text = regex("`([a-z]+(?:_[a-z]+)+)`").replace_all(&text, |name: &Captures| {
        let camel = camel_case(&name[1]);
        if text.contains(&format!("{camel}: ")) || text.contains(&format!("{camel}?: ")) {
            format!("`{camel}`")
        } else {
            name[0].to_string()
        }
    });
    let line = |line: &str| match (line.starts_with("export type"), line.strip_suffix(", };")) {
        (false, Some(last_field)) => format!("{last_field},\n}};\n"),
        (true, None) => format!("{}\n", line.trim_end().replacen(" = { ", " = {\n", 1)),
        _ => format!("{}\n", line.trim_end()),
    };
    text.lines().map(line).collect()
}

/// `held_out_loss` -> `heldOutLoss`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_string();
    words.fold(first, |camel, word| camel + &word[..1].to_uppercase() + &word[1..])
}

#[test]
fn the_types_for_typescript_are_those_of_the_structs() {
    let made = declarations();
    if std::env::var_os("UPDATE_TYPES").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/types.d.ts"), &made).expect("src/ can be written to");
    }
    assert!(made == include_str!("types.d.ts"), "run `UPDATE_TYPES=1 cargo test --lib types`, then this again");
}
