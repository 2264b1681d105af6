//! The JSON Schema, and the file as a JSON Schema sees it.

use serde_json::{Map, Value, json};

use crate::decode::{AloneFile, WindlassFile};
use crate::field::{Defs, Keys, Shape};
use crate::format::Format;
use crate::parse;
use crate::problem::Problem;
use crate::tree::{Core, Kind, Node, Scalar};

/// A JSON Schema (draft 2020-12) from the tables that the decoders use.
///
/// It accepts every file that [`crate::load`] accepts, and refuses every file with a problem whose
/// code is [`crate::SeenBy::Schema`].
pub fn schema() -> Value {
    let (file, defs) = definitions();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:windlass:schema:file",
        "title": "windlass.yaml",
        "description": "One application for Windlass to deploy.",
        "allOf": [file],
        "$defs": defs.schemas,
    })
}

/// The same for the file of a router that runs alone, as [`crate::load_alone`] reads it.
pub fn schema_alone() -> Value {
    let mut defs = Defs::default();
    let file = Keys::<AloneFile>::schema(&mut defs);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:windlass:schema:router",
        "title": "router.yaml",
        "description": "What a router that runs alone serves.",
        "allOf": [file],
        "$defs": defs.schemas,
    })
}

/// The schema of the whole file, and every definition that it leads to.
pub(crate) fn definitions() -> (Value, Defs) {
    let mut defs = Defs::default();
    let file = Keys::<WindlassFile>::schema(&mut defs);
    (file, defs)
}

/// The file as JSON, YAML by the core rules of YAML 1.2: what an editor compares with the schema.
///
/// # Errors
/// The problem that makes it unreadable.
pub fn as_json(text: &str, format: Format) -> Result<Value, Problem> {
    parse::parse(text, format).map(|parsed| json_of(&parsed.root))
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
    match scalar.core() {
        Core::Null => Value::Null,
        Core::Bool(answer) => Value::Bool(answer),
        Core::Text => Value::String(scalar.text.clone()),
        Core::Integer | Core::Number => match scalar.text.parse::<i64>() {
            Ok(number) => Value::from(number),
            // JSON has no infinity: the largest number stands for it.
            Err(_not_whole) => Value::from(scalar.number().unwrap_or(f64::MAX)),
        },
    }
}
