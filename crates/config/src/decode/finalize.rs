//! `finalize`: when a standby goes.

use serde_json::{Value, json};
use windlass_model::Finalize;

use super::number::SomeTime;
use crate::field::{Defs, Shape};
use crate::problem::CHOICE;
use crate::reader::{Reader, listed, shown};
use crate::tree::{Core, Kind, Node};

const WORDS: [(&str, Finalize); 2] = [
    ("next deployment", Finalize::NextDeployment),
    ("manual", Finalize::Manual),
];

/// What people write where it shall stay.
const NEVER: [&str; 5] = ["never", "no", "none", "off", "keep"];

impl Shape for Finalize {
    type Value = Self;

    const EXAMPLES: &'static [&'static str] = &["1h", "manual"];

    fn wanted() -> String {
        let words = listed(WORDS.map(|(word, _)| word), "or");
        format!("{words}, or a duration, such as 1h")
    }

    fn schema(defs: &mut Defs) -> Value {
        let words = WORDS.map(|(word, _)| word);
        json!({ "anyOf": [{ "enum": words }, SomeTime::schema(defs)] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(scalar)
                if scalar.core() == Core::Text && !begins_as_time(&scalar.text) =>
            {
                word(node, &scalar.text, reader)
            }
            Kind::Scalar(scalar) if scalar.core() != Core::Null => {
                SomeTime::decode(node, reader).map(Self::After)
            }
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => {
                reader.wrong_kind(node, &Self::wanted());
                None
            }
        }
    }
}

fn word(node: &Node, text: &str, reader: &mut Reader<'_>) -> Option<Finalize> {
    let found = WORDS.iter().find(|(word, _)| *word == text);
    if let Some((_, finalize)) = found {
        return Some(*finalize);
    }
    let lower = text.to_lowercase();
    let words = WORDS.map(|(word, _)| word);
    let hint = if lower.starts_with("next") || lower.contains("deploy") {
        "did you mean `next deployment`?".to_owned()
    } else if NEVER.contains(&lower.as_str()) {
        "write `manual`: `windlass finalize` drops the standby then".to_owned()
    } else if let Some(meant) = reader.nearest(text, words) {
        format!("did you mean `{meant}`?")
    } else {
        format!("write {}", Finalize::wanted())
    };
    let message = format!("`{}` does not say when the standby goes", shown(text));
    reader.refuse_for(CHOICE, node.span, message, hint);
    None
}

fn begins_as_time(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}
