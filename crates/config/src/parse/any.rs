//! Whichever format the text is in.

use super::{json, toml, yaml};
use crate::format::Format;
use crate::limit::MAX_TEXT_BYTES;
use crate::problem::{DUPLICATE_KEY, EMPTY_FILE, Problem, TOO_LARGE};
use crate::tree::{Node, Span};

/// A file that could be read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Node,
    /// What is wrong with it as a tree although it could be read on.
    pub(crate) problems: Vec<Problem>,
    /// What may not be meant as it is written.
    pub(crate) warnings: Vec<Problem>,
}

/// Reads `text`; a problem here stands alone, as nothing after it can be trusted.
pub(crate) fn parse(text: &str, format: Format) -> Result<Parsed, Problem> {
    if text.len() > MAX_TEXT_BYTES {
        let message = format!("the file has more than {MAX_TEXT_BYTES} bytes");
        return Err(Problem::nowhere(TOO_LARGE, message).hint("name the right file"));
    }
    match format {
        Format::Yaml => yaml::parse(text),
        Format::Toml => toml::parse(text),
        Format::Json => json::parse(text),
    }
}

pub(super) fn empty() -> Problem {
    Problem::nowhere(EMPTY_FILE, "the file is empty")
        .hint("the least file names an `app` and one of its `services`")
}

pub(super) fn duplicate(name: &str, span: Span, earlier: Span) -> Problem {
    let message = format!(
        "`{}` is given twice; the first is at {}:{}",
        crate::reader::shown(name),
        earlier.line,
        earlier.column
    );
    Problem::at(DUPLICATE_KEY, span, message).hint("keep one of the two")
}
