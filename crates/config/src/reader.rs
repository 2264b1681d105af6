//! What decoders share: the list of problems, the text the tree came from, and the first questions
//! that every one of them asks.

use crate::format::Format;
use crate::limit::{MAX_SHOWN_CHARS, MAX_SUGGESTIONS};
use crate::problem::{EMPTY_VALUE, Problem, SWALLOWED, WRONG_KIND};
use crate::tree::{Core, Entry, Kind, Node, Scalar, Span, Style};

/// Where decoders put what they find.
#[derive(Debug)]
pub(crate) struct Reader<'t> {
    pub(crate) text: &'t str,
    pub(crate) format: Format,
    pub(crate) problems: Vec<Problem>,
    /// What the file may not mean as it says it.
    pub(crate) warnings: Vec<Problem>,
    suggestions: u32,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, format: Format) -> Self {
        Self {
            text,
            format,
            problems: Vec::new(),
            warnings: Vec::new(),
            suggestions: MAX_SUGGESTIONS,
        }
    }

    /// One whose problems nobody hears, and that searches for no suggestion.
    pub(crate) fn unheard(&self) -> Self {
        Self {
            suggestions: 0,
            ..Self::new(self.text, self.format)
        }
    }

    pub(crate) fn refuse(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::at(code, span, message));
    }

    /// Adds a problem with what to write instead.
    pub(crate) fn refuse_for(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.problems
            .push(Problem::at(code, span, message).hint(hint));
    }

    /// The entries of a map.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n [Entry]> {
        if let Kind::Map(entries) = &node.kind {
            return Some(entries);
        }
        let spaced = match &node.kind {
            Kind::Scalar(scalar) if scalar.style == Style::Plain => spaced_key(&scalar.text),
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => None,
        };
        if let Some(spaced) = spaced {
            let message = format!("expected {wanted}, found {}", node.noun());
            let hint = format!("a blank comes after `:`, as in `{}`", shown(&spaced));
            self.refuse_for(WRONG_KIND, node.span, message, hint);
        } else {
            self.wrong_kind(node, wanted);
        }
        None
    }

    /// The items of a list.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => return Some(items),
            Kind::Scalar(scalar) if scalar.core() == Core::Text => {
                let message = format!("expected {wanted}, found a text");
                let item = self.format.text(&shown(&scalar.text));
                let hint = format!("write a list: [{item}]");
                self.refuse_for(WRONG_KIND, node.span, message, hint);
            }
            Kind::Scalar(_) | Kind::Map(_) => self.wrong_kind(node, wanted),
        }
        None
    }

    /// The text of a scalar that is no number, yes or no, or nothing.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar(scalar) if scalar.core() == Core::Text => Some(&scalar.text),
            Kind::Scalar(scalar) => {
                self.quote_it(node, scalar, wanted);
                None
            }
            Kind::List(_) | Kind::Map(_) => {
                self.wrong_kind(node, wanted);
                None
            }
        }
    }

    fn quote_it(&mut self, node: &Node, scalar: &Scalar, wanted: &str) {
        if node.is_absent() {
            return self.empty(node.span, wanted);
        }
        let message = format!("expected {wanted}, found {}", node.noun());
        let hint = format!(
            "if it is meant as a text, quote it: \"{}\"",
            shown(&scalar.text)
        );
        self.refuse_for(WRONG_KIND, node.span, message, hint);
    }

    /// Warns of a free text without quotes that a comment follows so closely that it may be its end.
    pub(crate) fn warn_of_comment(&mut self, node: &Node, scalar: &Scalar) {
        let bare = self.format == Format::Yaml && scalar.style == Style::Plain;
        if bare && comment_after(self.text, node.span) {
            let message = "` #` starts a comment: what comes after it is not part of the value";
            let hint = "quote the value if that belongs to it; put a blank after `#` if not";
            let found = Problem::at(SWALLOWED, node.span, message).hint(hint);
            self.warnings.push(found);
        }
    }

    /// Something that is read all the same, and is worth a word.
    pub(crate) fn warn(&mut self, code: &'static str, span: Span, message: String, hint: &str) {
        let found = Problem::at(code, span, message).hint(hint);
        self.warnings.push(found);
    }

    /// A key is there and its value is not.
    pub(crate) fn empty(&mut self, span: Span, wanted: &str) {
        let hint = "write the value, or remove the key";
        self.refuse_for(
            EMPTY_VALUE,
            span,
            format!("no value: expected {wanted}"),
            hint,
        );
    }

    pub(crate) fn wrong_kind(&mut self, node: &Node, wanted: &str) {
        if node.is_absent() {
            return self.empty(node.span, wanted);
        }
        self.refuse(
            WRONG_KIND,
            node.span,
            format!("expected {wanted}, found {}", node.noun()),
        );
    }

    /// The place of `length` bytes at `at` of the value of the scalar `node`, or of all of it where
    /// escapes or folded lines hide it.
    pub(crate) fn within(&self, node: &Node, at: usize, length: usize) -> Span {
        let Kind::Scalar(scalar) = &node.kind else {
            return node.span;
        };
        let span = node.span;
        let source = self
            .text
            .get(span.offset..span.offset + span.length)
            .unwrap_or_default();
        let skip = if source == scalar.text {
            0
        } else {
            let inner = source.get(1..source.len().saturating_sub(1));
            if inner != Some(scalar.text.as_str()) || scalar.text.contains('\n') {
                return span;
            }
            1
        };
        let before = source.get(..skip + at).unwrap_or_default().chars().count();
        Span {
            offset: span.offset + skip + at,
            length,
            line: span.line,
            column: span
                .column
                .saturating_add(u32::try_from(before).unwrap_or(u32::MAX)),
        }
    }

    /// The candidate that was probably meant, while the file has not used up its searches.
    pub(crate) fn nearest<'c>(
        &mut self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<&'c str> {
        self.suggestions = self.suggestions.checked_sub(1)?;
        windlass_model::nearest(word, candidates)
    }
}

/// `run:./web` as it was meant.
fn spaced_key(text: &str) -> Option<String> {
    let (key, value) = text.split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_key && !value.is_empty()).then(|| format!("{key}: {value}"))
}

/// Whether what stands at `span` is followed by ` #` and, without a blank, something else: a comment
/// that may be meant as the end of the value.
pub(crate) fn comment_after(text: &str, span: Span) -> bool {
    let rest = text.get(span.offset + span.length..).unwrap_or_default();
    let rest = rest.lines().next().unwrap_or_default();
    let comment = rest.trim_start_matches([' ', '\t']).strip_prefix('#');
    rest.starts_with([' ', '\t'])
        && comment.is_some_and(|c| c.starts_with(|c: char| !c.is_whitespace()))
}

/// A piece of the file, fit for one line of a message: shortened, nothing a terminal obeys.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_SHOWN_CHARS).map(visible).collect();
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        short.push('…');
    }
    short
}

/// The character itself, or a mark in the place of one that a terminal obeys or can't draw.
pub(crate) fn visible(c: char) -> char {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c == '\t' {
        ' '
    } else if c.is_control() || turns {
        '\u{fffd}'
    } else {
        c
    }
}

/// `a, b and c`, in back quotes.
pub(crate) fn listed<'w>(words: impl IntoIterator<Item = &'w str>, last: &str) -> String {
    let mut quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.pop() {
        None => String::new(),
        Some(only) if quoted.is_empty() => only,
        Some(end) => format!("{} {last} {end}", quoted.join(", ")),
    }
}
