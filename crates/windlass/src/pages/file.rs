//! The reference of `windlass.yaml`, from the schema that the decoders themselves give.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The parts of the file in the order of the page: definition, heading, what it is.
const PARTS: [(&str, &str, &str); 9] = [
    ("file", "At the top", "`windlass.yaml` as a whole."),
    ("service", "A service", "An entry of `services`."),
    (
        "defaults",
        "Defaults",
        "Under `defaults`: for every service that does not say otherwise.",
    ),
    (
        "environment",
        "An environment",
        "An entry of `environments`; under its `services` stand the keys of a service that differ there.",
    ),
    ("release", "release", "What the release is called."),
    (
        "process",
        "target: process",
        "The long form of `run` and its companions.",
    ),
    ("probes", "probes", "Health questions."),
    (
        "step",
        "A step of a canary",
        "An entry of `strategy: { canary: [...] }`.",
    ),
    ("stop", "stop", "How a process is asked to end."),
];

/// The page, as Markdown.
pub(crate) fn reference() -> String {
    let schema = windlass_config::schema();
    let empty = Map::new();
    let parts = schema
        .get("$defs")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let mut text = "# The file\n\nEvery key of `windlass.yaml`. An unknown key is an error; `windlass schema` prints the same \
         for editors.\n"
        .to_owned();
    for (name, heading, about) in PARTS {
        if let Some(part) = parts.get(name) {
            // A String takes every write.
            write!(text, "\n## {heading}\n\n{about}\n\n{}", keys(part)).ok();
        }
    }
    text
}

/// One row for each key.
fn keys(part: &Value) -> String {
    let needed: Vec<&str> = part
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let keys: BTreeMap<&String, &Value> = part
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .collect();
    let mut text = "| key | means |\n|---|---|\n".to_owned();
    for (key, shape) in keys {
        let means = shape
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let must = if needed.contains(&key.as_str()) {
            " Needed."
        } else {
            ""
        };
        let means = means.replace('|', "\\|");
        writeln!(text, "| `{key}` | {means}{must} |").ok();
    }
    text
}
