//! One string into words, by the quoting rules of a shell and with nothing else of one.

/// One word, with the bytes of the text it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Quotes and backslashes taken away.
    pub(crate) text: String,
    /// Where it starts in the text.
    pub(crate) start: usize,
    /// Where it ends in the text.
    pub(crate) end: usize,
    /// Whether any part of it was quoted.
    pub(crate) quoted: bool,
}

/// Why a text can't be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsplit {
    /// A quote without its other half; holds where it stands.
    Unclosed(usize),
    /// A backslash with nothing after it.
    LoneBackslash(usize),
}

/// Splits `text` at white space outside quotes.
///
/// Single quotes keep everything; double quotes keep everything but a backslash before `"`, `\`,
/// `$` or a back quote; a backslash outside quotes keeps the next character.
pub(crate) fn split(text: &str) -> Result<Vec<Word>, Unsplit> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if c.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let current = word.get_or_insert_with(|| Word {
            text: String::new(),
            start: at,
            end: at,
            quoted: false,
        });
        match c {
            '\'' | '"' => {
                current.quoted = true;
                let end = quoted(c, &mut rest, &mut current.text);
                current.end = end.ok_or(Unsplit::Unclosed(at))?;
            }
            '\\' => {
                let (next_at, next) = rest.next().ok_or(Unsplit::LoneBackslash(at))?;
                current.quoted = true;
                current.text.push(next);
                current.end = next_at + next.len_utf8();
            }
            c => {
                current.text.push(c);
                current.end = at + c.len_utf8();
            }
        }
    }
    words.extend(word);
    Ok(words)
}

/// The words of a command as `run` takes them, each `$$` as it will be; none where a quote is not closed.
pub fn words(command: &str) -> Option<Vec<String>> {
    let words = split(command).ok()?.into_iter();
    Some(words.map(|word| word.text.replace("$$", "$")).collect())
}

/// Reads up to the closing `quote`; gives where it ended.
fn quoted(
    quote: char,
    rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
    text: &mut String,
) -> Option<usize> {
    while let Some((at, c)) = rest.next() {
        if c == quote {
            return Some(at + 1);
        }
        let escapes = quote == '"' && c == '\\';
        match rest.peek() {
            Some((_, next)) if escapes && matches!(next, '"' | '\\' | '$' | '`') => {
                text.push(*next);
                rest.next();
            }
            Some(_) | None => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let words = split(text).expect("words");
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_split_as_a_shell_would() {
        assert_eq!(texts("./a --b  c\td"), ["./a", "--b", "c", "d"]);
        assert_eq!(texts("a 'b c' \"d e\" f\\ g"), ["a", "b c", "d e", "f g"]);
        assert_eq!(texts(r#"a "x\"y\\z\n" '\n'"#), ["a", r#"x"y\z\n"#, r"\n"]);
        assert_eq!(texts("a '' b\"\"c"), ["a", "", "bc"]);
        assert_eq!(texts("  "), [""; 0]);
    }

    #[test]
    fn a_word_knows_its_place() {
        let words = split("ä 'b c'd").expect("words");
        let places: Vec<_> = words.iter().map(|w| (w.start, w.end, w.quoted)).collect();
        assert_eq!(places, [(0, 2, false), (3, 9, true)]);
    }

    #[test]
    fn an_unclosed_quote_is_refused_with_its_place() {
        assert_eq!(split("a 'b"), Err(Unsplit::Unclosed(2)));
        assert_eq!(split("a \"b\\\""), Err(Unsplit::Unclosed(2)));
        assert_eq!(split("a \\"), Err(Unsplit::LoneBackslash(2)));
    }
}
