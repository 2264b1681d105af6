//! What a command leaves for stdout.

use serde::Serialize;
use windlass_api::Exit;

use crate::diagnostic::Diagnostic;

/// What an object is that has no other name.
const RESULT: &str = "result";

/// What a text is made of: that says what may be done to it before it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadeOf {
    /// Lines that stay as they are, but for the options that their commands need again.
    Lines,
    /// The same, and they are broken where a person reads them: none of them is a line of somebody's file, or
    /// of a script.
    Sentences,
    /// A page that others wrote for everybody: nothing is done to it.
    Page,
}

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
    /// What its text is made of.
    pub(crate) made_of: MadeOf,
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
            made_of: MadeOf::Lines,
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

    /// With lines that are sentences.
    pub(crate) fn sentences(mut self) -> Self {
        self.made_of = MadeOf::Sentences;
        self
    }

    /// With a page as its text.
    pub(crate) fn page(mut self) -> Self {
        self.made_of = MadeOf::Page;
        self
    }

    /// Everything was printed as it happened.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self {
            exit,
            text: String::new(),
            json: None,
            kind: None,
            made_of: MadeOf::Lines,
            failure: None,
        }
    }
}
