//! Text columns that a flipped bit may have made no text.

/// A text column, read as bytes: a damaged one must not fail the whole answer.
pub(super) type Text = Vec<u8>;

/// The text. What is no UTF-8 is replaced, and then fails the row's checksum.
pub(super) fn text(bytes: Text) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|damaged| String::from_utf8_lossy(damaged.as_bytes()).into_owned())
}
