//! What a command leaves for stdout.

use serde::Serialize;
use windlass_api::Exit;

use crate::diagnostic::Diagnostic;

/// What an object is that has no other name.
const RESULT: &str = "result";

/// The result of a command: data for stdout in each form, and how the command ends.
#[derive(Debug)]
pub(crate) struct Report {
    /// How it ends.
    pub(crate) exit: Exit,
    /// For people.
    pub(crate) text: String,
    /// The same for machines; none when everything was printed as it happened.
    pub(crate) json: Option<serde_json::Value>,
    /// What each object is, where it does not say so itself; none: it is of another's making.
    pub(crate) kind: Option<&'static str>,
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
            kind: Some(RESULT),
            sentences: false,
            failure: None,
        })
    }

    /// Of objects that have a name of their own among those of other commands.
    pub(crate) fn of(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Of an object whose shape others have settled.
    pub(crate) fn untyped(mut self) -> Self {
        self.kind = None;
        self
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
            kind: None,
            sentences: false,
            failure: None,
        }
    }
}
