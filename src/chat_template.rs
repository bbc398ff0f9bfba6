//! The checkpoint's own chat template (Jinja, as `transformers` renders it), or ChatML where it has none.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Value, context};

use crate::discrete_prompt::DiscretePrompt;
use crate::error::{Error, Result};

pub const CHAT_ML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// Stands for the content while the text around it is found; private-use characters, in no template.
const STAND_IN: &str = "\u{f8fe}content\u{f8ff}";

/// What a template may spend on one prompt (an instruction or 64 bytes cost 1) and how deep it may call itself: a damaged
/// or hostile one ends with a sentence instead of running on. Usual templates need a few hundred and no depth.
const FUEL: u64 = 1_000_000;
const DEPTH: usize = 40;

/// The names that a template may write between turns.
#[derive(Debug, Clone, Default)]
pub struct SpecialNames {
    pub bos_token: String,
    pub eos_token: String,
}

/// A parsed template.
pub struct ChatTemplate {
    environment: Environment<'static>,
    names: SpecialNames,
    stand_in: bool,
}

/// A rendered prompt and where the person's words stand in it (bytes).
#[derive(Debug, PartialEq)]
pub struct Rendered {
    pub text: String,
    pub content: std::ops::Range<usize>,
}

impl ChatTemplate {
    /// # Errors
    /// Where `source` is not a Jinja template that renders one user turn.
    pub fn new(source: Option<&str>, names: SpecialNames) -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(unusable)?;
        environment.set_syntax(syntax);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(DEPTH);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function(
            "raise_exception",
            |message: String| -> std::result::Result<Value, minijinja::Error> {
                Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
            },
        );
        environment.add_template_owned("chat", without_generation_tags(source.unwrap_or(CHAT_ML))).map_err(unusable)?;
        let template = Self { environment, names, stand_in: source.is_none() };
        template.prompt(None, "test")?;
        Ok(template)
    }

    /// Whether it is ChatML because the checkpoint has none of its own.
    pub fn is_stand_in(&self) -> bool {
        self.stand_in
    }

    /// One user turn (and a system turn before it, where given), up to where the assistant's answer begins.
    pub fn prompt(&self, system: Option<&str>, input: &str) -> Result<Rendered> {
        self.prompt_after(&DiscretePrompt::instruction(system), input)
    }

    /// One user turn after the turns of `front`, up to where the assistant's answer begins.
    pub fn prompt_after(&self, front: &DiscretePrompt, input: &str) -> Result<Rendered> {
        let text = self.render(front, input, None)?;
        let content = self.content_range(front, &text)?;
        Ok(Rendered { content, text })
    }

    /// The space that the template writes before the assistant's words and after a prompt, as Llama 2's does; mostly none.
    pub fn before_response(&self) -> Result<String> {
        let none = DiscretePrompt::default();
        let (prompt, exchange) = (self.render(&none, "test", None)?, self.render(&none, "test", Some(STAND_IN))?);
        let between = exchange.strip_prefix(&prompt).and_then(|rest| rest.split(STAND_IN).next()).unwrap_or_default();
        Ok(if between.trim().is_empty() { between.to_string() } else { String::new() })
    }

    /// What the template writes right after the assistant's words, for example `<|im_end|>\n`.
    pub fn after_response(&self) -> Result<String> {
        let text = self.render(&DiscretePrompt::default(), "test", Some(STAND_IN))?;
        Ok(text.split(STAND_IN).nth(1).unwrap_or_default().to_string())
    }

    /// What the template itself writes around one exchange, the words of both left out.
    pub fn frame(&self) -> Result<String> {
        let none = DiscretePrompt::default();
        let (prompt, exchange) = (self.render(&none, STAND_IN, None)?, self.render(&none, STAND_IN, Some(STAND_IN))?);
        Ok((prompt + &exchange).replace(STAND_IN, ""))
    }

    /// Where the content stands in `rendered` (bytes); templates may trim the content itself.
    fn content_range(&self, front: &DiscretePrompt, rendered: &str) -> Result<std::ops::Range<usize>> {
        let frame = self.render(front, STAND_IN, None)?;
        let (before, after) = frame.split_once(STAND_IN).ok_or_else(|| {
            Error::model(
                "The model's chat template leaves out what the user writes. Choose a model with a usual chat template.",
            )
        })?;
        let content = rendered.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).ok_or_else(|| {
            Error::model(
                "The model's chat template changes with what the user writes. Choose a model with a usual chat template.",
            )
        })?;
        Ok(before.len()..before.len() + content.len())
    }

    fn render(&self, front: &DiscretePrompt, input: &str, response: Option<&str>) -> Result<String> {
        let turn = |role: &str, content: &str| context! { role => role, content => content };
        let system = front.instruction.iter().map(|text| turn("system", text));
        let shots = front.shots.iter().flat_map(|shot| [turn("user", &shot.input), turn("assistant", &shot.output)]);
        let last = response.map(|text| turn("assistant", text));
        let messages: Vec<Value> = system.chain(shots).chain([turn("user", input)]).chain(last).collect();
        let template = self.environment.get_template("chat").map_err(unusable)?;
        template
            .render(context! {
                messages => messages,
                tools => (),
                documents => (),
                add_generation_prompt => response.is_none(),
                bos_token => &self.names.bos_token,
                eos_token => &self.names.eos_token,
            })
            .map_err(unusable)
    }
}

/// `transformers` lets a template mark what the assistant writes ({% generation %}); the marks write nothing, so a
/// condition that always holds stands for them.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(length) = rest[start + 2..].find("%}") else { break };
        let end = start + 2 + length + 2;
        let tag = &rest[start..end];
        let word = tag[2..tag.len() - 2].trim_matches(['-', '+', ' ', '\t', '\n', '\r']);
        out.push_str(&rest[..start]);
        out.push_str(&match word {
            "generation" => tag.replace(word, "if true"),
            "endgeneration" => tag.replace(word, "endif"),
            _ => tag.to_string(),
        });
        rest = &rest[end..];
    }
    out + rest
}

fn unusable(error: minijinja::Error) -> Error {
    Error::model(format!(
        "The model's chat template cannot be used: {error}. Choose a model whose template is in usual Jinja."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Example;

    #[test]
    fn the_marks_of_what_the_assistant_writes_become_conditions() {
        let marked = "a{%- generation +%}b{%endgeneration -%}{% for generation in x %}{{ '{% generation' }}";
        let plain = "a{%- if true +%}b{%endif -%}{% for generation in x %}{{ '{% generation' }}";
        assert_eq!(without_generation_tags(marked), plain);
    }

    #[test]
    fn an_unfinished_tag_is_no_template() {
        for source in ["{%}", "{% if x %}{%} {% endif %}", "{%", "{%-%}", "{% generation"] {
            let error = ChatTemplate::new(Some(source), SpecialNames::default()).err().expect(source);
            assert!(error.to_string().contains("chat template"), "{error}");
        }
    }

    #[test]
    fn chat_ml_is_the_default() {
        let template = ChatTemplate::new(None, SpecialNames::default()).unwrap();
        let rendered = template.prompt(None, "Hi {{ 1 }}").unwrap();
        assert_eq!(rendered.text, "<|im_start|>user\nHi {{ 1 }}<|im_end|>\n<|im_start|>assistant\n");
        assert_eq!(&rendered.text[rendered.content], "Hi {{ 1 }}");
        assert_eq!(template.after_response().unwrap(), "<|im_end|>\n");
    }

    #[test]
    fn examples_are_turns_before_the_question() {
        let template = ChatTemplate::new(None, SpecialNames::default()).unwrap();
        let front = DiscretePrompt { instruction: Some("Be kind.".into()), shots: vec![Example::new("a", "b")] };
        let rendered = template.prompt_after(&front, "c").unwrap();
        let turn = |role: &str, text: &str| format!("<|im_start|>{role}\n{text}<|im_end|>\n");
        let turns = turn("system", "Be kind.") + &turn("user", "a") + &turn("assistant", "b") + &turn("user", "c");
        assert_eq!(rendered.text, turns + "<|im_start|>assistant\n");
        assert_eq!(&rendered.text[rendered.content], "c");
    }

    #[test]
    fn a_template_that_trims_and_adds_a_system_turn() {
        let source = "{% if messages[0]['role'] != 'system' %}{{ '<s>be kind</s>' }}{% endif %}{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'].strip() + eos_token }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";
        let names = SpecialNames { bos_token: String::new(), eos_token: "</s>".into() };
        let template = ChatTemplate::new(Some(source), names).unwrap();
        let rendered = template.prompt(None, "  user ").unwrap();
        assert_eq!(rendered.text, "<s>be kind</s><user>user</s><assistant>");
        assert_eq!(rendered.content, 20..24);
        assert_eq!(template.prompt(Some("x"), "y").unwrap().text, "<system>x</s><user>y</s><assistant>");
    }

    #[test]
    fn tools_and_documents_are_none() {
        let source =
            "{% if tools is not none or documents is not none %}{{ 'tools' }}{% endif %}{{ messages[0]['content'] }}";
        let template = ChatTemplate::new(Some(source), SpecialNames::default()).unwrap();
        assert_eq!(template.prompt(None, "Hi").unwrap().text, "Hi");
    }

    #[test]
    fn a_broken_template_is_refused_with_the_reason() {
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}";
        let recursive = "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}";
        let huge = "{{ messages[0]['content'] * 1000000000 }}";
        let silent = "{{ 'hello' }}";
        // With a content of another length the frame would be cut inside of a letter.
        let changing = "{{ 'ä' if messages[0]['content'] == 'test' else 'x' }}{{ messages[0]['content'] }}";
        for source in ["{% for %}", endless, recursive, huge, silent, changing] {
            let error = ChatTemplate::new(Some(source), SpecialNames::default()).err().expect(source);
            assert!(error.to_string().contains("chat template"), "{error}");
        }
    }
}
