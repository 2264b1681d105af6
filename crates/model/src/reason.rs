//! Why a person did something, in their own words.

use crate::is_obeyed;

/// Longest of them, in characters.
pub const REASON_LONGEST: usize = 200;

/// Whether a text may be one: a line that no terminal obeys.
pub fn is_reason(text: &str) -> bool {
    let is_short = text.chars().nth(REASON_LONGEST).is_none();
    is_short && !text.is_empty() && !text.chars().any(is_obeyed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_line_that_nothing_obeys() {
        assert!(is_reason("the queue of api grows (see #42)"));
        for bad in [
            "",
            "two\nlines",
            "\u{1b}[2J",
            "\u{202e}back",
            &"x".repeat(201),
        ] {
            assert!(!is_reason(bad), "{bad:?}");
        }
    }
}
