//! Values that a schema of the document takes.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use serde_json::{Map, Value};

use super::operation::resolved;

/// Makes values for one document.
#[derive(Clone, Copy)]
pub(super) struct Fitting<'a> {
    /// The document.
    pub(super) document: &'a Value,
    /// What is there in the lab, by the name of the type or the property: half of all values are such.
    pub(super) known: &'a BTreeMap<&'static str, Vec<Value>>,
}

impl Fitting<'_> {
    /// A value of `schema`, which `name` is of.
    pub(super) fn value(self, name: &str, schema: &Value) -> BoxedStrategy<Value> {
        let (kind, schema) = resolved(self.document, schema);
        let known = kind.and_then(|kind| self.known.get(kind));
        match known.or_else(|| self.known.get(name)) {
            Some(known) => prop_oneof![select(known.clone()), self.any_of(schema)].boxed(),
            None => self.any_of(schema),
        }
    }

    fn any_of(self, schema: &Value) -> BoxedStrategy<Value> {
        for choice in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let each = choices.iter().map(|one| self.value("", one));
                return proptest::strategy::Union::new(each).boxed();
            }
        }
        if let Some(words) = schema["enum"].as_array() {
            return select(words.clone()).boxed();
        }
        match &schema["type"] {
            Value::Array(kinds) => {
                let each = kinds.iter().map(|kind| self.of_kind(kind, schema));
                proptest::strategy::Union::new(each).boxed()
            }
            kind => self.of_kind(kind, schema),
        }
    }

    fn of_kind(self, kind: &Value, schema: &Value) -> BoxedStrategy<Value> {
        match kind.as_str() {
            Some("null") => Just(Value::Null).boxed(),
            Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
            Some("integer") => whole_number(schema),
            Some("number") => number(schema),
            Some("string") => text(schema),
            Some("array") => self.list(schema),
            Some("object") => self.object(schema),
            other => panic!("no value is made for {other:?}: {schema}"),
        }
    }

    fn list(self, schema: &Value) -> BoxedStrategy<Value> {
        let items = self.value("", &schema["items"]);
        let count = |name: &str| schema[name].as_u64().and_then(|n| usize::try_from(n).ok());
        let least = count("minItems").unwrap_or(0);
        let most = count("maxItems").unwrap_or(2);
        vec(items, least..=most).prop_map(Value::from).boxed()
    }

    fn object(self, schema: &Value) -> BoxedStrategy<Value> {
        let needed: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let properties = schema["properties"].as_object();
        let mut parts: BoxedStrategy<Vec<(String, Value)>> = Just(Vec::new()).boxed();
        for (name, schema) in properties.into_iter().flatten() {
            let value = self.value(name, schema);
            let part = unless_left_out(needed.contains(&name.as_str()), value);
            let name = name.clone();
            parts = (parts, part)
                .prop_map(move |(mut parts, part)| {
                    parts.extend(part.map(|value| (name.clone(), value)));
                    parts
                })
                .boxed();
        }
        if let Some(more) = schema.get("additionalProperties").filter(|m| m.is_object()) {
            let more = vec((any::<String>(), self.value("", more)), 0..3);
            parts = (parts, more)
                .prop_map(|(mut parts, more)| {
                    parts.extend(more);
                    parts
                })
                .boxed();
        }
        parts
            .prop_map(|parts| Value::from(parts.into_iter().collect::<Map<_, _>>()))
            .boxed()
    }
}

/// The value, or nothing now and then where it may be left out.
pub(super) fn unless_left_out(
    needed: bool,
    value: BoxedStrategy<Value>,
) -> BoxedStrategy<Option<Value>> {
    if needed {
        value.prop_map(Some).boxed()
    } else {
        proptest::option::of(value).boxed()
    }
}

fn whole_number(schema: &Value) -> BoxedStrategy<Value> {
    let signed = schema["minimum"].is_null();
    let least = schema["minimum"].as_u64().unwrap_or(0);
    // JSON's readers agree on whole numbers up to here; the document calls it int64.
    let most = schema["maximum"].as_u64().unwrap_or(i64::MAX as u64);
    let edges = prop_oneof![
        Just(least),
        Just(most),
        least..=most,
        least..=most.min(1_000)
    ];
    if signed {
        let all = prop_oneof![
            edges.prop_map(Value::from),
            any::<i64>().prop_map(Value::from)
        ];
        return all.boxed();
    }
    edges.prop_map(Value::from).boxed()
}

/// A number between the two that it may be at most and at least, these two, and nothing.
fn number(schema: &Value) -> BoxedStrategy<Value> {
    let edge = |name: &str| schema[name].as_f64().expect("it has an edge");
    let (least, most) = (edge("minimum"), edge("maximum"));
    prop_oneof![Just(least), Just(most), Just(0.0), least..=most]
        .prop_map(Value::from)
        .boxed()
}

fn text(schema: &Value) -> BoxedStrategy<Value> {
    let long = schema["maxLength"].as_u64();
    let Some(pattern) = schema["pattern"].as_str().filter(|_| long.is_none()) else {
        return free_text(long);
    };
    let bare = pattern.trim_start_matches('^').trim_end_matches('$');
    let open = if pattern.ends_with('$') {
        ""
    } else {
        "[a-z/.]{0,20}"
    };
    let form = string_regex(&format!("{bare}{open}")).unwrap();
    form.prop_map(Value::from).boxed()
}

/// Text of any kind; as short as it may be, and never empty where a length is said.
fn free_text(long: Option<u64>) -> BoxedStrategy<Value> {
    match long {
        Some(_) => "[ -~äöü☃]{1,64}".prop_map(Value::from).boxed(),
        None => prop_oneof![
            any::<String>(),
            Just(String::new()),
            "[a-z0-9-]{1,70}",
            Just("../../etc/passwd".to_owned()),
            Just("ab\u{0}\u{7f}\u{202e}\r\nX: y".to_owned()),
            Just("☃".repeat(5_000)),
        ]
        .prop_map(Value::from)
        .boxed(),
    }
}
