//! The schema itself.

use serde_json::Value;
use windlass_config::schema;

#[test]
fn the_schema_is_one_of_draft_2020_12() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    assert_eq!(
        schema.get("$schema").and_then(Value::as_str),
        Some("https://json-schema.org/draft/2020-12/schema")
    );
}

#[test]
fn every_key_is_described_and_every_map_is_closed() {
    let schema = schema();
    let maps = schema
        .get("$defs")
        .and_then(Value::as_object)
        .expect("definitions");
    assert!(maps.len() >= 10);
    for (name, map) in maps {
        assert_eq!(
            map.get("additionalProperties"),
            Some(&Value::Bool(false)),
            "{name}"
        );
        let keys = map
            .get("properties")
            .and_then(Value::as_object)
            .expect("properties");
        for (key, value) in keys {
            let doc = value
                .get("description")
                .and_then(Value::as_str)
                .unwrap_or_default();
            assert!(doc.ends_with('.'), "{name}.{key}");
        }
    }
}
