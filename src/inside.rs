//! A look inside a trained prompt (step 7 of the page): what each token costs, where the model looks, which way the
//! virtual tokens went.
//!
//! * [`token_losses`]: the loss of every response token; [`attention`]: the weights on the virtual tokens.
//! * [`path`]: a map of the soft prompt's way through the vocabulary, drawn on its [`principal_axes`].
//! * [`nearest`]: the words nearest to the virtual tokens on that way.

pub mod attention;
pub mod nearest;
pub mod path;
pub mod principal_axes;
pub mod token_losses;

#[cfg(test)]
pub(crate) mod tiny;

use crate::error::{Error, Result};
use crate::model::Llama;
use crate::soft_prompt::{PromptKind, SoftPrompt};

/// A soft prompt as it was after `step` steps of training; 0 is where it started.
pub struct Snapshot {
    pub step: usize,
    pub prompt: SoftPrompt,
}

impl Snapshot {
    /// `vectors`: (virtual tokens, width), row by row.
    ///
    /// # Errors
    /// As [`SoftPrompt::come_back`].
    pub fn new(step: usize, vectors: Vec<f32>, width: usize, kind: PromptKind, llama: &Llama) -> Result<Self> {
        Ok(Self { step, prompt: SoftPrompt::come_back(vectors, width, kind, llama)? })
    }
}

/// The first and the last of a run's snapshots, in order; the same one where there is no other.
///
/// # Errors
/// Where there is none, or they are not of one run.
fn ends(snapshots: &[Snapshot]) -> Result<(&SoftPrompt, &SoftPrompt)> {
    let (Some(first), Some(last)) = (snapshots.first(), snapshots.last()) else {
        return Err(Error::input("No step of this run was kept yet. Train for some steps, then look again."));
    };
    let shape =
        |snapshot: &Snapshot| (snapshot.prompt.kind(), snapshot.prompt.width(), snapshot.prompt.virtual_tokens());
    if snapshots.iter().any(|snapshot| shape(snapshot) != shape(first)) {
        return Err(Error::input(
            "The kept steps are of different runs: they have different numbers of virtual tokens. Choose the steps of one run.",
        ));
    }
    Ok((&first.prompt, &last.prompt))
}
