//! The model card of an adapter: what it is, how it answers, how it was trained.

use super::About;
use crate::chat_template::CHAT_ML;
use crate::sampler::GenerationSettings;
use crate::settings::{PeftType, TunerSettings};
use crate::soft_prompt::{PromptKind, SoftPrompt};
use crate::tokenizer::ChatTokenizer;

/// What the technique is called, as the hub's tag and in words.
fn technique_of(prompt: &SoftPrompt, settings: Option<&TunerSettings>) -> (&'static str, &'static str) {
    match (prompt.kind(), settings.map(|s| s.peft_type)) {
        (PromptKind::KeysValues, _) => ("prefix-tuning", "keys and values stand in front of every layer's"),
        (_, Some(PeftType::PTuning)) => ("p-tuning", "rows, which a small encoder made, stand in front of the input"),
        _ => ("prompt-tuning", "embeddings stand in front of the input"),
    }
}

/// The model card: what it is, how it was trained, how to load it.
pub fn model_card(
    prompt: &SoftPrompt,
    tokenizer: &ChatTokenizer,
    about: &About,
    settings: Option<&TunerSettings>,
) -> String {
    let About { prefix_token, base_model, base_model_note, step, examples, held_out_examples, .. } = about;
    let (tag, how) = technique_of(prompt, settings);
    let trained = settings.filter(|_| *step > 0);
    let made = match (settings, trained) {
        (None, _) => "saved with Prompt Playground",
        (Some(_), None) => "before the first step of a run with Prompt Playground",
        (Some(_), Some(_)) => "trained in a browser tab with Prompt Playground",
    };
    let mut card = format!(
        "---\nlibrary_name: peft\nbase_model: {}\ntags:\n- {tag}\n---\n# {prefix_token}\n\
         A soft prompt of {} virtual tokens ({} numbers) for {base_model}, {made}. The language model is frozen: these {how}.\n",
        quoted(base_model),
        prompt.virtual_tokens(),
        prompt.vectors().len(),
    );
    if !base_model_note.is_empty() {
        card += &format!("\n{base_model_note}\n");
    }
    card += &format!("\n## How to use it\n```python\n{}```\n", usage(base_model, tokenizer, about.generation.as_ref()));
    if let Some(s) = trained {
        let mean = if about.averaged > 1 {
            format!(" (mean of the prompts of {} of them)", about.averaged)
        } else {
            String::new()
        };
        let measured = about.held_out_loss.map_or("not measured".into(), |loss| format!("{loss:.4} nats"));
        card += &format!(
            "\n## Training\n| | |\n|---|---|\n| examples trained on | {examples} |\n| examples held out | {held_out_examples} |\n\
             | held-out loss | {measured} |\n| steps | {step} of {}{mean} |\n| batch size | {} |\n| learning rate | {}, {}, warm-up {} |\n\
             | AdamW weight decay | {} |\n| longest gradient | {} |\n| seed | {} |\n",
            s.steps,
            s.batch_size,
            s.learning_rate,
            format!("{:?}", s.lr_scheduler_type).to_lowercase(),
            s.warmup_ratio,
            s.weight_decay,
            s.max_grad_norm,
            s.seed,
        );
    }
    card
}

/// Python that loads the adapter and answers a question as the page does: in f32, with the page's decoding and the tokens
/// that end an answer there. As there, tokens of the question are not penalised.
fn usage(base_model: &str, tokenizer: &ChatTokenizer, generation: Option<&GenerationSettings>) -> String {
    let chat_ml = match tokenizer.chat_ml_stands_in() {
        true => format!("tokenizer.chat_template = r\"{CHAT_ML}\"  # it has none\n"),
        false => String::new(),
    };
    let (penalty, longest) = generation.map_or((1.0, 120.0), |g| (g.repetition_penalty, g.max_new_tokens));
    let sampling = match generation {
        Some(g) if g.temperature > 0.0 => {
            format!("do_sample=True, temperature={:?}, top_p={:?}, top_k=0", g.temperature, g.top_p)
        }
        _ => "do_sample=False".into(),
    };
    format!(
        "from peft import PeftModel\n\
         from transformers import AutoModelForCausalLM, AutoTokenizer, RepetitionPenaltyLogitsProcessor\n\n\
         base = {}\ntokenizer = AutoTokenizer.from_pretrained(base)\n{chat_ml}\
         model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=\"float32\"), \".\")  # this folder\n\
         question = [{{\"role\": \"user\", \"content\": \"...\"}}]\n\
         ids = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors=\"pt\", return_dict=True)\n\
         length = ids[\"input_ids\"].shape[1]\n\
         penalty = RepetitionPenaltyLogitsProcessor({penalty:?}, prompt_ignore_length=length)\n\
         written = model.generate(**ids, {sampling}, max_new_tokens={longest}, logits_processor=[penalty], eos_token_id={:?})\n\
         print(tokenizer.decode(written[0, length:], skip_special_tokens=True))\n",
        quoted(base_model),
        tokenizer.stop_ids(),
    )
}

/// A text between quotation marks as JSON, YAML and Python read it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
