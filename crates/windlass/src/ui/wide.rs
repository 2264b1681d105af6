//! Columns of a terminal: a letter takes one, a Chinese character or an emoji two, an accent none.

use unicode_width::UnicodeWidthStr;

/// Columns that a text takes.
pub(crate) fn wide(text: &str) -> usize {
    text.width()
}

/// The text with blanks behind it, so that it takes so many columns at the least.
pub(crate) fn padded(text: &str, width: usize) -> String {
    [text, &lacking(text, width)].concat()
}

/// The text with blanks before it.
pub(crate) fn padded_left(text: &str, width: usize) -> String {
    [&lacking(text, width), text].concat()
}

fn lacking(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(wide(text)))
}

/// As much of the beginning of a text as so many columns hold: no half of a character.
pub(crate) fn beginning(text: &str, width: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    // What joins the character before it can make that wider: the whole beginning is measured.
    let held = ends.map_while(|end| text.get(..end).filter(|begun| wide(begun) <= width));
    held.last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_two_columns_is_counted_as_two() {
        assert_eq!(wide("abc"), 3);
        assert_eq!(wide("修正"), 4);
        assert_eq!(wide("🚀"), 2);
        assert_eq!(wide("e\u{301}"), 1, "an accent takes none");
        assert_eq!(wide("1.4.1 → 1.4.2…"), 14, "signs of our own take one");
    }

    #[test]
    fn no_character_is_halved_and_blanks_make_up_for_what_is_lacking() {
        assert_eq!(beginning("修正版", 5), "修正");
        assert_eq!(beginning("修正版", 6), "修正版");
        assert_eq!(beginning("abc", 2), "ab");
        assert_eq!(beginning("修", 1), "");
        assert_eq!(padded("修正", 5), "修正 ");
        assert_eq!(padded_left("修正", 5), " 修正");
        assert_eq!(padded("修正", 2), "修正");
    }
}
