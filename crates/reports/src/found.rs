//! What a report says, or why it says nothing.

use std::fmt;

use crate::limit::{MAX_BYTES, MAX_SHOWN_CHARS};

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// How much: a share in per cent, 0 to 100, or a figure as it stands in the report; finite.
    pub value: f64,
    /// The same in words: one line, nothing that a terminal obeys.
    pub saw: String,
}

/// Why a report can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unreadable {
    /// Where, from 1; none where it is about all of it.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Unreadable {
    pub(crate) fn whole(what: impl Into<String>) -> Self {
        Self {
            line: None,
            what: what.into(),
        }
    }

    pub(crate) fn at(line: u64, what: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            what: what.into(),
        }
    }

    /// What serde says, without the place that it repeats.
    pub(crate) fn json(why: &serde_json::Error) -> Self {
        let said = why.to_string();
        let what = said.split(" at line ").next().unwrap_or_default();
        Self::at(u64::try_from(why.line()).unwrap_or(u64::MAX), shown(what))
    }
}

/// The text of a report that is not too long, without a byte order mark.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Unreadable> {
    short(bytes, MAX_BYTES)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(why) => {
            let good = bytes.get(..why.valid_up_to()).unwrap_or_default();
            Err(Unreadable::at(line(good), "it is not UTF-8"))
        }
    }
}

/// Refuses more than so many bytes.
pub(crate) fn short(bytes: &[u8], most: usize) -> Result<(), Unreadable> {
    if bytes.len() > most {
        return Err(Unreadable::whole(format!("more than {most} bytes")));
    }
    Ok(())
}

/// The line that comes after `before`, from 1.
pub(crate) fn line(before: &[u8]) -> u64 {
    let lines = before.split(|byte| *byte == b'\n').count();
    u64::try_from(lines).unwrap_or(u64::MAX)
}

/// A piece of a report, fit for one line: shortened, nothing that a terminal obeys.
pub(crate) fn shown(text: &str) -> String {
    let turns = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let harmless = |c: char| if c.is_control() || turns(c) { ' ' } else { c };
    let text = text.trim();
    let mut short: String = text.chars().take(MAX_SHOWN_CHARS).map(harmless).collect();
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        short.push('…');
    }
    short
}
