//! Texts with `${NAME}` places.

use serde_json::{Value, json};
use windlass_model::Template;

use super::argv::{LEAVE_IT, warn_of_home};
use crate::field::{At, Defs, Shape};
use crate::limit::{MAX_PLACES_TOLD, MAX_WORD_BYTES};
use crate::problem::{CONTROL_CHARACTER, EMPTY_VALUE, NOT_QUOTED, PLACE, TOO_LONG};
use crate::reader::{Reader, shown};
use crate::tree::{Core, Kind, Node, Scalar, Span, Style};

/// What a text with places looks like to the schema.
pub(crate) const PATTERN: &str = "^([^$]|\\$\\$|\\$\\{[A-Za-z_][A-Za-z0-9_]*\\})*$";

/// Reads `text`, which is the value of `node`, and reports its malformed places.
pub(crate) fn places(node: &Node, text: &str, reader: &mut Reader<'_>) -> Option<Template> {
    let mut start = 0;
    for _ in 0..MAX_PLACES_TOLD {
        let rest = text.get(start..).unwrap_or_default();
        let offset = match Template::parse(rest) {
            Ok(template) => return (start == 0).then_some(template),
            Err(invalid) => start + invalid.offset,
        };
        let written = malformed(text.get(offset..).unwrap_or_default());
        refuse_place(written, reader.within(node, offset, written.len()), reader);
        start = offset + written.len();
    }
    None
}

/// What was probably meant as one place, at the start of `tail`.
fn malformed(tail: &str) -> &str {
    let end = match tail.find('}') {
        Some(end) if tail.starts_with("${") => end + 1,
        _ => tail
            .find(|c: char| c.is_whitespace() || c == '"')
            .unwrap_or(tail.len()),
    };
    tail.get(..end).unwrap_or(tail)
}

fn refuse_place(written: &str, span: Span, reader: &mut Reader<'_>) {
    let bare: String = written
        .chars()
        .skip(1)
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    let hint = if written.starts_with("$(") {
        "there is no shell: compute it outside, or in a script that `run` starts".to_owned()
    } else if bare.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        format!("write ${{{0}}}, or $${0} for the text itself", shown(&bare))
    } else {
        "a place for a value is written ${NAME}, and a dollar sign $$".to_owned()
    };
    let message = format!("`{}` is no place for a value", shown(written));
    reader.refuse_for(PLACE, span, message, hint);
}

/// Refuses what can't be an argument or the value of a variable.
pub(crate) fn passable(at: &At<&str>, reader: &mut Reader<'_>) -> bool {
    if at.value.contains('\0') {
        reader.refuse(
            CONTROL_CHARACTER,
            at.span,
            "a text with a NUL character can't be passed on",
        );
        return false;
    }
    if at.value.len() > MAX_WORD_BYTES {
        let message = format!("{} bytes; at most {MAX_WORD_BYTES}", at.value.len());
        reader.refuse(TOO_LONG, at.span, message);
        return false;
    }
    true
}

/// YAML keeps a number as it is written, so that a text needs no quotes to be one. In TOML and JSON
/// a number has forgotten its last zero, and so is none of these texts.
fn quoted_where_it_must_be(
    node: &Node,
    scalar: &Scalar,
    wanted: &str,
    reader: &mut Reader<'_>,
) -> bool {
    if scalar.style != Style::Literal || scalar.core() == Core::Null {
        return true;
    }
    let span = node.span;
    let written = reader.text.get(span.offset..span.offset + span.length);
    let message = format!("expected {wanted} in quotes, found {}", node.noun());
    let hint = format!("write \"{}\"", shown(written.unwrap_or(&scalar.text)));
    reader.refuse_for(NOT_QUOTED, span, message, hint);
    false
}

/// A text as it is written, also where YAML sees a number; reports anything else.
pub(super) fn as_written<'n>(
    node: &'n Node,
    wanted: &str,
    reader: &mut Reader<'_>,
) -> Option<&'n str> {
    let Kind::Scalar(scalar) = &node.kind else {
        reader.wrong_kind(node, wanted);
        return None;
    };
    if scalar.core() == Core::Null {
        return reader.text(node, wanted);
    }
    if !quoted_where_it_must_be(node, scalar, wanted, reader) {
        return None;
    }
    reader.warn_of_comment(node, scalar);
    Some(&scalar.text)
}

/// The value of a variable: the text as it is written, also where YAML sees a number.
pub(crate) struct VariableValue;

impl Shape for VariableValue {
    type Value = Template;

    fn wanted() -> String {
        "the value of a variable".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": ["string", "number", "boolean"], "pattern": PATTERN })
    }

    // Nothing written is decoded below, where the hint can say more.
    const MAY_BE_EMPTY: bool = true;

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Template> {
        if let Kind::Scalar(scalar) = &node.kind
            && scalar.core() == Core::Null
        {
            let hint = if node.is_absent() {
                "write \"\" for an empty value, or \"${NAME}\" for that of another variable"
            } else {
                "quote the text, or write \"\" for an empty value"
            };
            reader.refuse_for(EMPTY_VALUE, node.span, "the variable has no value", hint);
            return None;
        }
        let value = as_written(node, &Self::wanted(), reader)?;
        let template = places(node, value, reader)?;
        let span = node.span;
        warn_of_home((value, span), LEAVE_IT, reader);
        passable(&At { span, value }, reader).then_some(template)
    }
}
