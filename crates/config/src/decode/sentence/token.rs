//! Words and signs of a sentence, each with its place.

/// A word, a `>` or a `%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) at: usize,
    pub(super) text: &'t str,
}

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if !matches!(c, ' ' | '>' | '%') {
            start.get_or_insert(at);
            continue;
        }
        let word = start
            .take()
            .and_then(|from| Some((from, text.get(from..at)?)));
        tokens.extend(word.map(|(at, text)| Token { at, text }));
        if let Some(sign) = text.get(at..at + 1).filter(|sign| *sign != " ") {
            tokens.push(Token { at, text: sign });
        }
    }
    tokens
}
