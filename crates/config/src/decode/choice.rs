//! Values of which there are only a few.

use serde_json::{Value, json};
use windlass_model::{OnFailure, Overlap, Pass};

use crate::field::{Defs, Shape};
use crate::problem::{CHOICE, WRONG_KIND};
use crate::reader::{Reader, listed, shown};
use crate::tree::{Core, Kind, Node};

/// Looks the text of `node` up among `choices`.
pub(crate) fn choose<T: Clone>(
    node: &Node,
    choices: &[(&'static str, T)],
    reader: &mut Reader<'_>,
) -> Option<T> {
    let names = choices.iter().map(|(name, _)| *name);
    let text = reader.text(node, &listed(names.clone(), "or"))?;
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Some(value.clone());
    }
    let message = format!(
        "`{}` is not one of {}",
        shown(text),
        listed(names.clone(), "and")
    );
    match reader.nearest(text, names) {
        Some(meant) => {
            reader.refuse_for(
                CHOICE,
                node.span,
                message,
                format!("did you mean `{meant}`?"),
            );
        }
        None => reader.refuse(CHOICE, node.span, message),
    }
    None
}

fn names<T>(choices: &[(&'static str, T)]) -> Vec<&'static str> {
    choices.iter().map(|(name, _)| *name).collect()
}

const ON_FAILURE: [(&str, OnFailure); 2] = [
    ("all", OnFailure::All),
    ("dependents", OnFailure::Dependents),
];

impl Shape for OnFailure {
    type Value = Self;

    fn wanted() -> String {
        listed(names(&ON_FAILURE), "or")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": names(&ON_FAILURE) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        choose(node, &ON_FAILURE, reader)
    }
}

const PASS: [(&str, Pass); 3] = [
    ("env", Pass::Env),
    ("flags", Pass::Flags),
    ("both", Pass::Both),
];

impl Shape for Pass {
    type Value = Self;

    fn wanted() -> String {
        listed(names(&PASS), "or")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": names(&PASS) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        choose(node, &PASS, reader)
    }
}

/// The signals that may ask a process to end.
pub(crate) struct Signal;

const SIGNALS: [(&str, &str); 6] = [
    ("TERM", "TERM"),
    ("INT", "INT"),
    ("QUIT", "QUIT"),
    ("HUP", "HUP"),
    ("USR1", "USR1"),
    ("USR2", "USR2"),
];

impl Shape for Signal {
    type Value = String;

    fn wanted() -> String {
        listed(names(&SIGNALS), "or")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": names(&SIGNALS) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        choose(node, &SIGNALS, reader).map(str::to_owned)
    }
}

/// `yes` or `no`, and their spellings `true` and `false`: other readers of YAML turn one into the
/// other.
pub(super) fn yes_or_no(node: &Node, reader: &mut Reader<'_>) -> Option<bool> {
    answer(node, ["true", "false"].map(str::to_owned), reader)
}

/// The same, where one of the two spellings is the one to write.
fn answer(node: &Node, words: [String; 2], reader: &mut Reader<'_>) -> Option<bool> {
    let Kind::Scalar(scalar) = &node.kind else {
        reader.wrong_kind(node, "yes or no");
        return None;
    };
    match (scalar.core(), scalar.text.as_str()) {
        (Core::Bool(answer), _) => Some(answer),
        (Core::Text, "yes") => Some(true),
        (Core::Text, "no") => Some(false),
        (Core::Null, _) => {
            reader.wrong_kind(node, "yes or no");
            None
        }
        (_, text) => {
            let message = format!("`{}` is neither yes nor no", shown(text));
            let [yes, no] = words;
            let hint = match text.to_lowercase().as_str() {
                "on" | "y" | "yes" | "1" => format!("write {yes}"),
                "off" | "n" | "no" | "0" => format!("write {no}"),
                _ => format!("write {yes} or {no}"),
            };
            reader.refuse_for(CHOICE, node.span, message, hint);
            None
        }
    }
}

impl Shape for Overlap {
    type Value = Self;

    fn wanted() -> String {
        "yes or no".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": ["yes", "no", true, false] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let words = ["yes", "no"].map(|word| reader.format.text(word));
        answer(node, words, reader).map(|yes| if yes { Self::Yes } else { Self::No })
    }
}

/// `true`: the key alone says it.
pub(crate) struct Yes;

impl Shape for Yes {
    type Value = ();

    fn wanted() -> String {
        "true".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "enum": [true, "yes"] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<()> {
        if yes_or_no(node, reader)? {
            return Some(());
        }
        reader.refuse_for(
            WRONG_KIND,
            node.span,
            "only true has a meaning here",
            "remove the key",
        );
        None
    }
}
