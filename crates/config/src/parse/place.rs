//! Byte offsets into places, and the limits of a tree whose parser does not count.

use std::ops::Range;

use super::syntax::too_deep;
use crate::limit::{MAX_DEPTH, MAX_NODES};
use crate::problem::{Problem, TOO_MANY_NODES};
use crate::tree::Span;

/// Bytes between two offsets whose characters are counted beforehand.
const STRIDE: usize = 256;

/// Where lines begin, and how many characters come before: a file in one line is no slower.
pub(super) struct Places<'t> {
    text: &'t str,
    lines: Vec<usize>,
    /// Characters before each multiple of [`STRIDE`].
    counted: Vec<usize>,
    nodes: usize,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        let mut characters = 0;
        let counted = text.as_bytes().chunks(STRIDE).map(|chunk| {
            characters += chunk.iter().filter(|byte| begins_character(**byte)).count();
            characters
        });
        let counted = std::iter::once(0).chain(counted).collect();
        Self {
            text,
            lines,
            counted,
            nodes: 0,
        }
    }

    /// The place of a range of bytes; of what is not on the edges of characters, the next that is.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let boundary = |mut at: usize| {
            while at < self.text.len() && !self.text.is_char_boundary(at) {
                at += 1;
            }
            at.min(self.text.len())
        };
        let (start, end) = (boundary(range.start), boundary(range.end));
        let line = self.lines.partition_point(|begin| *begin <= start);
        let begin = self.lines.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        let column = self.characters(start) - self.characters(begin) + 1;
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span {
            offset: start,
            length: end.saturating_sub(start),
            line: narrow(line),
            column: narrow(column),
        }
    }

    /// The offset of a line and a column in bytes, both from 1; column 0 is the end of the line above.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let begin = self.lines.get(line.saturating_sub(1)).copied();
        let at = begin.unwrap_or(self.text.len()) + column;
        at.saturating_sub(1).min(self.text.len())
    }

    fn characters(&self, offset: usize) -> usize {
        let step = offset / STRIDE;
        let known = self.counted.get(step).copied().unwrap_or(0);
        let rest = self.text.as_bytes().get(step * STRIDE..offset);
        let rest = rest.unwrap_or_default().iter();
        known + rest.filter(|byte| begins_character(**byte)).count()
    }

    /// Pays for one value inside `depth` maps and lists.
    pub(super) fn spend(&mut self, depth: usize, span: Span) -> Result<(), Problem> {
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        if self.nodes > MAX_NODES {
            let message = format!("the file has more than {MAX_NODES} values");
            return Err(Problem::at(TOO_MANY_NODES, span, message));
        }
        Ok(())
    }
}

fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters() {
        let text = format!("é\n{}ü: x\n", "ä".repeat(STRIDE));
        let places = Places::new(&text);
        let at = text.find('x').expect("the value");
        let span = places.span(at..at + 1);
        assert_eq!((span.line, span.column), (2, 256 + 4));
        assert_eq!(places.span(0..1).length, 2);
        assert_eq!(places.offset(2, 1), 3);
        let end = places.span(text.len()..text.len() + 9);
        assert_eq!((end.line, end.column, end.length), (3, 1, 0));
    }
}
