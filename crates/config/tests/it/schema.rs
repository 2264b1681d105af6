//! The schema itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use windlass_config::{Request, load, schema};
use windlass_model::Spec;

use crate::corpus::cases;

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

fn definitions() -> Map<String, Value> {
    let schema = schema();
    let found = schema.get("$defs").and_then(Value::as_object);
    found.cloned().expect("definitions")
}

/// Every key of every kind of map, with its schema.
fn keys() -> Vec<(String, String, Value)> {
    let mut keys = Vec::new();
    for (kind, map) in definitions() {
        let properties = map.get("properties").and_then(Value::as_object);
        for (key, value) in properties.expect("properties") {
            keys.push((kind.clone(), key.clone(), value.clone()));
        }
    }
    keys
}

fn of_key(kind: &str, key: &str) -> Validator {
    let path = format!("#/$defs/{kind}/properties/{key}");
    let schema = json!({ "$ref": path, "$defs": definitions() });
    jsonschema::draft202012::new(&schema).expect("a schema")
}

#[test]
fn every_key_has_a_title_and_its_default_and_examples_are_values_of_it() {
    for (kind, key, schema) in keys() {
        assert_eq!(schema.get("title"), Some(&json!(key)), "{kind}.{key}");
        assert_eq!(schema.get("markdownDescription"), schema.get("description"));
        let examples = schema.get("examples").and_then(Value::as_array);
        let shown = examples.into_iter().flatten().chain(schema.get("default"));
        let validator = of_key(&kind, &key);
        for value in shown {
            assert!(validator.is_valid(value), "{kind}.{key}: {value}");
        }
    }
}

#[test]
fn an_editor_can_offer_something_for_every_key() {
    let silent: Vec<String> = keys()
        .into_iter()
        .filter(|(_, _, schema)| !offers(schema))
        .map(|(kind, key, _)| format!("{kind}.{key}"))
        .collect();
    assert_eq!(silent, [""; 0]);
}

/// Words to choose from, values to learn from, or the keys of a map.
fn offers(schema: &Value) -> bool {
    let maps = ["items", "additionalProperties"];
    ["examples", "enum", "$ref"]
        .iter()
        .any(|word| schema.get(word).is_some())
        || maps.iter().any(|word| schema.get(word).is_some_and(offers))
}

fn read(text: &str) -> Spec {
    let request = Request {
        text,
        name: "windlass.json",
        environment: None,
        set: &[],
    };
    let loaded = load(&request).map_err(|refused| refused.render(&request));
    loaded.expect(text).spec
}

/// Puts the defaults of a kind of map into `map`.
fn filled(kind: &str, mut map: Value, but: &[&str]) -> Value {
    for (of, key, schema) in keys() {
        if of == kind
            && !but.contains(&key.as_str())
            && let (Some(default), Value::Object(map)) = (schema.get("default"), &mut map)
        {
            map.entry(key).or_insert_with(|| default.clone());
        }
    }
    map
}

#[test]
fn the_defaults_that_an_editor_shows_are_those_that_count() {
    let probes = json!({ "ready": filled("probe", json!({}), &[]) });
    let stop = filled("stop", json!({}), &[]);
    let web = json!({ "run": "./web", "listen": "127.0.0.1:1", "probes": probes, "stop": stop });
    let worker = json!({ "run": "./worker" });
    let whole = filled(
        "file",
        json!({ "app": "a", "services": {
            "web": filled("service", web, &["overlap"]),
            "worker": filled("service", worker, &["strategy"]),
        } }),
        &[],
    );
    let short = r#"{ "app": "a", "services": {
        "web": { "run": "./web", "listen": "127.0.0.1:1" }, "worker": { "run": "./worker" } } }"#;
    assert_eq!(read(&whole.to_string()), read(short));
    let told = keys()
        .into_iter()
        .filter(|(_, _, schema)| schema.get("default").is_some());
    assert!(told.count() >= 25);
}

#[test]
fn every_good_file_validates_and_together_they_have_every_key() {
    let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
    let mut used = BTreeSet::new();
    for case in cases("good") {
        let json = case.json().expect("a tree");
        assert!(validator.is_valid(&json), "{}", case.path.display());
        all_keys(&json, &mut used);
    }
    let unused: Vec<String> = keys()
        .into_iter()
        .map(|(_, key, _)| key)
        .filter(|key| !used.contains(key))
        .collect();
    assert_eq!(unused, [""; 0]);
}

fn all_keys(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                used.insert(key.clone());
                all_keys(value, used);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| all_keys(value, used)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_shape_of_the_schema_is_this() {
    let mut shape = String::new();
    for (kind, map) in definitions() {
        let required = map.get("required").and_then(Value::as_array);
        let required: Vec<&str> = required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let keys = map
            .get("properties")
            .and_then(Value::as_object)
            .expect("properties");
        let keys: Vec<String> = keys
            .keys()
            .map(|key| {
                if required.contains(&key.as_str()) {
                    format!("{key}!")
                } else {
                    key.clone()
                }
            })
            .collect();
        writeln!(shape, "{kind}: {}", keys.join(" ")).expect("a string");
    }
    insta::assert_snapshot!(shape, @r"
    access_log: query share
    acme: ca directory email hosts terms_agreed!
    analysis: error fail inconclusive longest no_data require tolerance
    basic: password! user!
    canary: canary!
    candidate_for: cookies headers methods
    category: checks! weight
    check: bad cobertura command good json junit lcov max_age metric no_data of path playwright probe remedy value weight within
    command: deploy! env pass rollback status stop within
    connections: per_address total
    defaults: analysis bake drain metrics overlap probes ready rollback_on rollback_within sticky stop strategy traffic
    detailed: every http! timeout
    eject: after for
    environment: before router services
    file: $schema app! before defaults environments finalize on_failure parallel router score services!
    limits: memory!
    listen: access_log address! connections host path proxies tls
    metric: basic ca every prometheus! query! token
    mirror: share to!
    override: analysis bake drain env files instances limits listen metrics needs overlap probes ready release rollback_on rollback_within run speaks sticky stop strategy target traffic was
    probe: every fall http rise tcp timeout within
    probes: detailed ready
    process: env files instances limits run stop
    proxies: proxy_protocol trusted!
    release: version
    retries: at_most budget
    rollback_on: add!
    router: metrics
    secret: env file
    service: analysis bake drain env files instances limits listen metrics needs overlap probes ready release rollback_on rollback_within run speaks sticky stop strategy target traffic was
    step: bake below score to!
    sticky: header!
    stop: signal within
    target: command process
    timeouts: answer connect download silence upload
    tls: acme certificate key
    traffic: candidate_for eject limits mirror retries timeouts
    traffic_limits: body head in_flight
    trigger: all then when
    ");
}

#[test]
fn a_key_says_all_that_an_editor_shows() {
    let bake = keys()
        .into_iter()
        .find(|(kind, key, _)| kind == "service" && key == "bake");
    let (_, _, bake) = bake.expect("the key");
    insta::assert_snapshot!(format!("{bake:#}"), @r#"
    {
      "anyOf": [
        {
          "pattern": "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
          "type": "string"
        },
        {
          "const": 0
        }
      ],
      "default": "30s",
      "description": "How long each step is watched. Without it: 30s.",
      "examples": [
        "30s",
        "500ms",
        "1m30s",
        "2h"
      ],
      "markdownDescription": "How long each step is watched. Without it: 30s.",
      "title": "bake"
    }
    "#);
}
