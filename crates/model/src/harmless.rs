//! Text of others, as it may be shown.

/// Whether something obeys the character instead of showing it: a terminal; the order in which what is
/// around it is read; or the end of a line.
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text without what would be obeyed, on one line; tabs stay.
pub fn harmless(text: &str) -> String {
    let shown = |c| match c {
        '\t' => c,
        c if is_obeyed(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_or_the_order_of_reading_would_obey_is_replaced() {
        assert_eq!(harmless("a\u{1b}[2Jb\tc\r"), "a\u{fffd}[2Jb\tc\u{fffd}");
        let turned =
            "\u{9b}\n\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}";
        assert!(harmless(turned).chars().all(|c| c == '\u{fffd}'));
        for kept in [
            "1.4.1 → 1.4.2",
            "שלום",
            "100\u{a0}%",
            "e\u{301}",
            "👩\u{200d}🚀",
        ] {
            assert_eq!(harmless(kept), kept);
        }
    }
}
