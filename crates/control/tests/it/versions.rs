//! Tables that another version wrote.

use serde_json::{Value, json};
use windlass_control::{RouterRequest, Table};

/// One a line; the first is as the first version wrote it.
const TABLES: &str = include_str!("../corpus/table.jsonl");

/// What was added since, wherever it stands.
const ADDED: [&str; 7] = [
    "slower",
    "until_us",
    "passage",
    "traffic",
    "connections",
    "alone",
    "thresholds",
];

fn read(value: &Value) -> Table {
    serde_json::from_value(value.clone()).expect("a table")
}

fn tables() -> Vec<Value> {
    let lines = TABLES.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Does something with every object that is no map by name.
fn each_object(value: &mut Value, change: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            let by_name = map.keys().any(|key| key.contains('/'));
            for inner in map.values_mut() {
                each_object(inner, change);
            }
            if !by_name {
                change(map);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|inner| each_object(inner, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn a_table_is_written_as_it_was_read() {
    for value in tables() {
        let table = read(&value);
        let written = serde_json::to_value(&table).expect("JSON");
        assert_eq!(read(&written), table);
    }
}

#[test]
fn a_table_of_before_is_read_with_what_was_usual_then() {
    for mut value in tables() {
        each_object(&mut value, &mut |map| {
            map.retain(|key, _| !ADDED.contains(&key.as_str()));
        });
        let table = read(&value);
        assert!(table.services.values().all(|entry| entry.passage.is_open()));
        assert!(
            table
                .services
                .values()
                .all(|entry| entry.until_us.is_none())
        );
    }
}

/// A newer router says so with its format; what it adds without that may be passed over.
#[test]
fn what_a_newer_version_adds_beside_is_passed_over() {
    for value in tables() {
        let mut newer = value.clone();
        newer["from_later"] = json!({ "a": 1 });
        let services = newer["services"].as_object_mut().expect("a map");
        for entry in services.values_mut() {
            entry["from_later"] = json!([1]);
            entry["route"]["from_later"] = json!("x");
            let slots = entry["route"]["slots"].as_array_mut().expect("a list");
            for slot in slots {
                slot["from_later"] = json!(null);
            }
        }
        assert_eq!(read(&newer), read(&value));
    }
}

#[test]
fn who_opens_or_shuts_the_way_says_to_whom_or_that_it_is_to_all() {
    let read = |service: Value| {
        let mut said = json!({ "epoch": 7, "passage": "open" });
        if let Some(said) = said
            .as_object_mut()
            .filter(|_| service != json!("left out"))
        {
            said.insert("service".to_owned(), service);
        }
        serde_json::from_value::<RouterRequest>(json!({ "passage": said }))
    };
    assert!(read(json!("hello/default/web")).is_ok());
    assert!(read(Value::Null).is_ok());
    let why = read(json!("left out")).expect_err("nobody is named");
    assert!(why.to_string().contains("missing field `service`"), "{why}");
}
