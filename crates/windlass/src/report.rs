//! What a command leaves for stdout.

use serde::Serialize;
use windlass_api::Exit;

use crate::diagnostic::Diagnostic;

/// The result of a command: data for stdout in each form, and how the command ends.
#[derive(Debug)]
pub(crate) struct Report {
    /// How it ends.
    pub(crate) exit: Exit,
    /// For people.
    pub(crate) text: String,
    /// The same for machines; none when everything was printed as it happened.
    pub(crate) json: Option<serde_json::Value>,
    /// Whether its lines are sentences, which are broken where a person reads them.
    pub(crate) sentences: bool,
    /// Why it did not end well, for stderr.
    pub(crate) failure: Option<Diagnostic>,
}

impl Report {
    /// A success with data.
    pub(crate) fn new<T: Serialize>(text: impl Into<String>, data: &T) -> Result<Self, Diagnostic> {
        let json = serde_json::to_value(data).map_err(|why| Diagnostic::bug(&why))?;
        Ok(Self {
            exit: Exit::Done,
            text: text.into(),
            json: Some(json),
            sentences: false,
            failure: None,
        })
    }

    /// With lines that are sentences: none of them is a line of somebody's file, or of a script.
    pub(crate) fn sentences(mut self) -> Self {
        self.sentences = true;
        self
    }

    /// Everything was printed as it happened.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self {
            exit,
            text: String::new(),
            json: None,
            sentences: false,
            failure: None,
        }
    }
}
