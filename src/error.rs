//! One enum of errors a person can act on.
//!
//! Every message is a whole sentence that says what is wrong, where, and what to do; the page shows it as it is.

use std::fmt;

pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, by whose input it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Something that the person typed, pasted or set.
    Input(String),
    /// A model, tokenizer or adapter file that cannot be read or is not supported.
    Model(String),
    /// A fault of this program.
    Internal(String),
}

impl Error {
    pub fn input(sentence: impl Into<String>) -> Self {
        Self::Input(sentence.into())
    }

    pub fn model(sentence: impl Into<String>) -> Self {
        Self::Model(sentence.into())
    }

    /// The name that JavaScript sees as `error.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::Model(_) => "model",
            Self::Internal(_) => "internal",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(s) | Self::Model(s) | Self::Internal(s) => f.write_str(s),
        }
    }
}

impl std::error::Error for Error {}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Internal(format!("The tensor library reported a fault: {error}"))
    }
}
