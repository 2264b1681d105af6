//! The last step before a terminal: whatever is in a text, nothing in it is obeyed but line ends and the
//! hues of [`Role`](super::Role).

use std::borrow::Cow;
use std::fmt::Write as _;

use windlass_model::is_obeyed;

use super::style::HUES;

/// A text as it may be printed.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let is_fine = |c| matches!(c, '\n' | '\t') || !is_obeyed(c);
    if text.chars().all(is_fine) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let hue = |hue: &&'static str| Some((*hue, rest.strip_prefix(hue)?));
        if let Some((hue, after)) = HUES.iter().find_map(hue) {
            shown.push_str(hue);
            rest = after;
            continue;
        }
        let mut chars = rest.chars();
        let first = chars.next();
        shown.extend(first.map(|c| {
            if is_fine(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        }));
        rest = chars.as_str();
    }
    shown.into()
}

/// JSON as it may be printed: the same values, with an escape for each character that would be obeyed.
pub(super) fn escaped(json: &str) -> Cow<'_, str> {
    let is_fine = |c| c == '\n' || !is_obeyed(c);
    if json.chars().all(is_fine) {
        return json.into();
    }
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_fine(c) {
            shown.push(c);
        } else {
            // They are in strings only: a serializer puts none between values.
            write!(shown, "\\u{:04x}", u32::from(c)).expect("a String takes any text");
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{Role, Style};

    #[test]
    fn our_hues_pass_and_what_others_wrote_does_not() {
        let style = Style {
            colour: true,
            ..Style::plain()
        };
        for role in [
            Role::Good,
            Role::Warn,
            Role::Bad,
            Role::Running,
            Role::Strong,
            Role::Faint,
        ] {
            let painted = style.paint(role, "kept\n\t");
            assert_ne!(painted, "kept\n\t");
            assert_eq!(shown(&painted), painted, "{role:?}");
        }
        assert_eq!(
            shown("\u{1b}[8mhidden\u{1b}[0m\u{1b}]0;x\u{7}\u{202e}\r\n"),
            "\u{fffd}[8mhidden\u{1b}[0m\u{fffd}]0;x\u{fffd}\u{fffd}\u{fffd}\n"
        );
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({ "saw": "\u{9b}2J\u{202e}\u{1b}\n\u{2028}x", "a": [1] });
        for text in [value.to_string(), format!("{value:#}")] {
            let shown = escaped(&text);
            assert!(!shown.contains(|c| c != '\n' && is_obeyed(c)), "{shown}");
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
                value
            );
        }
    }
}
