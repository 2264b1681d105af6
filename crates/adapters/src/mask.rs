//! Values of an environment, kept out of what is told of what a program printed.

use std::collections::BTreeMap;
use std::iter::once;

/// Shortest value that is masked, in characters: a shorter one is in too many words to be a secret.
const SHORTEST: usize = 4;

/// What is read in a value's place.
const MASKED: &[u8] = b"***";

/// What nobody but its owner may read. Secrets: this type has no `Debug`.
pub(crate) struct Mask<'v>(Vec<&'v [u8]>);

impl<'v> Mask<'v> {
    /// Of these values, by name. Of a value of several lines, each line is one too: a program may print
    /// a part of it.
    pub(crate) fn of(values: &'v BTreeMap<String, String>) -> Self {
        let parts = values
            .values()
            .flat_map(|all| once(&**all).chain(all.lines()));
        let parts = parts.map(str::trim);
        let long = parts.filter(|part| part.chars().count() >= SHORTEST);
        Self(long.map(str::as_bytes).collect())
    }

    /// The text with `***` in place of each value, as it stands there. With `is_cut` its beginning was
    /// not read, which may be in the middle of a value.
    pub(crate) fn over(&self, text: &[u8], is_cut: bool) -> Vec<u8> {
        let mut secret = vec![false; text.len()];
        for value in &self.0 {
            let places = text.windows(value.len()).enumerate();
            for (at, _) in places.filter(|(_, part)| part == value) {
                secret[at..at + value.len()].fill(true);
            }
            if is_cut {
                secret[..cut_end(value, text)].fill(true);
            }
        }
        let mut shown = Vec::with_capacity(text.len());
        let mut before = false;
        for (byte, secret) in text.iter().zip(secret) {
            match (before, secret) {
                (_, false) => shown.push(*byte),
                (false, true) => shown.extend_from_slice(MASKED),
                (true, true) => {}
            }
            before = secret;
        }
        shown
    }

    /// The same of a whole text.
    pub(crate) fn over_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.over(text.as_bytes(), false)).into_owned()
    }
}

/// How much of `text` is the end of `value`, at its beginning.
fn cut_end(value: &[u8], text: &[u8]) -> usize {
    let ends = (1..value.len()).map(|from| &value[from..]);
    let mut found = ends.filter(|end| text.starts_with(end));
    found.next().map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(values: &[&str], text: &str, is_cut: bool) -> String {
        let named = values.iter().enumerate();
        let values: BTreeMap<String, String> = named
            .map(|(number, value)| (format!("V{number}"), (*value).to_owned()))
            .collect();
        let shown = Mask::of(&values).over(text.as_bytes(), is_cut);
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn each_place_of_a_value_is_masked_also_where_two_overlap() {
        let shown = masked(&["hunter2"], "as hunter2: hunter2hunter2\n", false);
        assert_eq!(shown, "as ***: ***\n");
        assert_eq!(masked(&["abcdef", "defghi"], "<abcdefghi>", false), "<***>");
        assert_eq!(masked(&["abcd", "abcdef"], "<abcdef>", false), "<***>");
    }

    #[test]
    fn a_value_of_less_than_four_characters_is_none() {
        assert_eq!(masked(&["abc", "", "äöü"], "abc äöü", false), "abc äöü");
        assert_eq!(masked(&["äöüß"], "abc äöüß", false), "abc ***");
    }

    #[test]
    fn a_value_of_several_lines_is_masked_as_a_whole_and_by_its_lines() {
        let key = "-- begin --\nsecret\n-- end --\n";
        assert_eq!(masked(&[key], "key: secret", false), "key: ***");
        assert_eq!(masked(&[key], &format!("<{key}>"), false), "<***\n>");
    }

    #[test]
    fn a_value_whose_beginning_was_not_read_is_masked_where_the_text_begins() {
        assert_eq!(
            masked(&["hunter2"], "ter2 is wrong, ter2", true),
            "*** is wrong, ter2"
        );
        assert_eq!(
            masked(&["hunter2"], "ter2 is wrong", false),
            "ter2 is wrong"
        );
    }
}
