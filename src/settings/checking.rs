//! Settings as they come from outside are checked here, where settings are made: every problem is named, and every wrong
//! value is replaced by its default.

use serde::{Deserialize, Serialize};

use super::{Init, PeftType, TunerSettings};
use crate::error::{Error, Result};
use crate::technique::template::Template;

/// Settings as they come from outside: any number, any word, or nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(default)]
pub struct RawSettings {
    pub prefix_token: Option<String>,
    pub peft_type: Option<String>,
    pub num_virtual_tokens: Option<f64>,
    pub prompt_tuning_init: Option<String>,
    pub prompt_tuning_init_text: Option<String>,
    pub init_std: Option<f64>,
    pub encoder_reparameterization_type: Option<String>,
    pub encoder_hidden_size: Option<f64>,
    pub encoder_num_layers: Option<f64>,
    pub prefix_projection: Option<bool>,
    pub template: Option<String>,
    pub learning_rate: Option<f64>,
    pub batch_size: Option<f64>,
    pub steps: Option<f64>,
    pub warmup_ratio: Option<f64>,
    pub lr_scheduler_type: Option<String>,
    pub weight_decay: Option<f64>,
    pub max_grad_norm: Option<f64>,
    pub seed: Option<f64>,
    pub held_out_share: Option<f64>,
    pub eval_every: Option<f64>,
    pub early_stopping_patience: Option<f64>,
}

impl RawSettings {
    /// `changed`, with these where it leaves one out.
    pub fn with(self, changed: Self) -> Self {
        Self {
            prefix_token: changed.prefix_token.or(self.prefix_token),
            peft_type: changed.peft_type.or(self.peft_type),
            num_virtual_tokens: changed.num_virtual_tokens.or(self.num_virtual_tokens),
            prompt_tuning_init: changed.prompt_tuning_init.or(self.prompt_tuning_init),
            prompt_tuning_init_text: changed.prompt_tuning_init_text.or(self.prompt_tuning_init_text),
            init_std: changed.init_std.or(self.init_std),
            encoder_reparameterization_type: changed
                .encoder_reparameterization_type
                .or(self.encoder_reparameterization_type),
            encoder_hidden_size: changed.encoder_hidden_size.or(self.encoder_hidden_size),
            encoder_num_layers: changed.encoder_num_layers.or(self.encoder_num_layers),
            prefix_projection: changed.prefix_projection.or(self.prefix_projection),
            template: changed.template.or(self.template),
            learning_rate: changed.learning_rate.or(self.learning_rate),
            batch_size: changed.batch_size.or(self.batch_size),
            steps: changed.steps.or(self.steps),
            warmup_ratio: changed.warmup_ratio.or(self.warmup_ratio),
            lr_scheduler_type: changed.lr_scheduler_type.or(self.lr_scheduler_type),
            weight_decay: changed.weight_decay.or(self.weight_decay),
            max_grad_norm: changed.max_grad_norm.or(self.max_grad_norm),
            seed: changed.seed.or(self.seed),
            held_out_share: changed.held_out_share.or(self.held_out_share),
            eval_every: changed.eval_every.or(self.eval_every),
            early_stopping_patience: changed.early_stopping_patience.or(self.early_stopping_patience),
        }
    }

    /// Those of a run that starts from a trained prompt, and so needs no text to start from.
    pub fn of_a_given_start(self) -> Self {
        let no_text = self.prompt_tuning_init_text.as_ref().is_none_or(|text| text.trim().is_empty());
        let from_text = self.prompt_tuning_init.as_ref().is_none_or(|init| init == "TEXT");
        match no_text && from_text {
            true => Self { prompt_tuning_init: Some("RANDOM".into()), ..self },
            false => self,
        }
    }
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "SettingProblem"))]
pub struct Problem {
    pub field: &'static str,
    pub message: String,
}

/// The effective settings (a default where a value is wrong or missing) and what was wrong.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CheckedSettings {
    pub settings: TunerSettings,
    pub problems: Vec<Problem>,
}

impl CheckedSettings {
    /// The settings, or the first problem as an error.
    pub fn into_result(self) -> Result<TunerSettings> {
        match self.problems.into_iter().next() {
            None => Ok(self.settings),
            Some(problem) => Err(Error::input(problem.message)),
        }
    }
}

/// Checks every field; a missing one is its default and no problem.
pub fn check(raw: RawSettings) -> CheckedSettings {
    let mut problems = Vec::new();
    let mut settings = {
        let mut check = Checker { problems: &mut problems };
        let peft_type = check.word("peft_type", "The technique", raw.peft_type, PeftType::PromptTuning);
        let default = TunerSettings::default_of(peft_type);
        TunerSettings {
            peft_type,
            prefix_token: check.prefix_token(raw.prefix_token, default.prefix_token),
            num_virtual_tokens: check.whole(
                "num_virtual_tokens",
                "Virtual tokens",
                raw.num_virtual_tokens,
                1,
                256,
                default.num_virtual_tokens,
            ),
            prompt_tuning_init: check.word(
                "prompt_tuning_init",
                "The initialisation",
                raw.prompt_tuning_init,
                default.prompt_tuning_init,
            ),
            prompt_tuning_init_text: raw.prompt_tuning_init_text.unwrap_or_default(),
            init_std: check.real("init_std", "The standard deviation", raw.init_std, 0.0, 10.0, default.init_std),
            encoder_reparameterization_type: check.word(
                "encoder_reparameterization_type",
                "The encoder",
                raw.encoder_reparameterization_type,
                default.encoder_reparameterization_type,
            ),
            encoder_hidden_size: check.whole(
                "encoder_hidden_size",
                "The encoder's hidden size",
                raw.encoder_hidden_size,
                1,
                512,
                default.encoder_hidden_size,
            ),
            encoder_num_layers: check.whole(
                "encoder_num_layers",
                "The number of LSTM layers",
                raw.encoder_num_layers,
                1,
                3,
                default.encoder_num_layers,
            ),
            prefix_projection: raw.prefix_projection.unwrap_or(default.prefix_projection),
            template: raw.template.unwrap_or_default(),
            learning_rate: check.real(
                "learning_rate",
                "The learning rate",
                raw.learning_rate,
                1e-6,
                10.0,
                default.learning_rate,
            ),
            batch_size: check.whole("batch_size", "The batch size", raw.batch_size, 1, 1000, default.batch_size),
            steps: check.whole("steps", "The number of steps", raw.steps, 1, 100_000, default.steps),
            warmup_ratio: check.real(
                "warmup_ratio",
                "The warm-up share",
                raw.warmup_ratio,
                0.0,
                1.0,
                default.warmup_ratio,
            ),
            lr_scheduler_type: check.word(
                "lr_scheduler_type",
                "The schedule",
                raw.lr_scheduler_type,
                default.lr_scheduler_type,
            ),
            weight_decay: check.real(
                "weight_decay",
                "The weight decay",
                raw.weight_decay,
                0.0,
                1.0,
                default.weight_decay,
            ),
            max_grad_norm: check.real(
                "max_grad_norm",
                "The largest gradient norm",
                raw.max_grad_norm,
                0.0,
                1000.0,
                default.max_grad_norm,
            ),
            seed: check.whole("seed", "The seed", raw.seed, 0, u32::MAX as usize, default.seed as usize) as u32,
            held_out_share: check.real(
                "held_out_share",
                "The held-out share",
                raw.held_out_share,
                0.0,
                0.5,
                default.held_out_share,
            ),
            eval_every: check.whole(
                "eval_every",
                "The evaluation interval",
                raw.eval_every,
                1,
                100_000,
                default.eval_every,
            ),
            early_stopping_patience: check.whole(
                "early_stopping_patience",
                "The patience",
                raw.early_stopping_patience,
                0,
                1000,
                default.early_stopping_patience,
            ),
        }
    };
    if let Some(template) = settings.used_template() {
        match Template::parse(template) {
            Ok(template) => settings.num_virtual_tokens = template.virtual_tokens(),
            Err(message) => {
                problems.push(Problem { field: "template", message });
                settings.template = String::new();
            }
        }
    }
    if settings.prompt_tuning_init == Init::Text && settings.prompt_tuning_init_text.trim().is_empty() {
        problems.push(Problem {
            field: "prompt_tuning_init_text",
            message: "The soft prompt should start from a text, but there is none. Write the objective in step 2, or choose another initialisation.".into(),
        });
    }
    CheckedSettings { settings, problems }
}

struct Checker<'a> {
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    fn real(&mut self, field: &'static str, name: &str, value: Option<f64>, min: f64, max: f64, default: f64) -> f64 {
        match value {
            None => default,
            Some(value) if (min..=max).contains(&value) => value,
            Some(value) => self.refuse(
                field,
                format!("{name} is {value}, but must be a number from {min} to {max}; {default} works well."),
                default,
            ),
        }
    }

    fn whole(
        &mut self,
        field: &'static str,
        name: &str,
        value: Option<f64>,
        min: usize,
        max: usize,
        default: usize,
    ) -> usize {
        match value {
            None => default,
            Some(value) if value.fract() == 0.0 && (min as f64..=max as f64).contains(&value) => value as usize,
            Some(value) => self.refuse(
                field,
                format!("{name} is {value}, but must be a whole number from {min} to {max}; {default} works well."),
                default,
            ),
        }
    }

    fn word<T: Copy + Serialize + serde::de::DeserializeOwned>(
        &mut self,
        field: &'static str,
        name: &str,
        value: Option<String>,
        default: T,
    ) -> T {
        let Some(value) = value else { return default };
        match serde_json::from_value(serde_json::Value::String(value.clone())) {
            Ok(word) => word,
            Err(_) => self.refuse(
                field,
                format!("{name} is \"{value}\", which is not one of the choices. Choose one from the list."),
                default,
            ),
        }
    }

    /// A prefix token is a name in square brackets: letters, digits, `_` and `-`, at most 40.
    fn prefix_token(&mut self, value: Option<String>, default: String) -> String {
        let Some(value) = value else { return default };
        let trimmed = value.trim();
        let name = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let message = match name {
            _ if trimmed.is_empty() => {
                "The prefix token is empty. Give it a name in square brackets, for example [TECH_SUPPORT]."
            }
            None => "The prefix token must stand in square brackets, for example [TECH_SUPPORT].",
            Some("") => {
                "There is no name between the brackets of the prefix token. Write one, for example [TECH_SUPPORT]."
            }
            Some(name) if name.chars().count() > 40 => {
                "The prefix token is longer than 40 characters. Choose a shorter name."
            }
            Some(name) if !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') => {
                "The prefix token may hold letters, digits, _ and - between its brackets, no spaces or other signs. Example: [TECH_SUPPORT]."
            }
            Some(_) => return trimmed.to_string(),
        };
        self.refuse("prefix_token", message.to_string(), default)
    }

    fn refuse<T>(&mut self, field: &'static str, message: String, default: T) -> T {
        self.problems.push(Problem { field, message });
        default
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_text() -> RawSettings {
        RawSettings { prompt_tuning_init_text: Some("Be kind.".into()), ..RawSettings::default() }
    }

    #[test]
    fn what_is_left_out_is_the_default() {
        let checked = check(with_text());
        assert_eq!(checked.problems, []);
        assert_eq!(
            checked.settings,
            TunerSettings { prompt_tuning_init_text: "Be kind.".into(), ..TunerSettings::default() }
        );
    }

    #[test]
    fn impossible_numbers_are_named_and_replaced() {
        for rate in [f64::NAN, 1e9, 0.0, -1.0, f64::INFINITY] {
            let checked = check(RawSettings { learning_rate: Some(rate), ..with_text() });
            assert_eq!(checked.problems.len(), 1, "{rate}");
            assert_eq!(checked.problems[0].field, "learning_rate");
            assert_eq!(checked.settings.learning_rate, TunerSettings::default().learning_rate);
        }
        let raw = RawSettings { steps: Some(1.5), batch_size: Some(0.0), seed: Some(-1.0), ..with_text() };
        let fields: Vec<_> = check(raw).problems.iter().map(|p| p.field).collect();
        assert_eq!(fields, ["batch_size", "steps", "seed"]);
    }

    #[test]
    fn a_prefix_token_is_a_name_in_brackets() {
        for bad in ["", "  ", "TECH", "[]", "[A B]", "[<|im_end|>]", &format!("[{}]", "x".repeat(41))] {
            let checked = check(RawSettings { prefix_token: Some(bad.into()), ..with_text() });
            assert_eq!(checked.problems.len(), 1, "{bad:?}");
        }
        let checked = check(RawSettings { prefix_token: Some(" [Über-1] ".into()), ..with_text() });
        assert_eq!((checked.problems.len(), checked.settings.prefix_token.as_str()), (0, "[Über-1]"));
    }

    #[test]
    fn an_initial_text_is_needed_only_for_text() {
        assert_eq!(check(RawSettings::default()).problems[0].field, "prompt_tuning_init_text");
        let raw = RawSettings { prompt_tuning_init: Some("SAMPLE_VOCAB".into()), ..RawSettings::default() };
        assert_eq!(check(raw).problems, []);
    }
}
