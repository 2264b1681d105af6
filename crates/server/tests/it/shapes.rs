//! What clients rely on: nothing of the document goes away or changes its shape within one version.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use windlass_api::API_VERSION;
use windlass_server::document;

/// Each answer of each operation, and each property of each type, in one line.
fn shapes() -> BTreeSet<String> {
    let all = serde_json::to_value(document()).unwrap();
    let mut lines = BTreeSet::new();
    for (path, methods) in all["paths"].as_object().unwrap() {
        for (method, says) in methods.as_object().unwrap() {
            let content = &says["responses"]["200"]["content"];
            for (media, answer) in content.as_object().unwrap() {
                let shape = shape(&answer["schema"]);
                lines.insert(format!("{method} {path} answers {media} {shape}"));
            }
        }
    }
    for (name, schema) in all["components"]["schemas"].as_object().unwrap() {
        let properties = schema["properties"].as_object();
        for (property, schema) in properties.into_iter().flatten() {
            lines.insert(format!("{name}.{property} is {}", shape(schema)));
        }
    }
    lines
}

/// A schema in a word.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap().to_owned();
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choices: Vec<_> = choices.iter().map(shape).collect();
        return choices.join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", shape(&schema["items"])),
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).collect();
            kinds.join(" or ")
        }
        other => other.to_string(),
    }
}

#[test]
fn what_goes_away_or_changes_raises_the_version() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/shapes.txt");
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let (first, lines) = written.split_once('\n').unwrap_or_default();
    let before: BTreeSet<String> = lines.lines().map(str::to_owned).collect();
    let now = shapes();
    let version = format!("API {API_VERSION}");
    let gone: Vec<_> = before.difference(&now).collect();
    assert!(
        gone.is_empty() || first != version,
        "raise API_VERSION in crates/api/src/lib.rs: clients of {first} rely on {gone:#?}"
    );
    let lines: Vec<_> = now.into_iter().collect();
    let text = format!("{version}\n{}\n", lines.join("\n"));
    if std::env::var_os("WINDLASS_WRITE").is_some() {
        std::fs::write(&file, text).unwrap();
    } else {
        assert!(
            text == written,
            "something was added: WINDLASS_WRITE=1 cargo test -p windlass-server shapes"
        );
    }
}
