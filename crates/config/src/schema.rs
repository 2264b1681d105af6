//! The JSON Schema, and the file as a JSON Schema sees it.

use serde_json::{Map, Number, Value, json};

use crate::decode::WindlassFile;
use crate::field::{Defs, Keys, Shape};
use crate::parse;
use crate::problem::Problem;
use crate::tree::{Core, Kind, Node, Scalar};

/// A JSON Schema (draft 2020-12) from the tables that the decoders use.
///
/// It accepts every file that [`crate::load`] accepts, and refuses every file with a problem whose
/// code is [`crate::SeenBy::Schema`].
pub fn schema() -> Value {
    let mut defs = Defs::new();
    let file = Keys::<WindlassFile>::schema(&mut defs);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "windlass.yaml",
        "description": "One application for Windlass to deploy.",
        "allOf": [file],
        "$defs": defs,
    })
}

/// The file as JSON, by the core rules of YAML 1.2: what an editor compares with the schema.
///
/// # Errors
/// The problem that makes it unreadable.
pub fn as_json(text: &str) -> Result<Value, Problem> {
    parse::parse(text).map(|parsed| json_of(&parsed.root))
}

pub(crate) fn json_of(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar(scalar) => json_of_scalar(scalar),
        Kind::List(items) => Value::Array(items.iter().map(json_of).collect()),
        Kind::Map(entries) => {
            let entries = entries
                .iter()
                .map(|entry| (entry.key.clone(), json_of(&entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn json_of_scalar(scalar: &Scalar) -> Value {
    let text = || Value::String(scalar.text.clone());
    match scalar.core() {
        Core::Null => Value::Null,
        Core::Bool(answer) => Value::Bool(answer),
        Core::Text => text(),
        Core::Integer | Core::Number => match scalar.text.parse::<i64>() {
            Ok(number) => Value::from(number),
            // JSON has no infinity; those stay texts.
            Err(_not_whole) => scalar
                .number()
                .and_then(Number::from_f64)
                .map_or_else(text, Value::Number),
        },
    }
}
