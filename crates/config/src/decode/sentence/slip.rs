//! What is wrong with a sentence.

use super::token::Token;
use crate::problem::TRIGGER;
use crate::reader::shown;

/// What is wrong, and which part of the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Slip {
    pub(in crate::decode) code: &'static str,
    pub(in crate::decode) at: usize,
    pub(in crate::decode) length: usize,
    pub(in crate::decode) message: String,
    pub(in crate::decode) hint: String,
    /// A beginning that nobody knows.
    pub(in crate::decode) word: Option<String>,
}

impl Slip {
    /// One word is wrong.
    pub(super) fn of(token: Token<'_>, what: &str, hint: String) -> Self {
        Self {
            code: TRIGGER,
            at: token.at,
            length: token.text.len(),
            message: format!("`{}` {what}", shown(token.text)),
            hint,
            word: None,
        }
    }

    /// The whole sentence is.
    pub(super) fn of_all(text: &str, what: &str, hint: String) -> Self {
        Self {
            code: TRIGGER,
            at: 0,
            length: text.len(),
            message: format!("`{}` is not a trigger{what}", shown(text)),
            hint,
            word: None,
        }
    }

    /// The same under another code.
    pub(super) fn with(self, code: &'static str) -> Self {
        Self { code, ..self }
    }
}
