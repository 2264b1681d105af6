//! Places for values in the texts of other tools, as `windlass.yaml` writes them.

/// Deepest default of a default that is followed.
const DEPTH_MAX: usize = 8;

/// Most characters of one place.
const PLACE_MAX: usize = 4096;

/// What Windlass says itself, so that no default is needed.
const OWN: [&str; 3] = ["PORT", "INSTANCE", "VERSION"];

/// A text of `windlass.yaml`, and what of the other one could not be said in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) text: String,
    pub(super) notes: Vec<String>,
}

/// `$NAME` and `${NAME}` as `${NAME}`; `$$` is one dollar there and here. A place of ours has no default, so that of
/// `${NAME:-default}` is written in its stead. Any other `$` is doubled.
pub(super) fn filled(text: &str) -> Filled {
    let mut made = Filled::default();
    fill(text, DEPTH_MAX, &mut made);
    made
}

fn fill(text: &str, depth: usize, made: &mut Filled) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        made.text.push_str(before);
        rest = match (after.strip_prefix('$'), place(after)) {
            (Some(left), _) => {
                made.text.push_str("$$");
                left
            }
            (None, Some(place)) if depth > 0 => {
                put(&place, depth, made);
                place.left
            }
            (None, _) => {
                made.text.push_str("$$");
                after
            }
        };
    }
    made.text.push_str(rest);
}

/// A place, what its braces say behind its name, and what follows it.
struct Place<'t> {
    name: &'t str,
    more: &'t str,
    left: &'t str,
}

/// What stands behind a `$`, where it is a place.
fn place(after: &str) -> Option<Place<'_>> {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let (inner, left) = match after.strip_prefix('{') {
        Some(braced) => {
            let (inner, closed) = braced.split_at(closing(braced)?);
            (inner, closed.strip_prefix('}')?)
        }
        None => after.split_at(after.find(ends).unwrap_or(after.len())),
    };
    let (name, more) = inner.split_at(inner.find(ends).unwrap_or(inner.len()));
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let known = more.is_empty() || more.starts_with([':', '-', '?', '+']);
    (named && known).then_some(Place { name, more, left })
}

/// Where the brace is that closes a text, past those of places within it; none where that is too far.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, c) in text.char_indices().take(PLACE_MAX) {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn put(place: &Place<'_>, depth: usize, made: &mut Filled) {
    let Place { name, more, .. } = place;
    let said = more.strip_prefix(':').unwrap_or(more);
    match said.strip_prefix('-') {
        Some(default) if !OWN.contains(name) => {
            fill(default, depth - 1, made);
            made.notes.push(format!(
                "The default of ${{{name}{more}}} is written in its place; ${{{name}}} takes it from your environment."
            ));
            return;
        }
        Some(_) | None => {}
    }
    if said.starts_with('+') {
        made.notes.push(format!(
            "${{{name}{more}}} can't be said here: ${{{name}}} is written."
        ));
    }
    made.text.push_str(&["${", name, "}"].concat());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_others_is_written_as_windlass_does() {
        for (given, ours) in [
            ("node server.js -p $PORT", "node server.js -p ${PORT}"),
            ("x ${PORT:-5000}", "x ${PORT}"),
            ("x ${KEY:?no key} ${B?}", "x ${KEY} ${B}"),
            ("x --price 5$", "x --price 5$$"),
            ("x $1 ${2} ${a b} ${open", "x $$1 $${2} $${a b} $${open"),
        ] {
            let made = filled(given);
            assert_eq!((made.text.as_str(), made.notes.len()), (ours, 0), "{given}");
        }
    }

    #[test]
    fn a_doubled_dollar_is_one_dollar_there_and_here() {
        for text in ["pa$$word", "$$HOME", "5$$", "$${A}", "$$$$"] {
            assert_eq!(filled(text).text, text);
        }
        assert_eq!(filled("$$$A").text, "$$${A}");
    }

    #[test]
    fn a_default_is_written_where_it_counted_and_told() {
        for (given, ours) in [
            ("${UNSET:-dflt}", "dflt"),
            ("a${UNSET-}b", "ab"),
            ("${A:-x${B:-y}z}/${C}", "xyz/${C}"),
            ("${A:-$$5}", "$$5"),
        ] {
            let made = filled(given);
            assert_eq!(made.text, ours, "{given}");
            assert!(!made.notes.is_empty(), "{given}");
        }
        let deep = "${A:-".repeat(10_000) + &"}".repeat(10_000);
        assert!(filled(&deep).text.starts_with("$$"));
    }
}
