//! `before`: what must be so before a deployment moves anything.

use serde_json::{Value, json};
use windlass_model::Before;

use crate::field::{Defs, Shape};
use crate::problem::{LATER_KEY, NUMBER, TRIGGER};
use crate::reader::{Reader, shown};
use crate::tree::Node;

/// The highest score.
const FULL: u16 = 100;

/// Beginnings of entries that later versions know.
const LATER: [&str; 3] = ["checklist", "approval", "window"];

/// One entry: `score >= 85`.
pub(crate) struct BeforeSentence;

impl Shape for BeforeSentence {
    type Value = Before;

    const EXAMPLES: &'static [&'static str] = &["score >= 85"];

    fn wanted() -> String {
        "what must be so before, such as `score >= 85`".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": "^ *score *>= *(0|[1-9][0-9]?|100) *$" })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Before> {
        let text = reader.text(node, &Self::wanted())?;
        let text = text.trim_matches(' ');
        let first = text.split(' ').next().unwrap_or_default();
        if LATER.contains(&first) {
            let message = format!("`{first}` is not known in `before` yet");
            let hint = "this version knows `score >= 85` there: remove the entry";
            reader.refuse_for(LATER_KEY, node.span, message, hint);
            return None;
        }
        let Some(number) = text.strip_prefix("score").and_then(wanted) else {
            let message = format!("`{}` is no condition of `before`", shown(text));
            reader.refuse_for(TRIGGER, node.span, message, "write `score >= 85`");
            return None;
        };
        // As the schema sees it: a leading zero is octal elsewhere.
        let plain = number == "0" || !number.starts_with(['0', '+']);
        let score = number.parse().ok().filter(|score| *score <= FULL && plain);
        if score.is_none() {
            let message = format!("`{}` is no score", shown(number));
            let hint = format!("write a whole number from 0 to {FULL}");
            reader.refuse_for(NUMBER, node.span, message, hint);
        }
        score.map(Before::Score)
    }
}

/// The number after `>=`.
fn wanted(rest: &str) -> Option<&str> {
    let number = rest.trim_start_matches(' ').strip_prefix(">=")?;
    let number = number.trim_start_matches(' ');
    (!number.is_empty()).then_some(number)
}
