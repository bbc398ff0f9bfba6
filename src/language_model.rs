//! A frozen model with its tokenizer: what the page calls "the model".

use crate::config::LlamaConfig;
use crate::dataset::{DatasetReport, Example, TokenCounts, check_dataset, squeeze};
use crate::error::{Error, Result};
use crate::gguf::Gguf;
use crate::model::Llama;
use crate::ops::cross_entropy::{self, Prediction};
use crate::prompt_cache::PromptCache;
use crate::rows::{Rows, TokenRow};
use crate::soft_prompt::SoftPrompt;
use crate::tokenizer::{ChatTokenizer, PromptToken, TokenKind};
use crate::words::beginning;
use crate::{gguf_tokenizer, weights};

/// Characters of an example that a sentence quotes.
const QUOTED: usize = 40;

pub struct LanguageModel {
    pub llama: Llama,
    pub tokenizer: ChatTokenizer,
    pub prompts: PromptCache,
}

impl LanguageModel {
    /// Reads the files of a Hugging Face folder; the weights may lie in several files.
    pub fn from_hf(
        config: &[u8],
        tokenizer: &[u8],
        safetensors: &[&[u8]],
        tokenizer_config: Option<&[u8]>,
    ) -> Result<Self> {
        let config = LlamaConfig::from_json(config)?;
        let tokenizer =
            ChatTokenizer::from_json(tokenizer, tokenizer_config, &config.eos_token_ids, config.vocab_size)?;
        Ok(Self { llama: weights::from_safetensors(safetensors, config)?, tokenizer, prompts: PromptCache::default() })
    }

    /// Reads one GGUF file.
    pub fn from_gguf(bytes: &[u8]) -> Result<Self> {
        let gguf = Gguf::read(bytes)?;
        let llama = weights::from_gguf(&gguf)?;
        let LlamaConfig { eos_token_ids, vocab_size, .. } = &llama.config;
        let tokenizer = gguf_tokenizer::from_metadata(&gguf.metadata(), eos_token_ids, *vocab_size)?;
        Ok(Self { llama, tokenizer, prompts: PromptCache::default() })
    }

    pub fn token_rows(&self, examples: &[Example]) -> Result<Vec<TokenRow>> {
        examples.iter().map(|example| self.tokenizer.token_row(example)).collect()
    }

    /// Logits of every position of `ids`: (ids, vocabulary). For tests and small texts.
    pub fn logits(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let row = TokenRow { ids: [ids, &[0]].concat(), response: 1 };
        let rows = Rows::new(&SoftPrompt::none(), &[&row], self.llama.config.max_position_embeddings + 1)?;
        let hidden = self.hidden(&rows, &SoftPrompt::none());
        let mut logits = vec![0.0; ids.len() * self.llama.config.vocab_size];
        crate::kernels::gemm::forward(&hidden, self.llama.head(), &mut logits);
        Ok(logits)
    }

    /// Cross-entropy of every response token of one example with a soft prompt in front, or none.
    pub fn predictions(&self, example: &TokenRow, prompt: &SoftPrompt) -> Result<Vec<Prediction>> {
        let rows = self.batch(&[example], prompt)?;
        Ok(cross_entropy::forward(&self.hidden(&rows, prompt), self.llama.head(), &rows.targets))
    }

    /// Token counts and warnings of every row of a dataset.
    pub fn check_dataset(&self, examples: &[Example], virtual_tokens: usize) -> Result<DatasetReport> {
        let counts = examples.iter().map(|example| self.token_counts(example)).collect::<Result<Vec<_>>>()?;
        Ok(check_dataset(examples, &counts, virtual_tokens, self.llama.config.max_position_embeddings))
    }

    /// Refuses a dataset that cannot be trained on, with the reason.
    pub fn check_trainable(&self, examples: &[Example], virtual_tokens: usize) -> Result<()> {
        if examples.is_empty() {
            return Err(Error::input(
                "There is no example to train on. Add at least one pair of input and response in step 1.",
            ));
        }
        let report = self.check_dataset(examples, virtual_tokens)?;
        for (example, row) in examples.iter().zip(&report.rows) {
            if let Some(warning) = row.warnings.iter().find(|w| w.blocking) {
                return Err(Error::input(format!("{}: {}", quoted(example), warning.message)));
            }
        }
        Ok(())
    }

    /// A prepared prompt without its virtual tokens (step 4).
    pub fn prepare(&self, example: &Example) -> Result<Vec<PromptToken>> {
        self.tokenizer.example(example)
    }

    fn token_counts(&self, example: &Example) -> Result<TokenCounts> {
        let tokens = self.tokenizer.example(example)?;
        let of = |kind| tokens.iter().filter(|t| t.kind == kind).count();
        Ok(TokenCounts { input: of(TokenKind::Input), output: of(TokenKind::Response) - 1, total: tokens.len() })
    }

    pub(crate) fn batch(&self, examples: &[&TokenRow], prompt: &SoftPrompt) -> Result<Rows> {
        Rows::new(prompt, examples, self.llama.config.max_position_embeddings)
    }

    /// (rows, hidden size): the soft prompt, where it consists of embeddings, then those of the text.
    pub(crate) fn inputs(&self, rows: &Rows, prompt: &SoftPrompt) -> Vec<f32> {
        [prompt.rows(), &self.llama.embed(&rows.ids)].concat()
    }

    fn hidden(&self, rows: &Rows, prompt: &SoftPrompt) -> Vec<f32> {
        let x = self.inputs(rows, prompt);
        self.llama.forward(x, rows.place(), &mut prompt.cache(&self.llama))
    }
}

/// An example as a sentence names it: the beginning of its input in quotation marks, or of its response where the input
/// is blank. A number would be taken for that of a row of step 1, whatever set was asked about.
pub(crate) fn quoted(example: &Example) -> String {
    let input = squeeze(&example.input);
    let text = if input.is_empty() { squeeze(&example.output) } else { input };
    format!("“{}”", beginning(&text, QUOTED))
}

#[test]
fn an_example_is_named_by_how_it_begins() {
    let of = |input: &str, output: &str| quoted(&Example::new(input, output));
    assert_eq!(of(" How do I\n reset it? ", "b"), "“How do I reset it?”");
    assert_eq!(of(&"ü".repeat(41), "b"), format!("“{} …”", "ü".repeat(40)));
    assert_eq!((of(" ", "Press it."), of("", "")), ("“Press it.”".into(), "“”".into()));
}
