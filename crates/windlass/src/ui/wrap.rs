//! Sentences in a terminal: broken between words, and what goes on below is set in.

/// A line after `head`, broken where it would be wider than `fits`; none: one line, for who reads by lines.
/// A word that is wider has a line of its own.
pub(crate) fn hang(head: &str, text: &str, fits: Option<usize>) -> String {
    let Some(width) = fits else {
        return format!("{head}{text}");
    };
    let indent = head.chars().count();
    let (mut lines, mut line, mut at) = (Vec::new(), head.to_owned(), indent);
    for word in text.split(' ') {
        let wide = word.chars().count();
        if at > indent && at + 1 + wide > width {
            lines.push(line);
            (line, at) = (" ".repeat(indent), indent);
        }
        if at > indent {
            line.push(' ');
            at += 1;
        }
        line.push_str(word);
        at += wide;
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_its_beginning() {
        insta::assert_snapshot!(hang("  why  ", "one two three four", Some(16)), @r"
          why  one two
               three
               four
        ");
        let whole = "  why  one two three four";
        assert_eq!(hang("  why  ", "one two three four", None), whole);
        assert_eq!(hang("  why  ", "one two three four", Some(80)), whole);
        assert_eq!(
            hang("", "wider-than-that so", Some(5)),
            "wider-than-that\nso"
        );
    }
}
