//! Every limit of a report, by name.

/// Longest report, in bytes. Whoever reads a file reads one byte more at most.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Longest JSON that a figure is looked for in, in bytes: all of it is kept at once.
pub const MAX_FIGURE_BYTES: usize = 1024 * 1024;

/// Longest answer to a health question, in bytes.
pub const MAX_HEALTH_BYTES: usize = 64 * 1024;

/// Most parts of one answer to a health question.
pub const MAX_PARTS: usize = 1_000;

/// Deepest nesting of XML elements. JSON has the limit of its parser, 128.
pub const MAX_DEPTH: usize = 64;

/// Most attributes of one XML element.
pub const MAX_ATTRIBUTES: usize = 256;

/// Most tests, and most lines of code, of one report.
pub const MAX_COUNTED: u32 = 10_000_000;

/// Most tests or files that are named in words.
pub(crate) const MAX_NAMED: usize = 3;

/// Longest name that is shown, in characters.
pub(crate) const MAX_SHOWN_CHARS: usize = 100;
