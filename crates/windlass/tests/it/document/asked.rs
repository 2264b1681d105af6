//! Requests of an operation: as the document wants them, and spoilt in one way.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::fitting::{Fitting, unless_left_out};
use super::operation::Operation;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query, escaped.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    /// None for an operation that takes no body.
    pub(super) body: Option<Vec<u8>>,
    /// Whether all of it is as the document wants it.
    pub(super) fits: bool,
}

/// What is wrong with a request.
#[derive(Clone, Debug)]
enum Spoilt {
    /// Nothing.
    Not,
    /// Another method.
    Method(&'static str),
    /// A value of the path, the query or a header.
    Value(Index, String),
    /// One thing more in the query.
    Extra(String),
    /// The body is another kind of thing at one place.
    Body(Index, Value),
    /// The body lacks its end, or has bytes of no kind in it.
    Bytes(Index, Vec<u8>),
    /// The body is said to be something else.
    Media(&'static str),
}

fn spoilt() -> impl Strategy<Value = Spoilt> {
    let odd = prop_oneof![
        any::<String>(),
        Just(String::new()),
        Just("%".to_owned()),
        Just("-1".to_owned()),
        Just("9".repeat(400)),
        Just("\u{0}☃/../..".to_owned()),
    ];
    let kinds = select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!("x".repeat(300_000)),
        json!([]),
        json!([[[[[[[[]]]]]]]]),
        json!({}),
        json!({"": {"": null}}),
    ]);
    prop_oneof![
        4 => Just(Spoilt::Not),
        1 => select(vec!["PUT", "PATCH", "DELETE", "POST", "OPTIONS", "TRACE", "BREW"])
            .prop_map(Spoilt::Method),
        2 => (any::<Index>(), odd.clone()).prop_map(|(at, odd)| Spoilt::Value(at, odd)),
        1 => odd.prop_map(Spoilt::Extra),
        3 => (any::<Index>(), kinds).prop_map(|(at, kind)| Spoilt::Body(at, kind)),
        1 => (any::<Index>(), vec(any::<u8>(), 0..9)).prop_map(|(at, end)| Spoilt::Bytes(at, end)),
        1 => select(vec!["", "text/plain", "application/xml", "application/jsonx", ";", "\u{e9}"])
            .prop_map(Spoilt::Media),
    ]
}

/// The parts of a request that fits.
#[derive(Clone, Debug)]
struct Parts {
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

/// Requests of `operation`.
pub(super) fn asked(fitting: Fitting<'_>, operation: &Operation<'_>) -> BoxedStrategy<Asked> {
    let body = match operation.body() {
        Some(schema) => fitting.value("", schema).prop_map(Some).boxed(),
        None => Just(None).boxed(),
    };
    let parts = (
        values(fitting, operation, "path"),
        values(fitting, operation, "query"),
        values(fitting, operation, "header"),
        body,
    )
        .prop_map(|(path, query, headers, body)| Parts {
            path,
            query,
            headers,
            body,
        });
    let (method, path) = (operation.method.clone(), operation.path.to_owned());
    (parts, spoilt())
        .prop_map(move |(parts, spoilt)| whole(&method, &path, parts, spoilt))
        .boxed()
}

fn values(
    fitting: Fitting<'_>,
    operation: &Operation<'_>,
    place: &str,
) -> BoxedStrategy<Vec<(String, String)>> {
    let mut all: BoxedStrategy<Vec<(String, String)>> = Just(Vec::new()).boxed();
    for parameter in operation.parameters(place) {
        let name = parameter["name"].as_str().unwrap().to_owned();
        let value = fitting.value(&name, &parameter["schema"]);
        // What is not said is left out, not null.
        let value = value.prop_filter("said", |value| !value.is_null());
        let value = unless_left_out(parameter["required"] == true, value.boxed());
        all = (all, value)
            .prop_map(move |(mut all, value)| {
                let text = value.map(|value| match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                });
                all.extend(text.map(|text| (name.clone(), text)));
                all
            })
            .boxed();
    }
    all
}

fn whole(method: &str, path: &str, mut parts: Parts, spoilt: Spoilt) -> Asked {
    let mut method = method.to_owned();
    let mut media = "application/json";
    let mut fits = true;
    let mut bytes = None;
    match spoilt {
        Spoilt::Not => {}
        Spoilt::Method(other) => {
            fits = method == other;
            other.clone_into(&mut method);
        }
        Spoilt::Value(at, odd) => {
            let Parts {
                path,
                query,
                headers,
                ..
            } = &mut parts;
            let mut all: Vec<_> = path.iter_mut().chain(query).chain(headers).collect();
            if !all.is_empty() {
                fits = false;
                let at = at.index(all.len());
                all[at].1 = odd;
            }
        }
        // What the document does not name is refused, but where anybody may ask.
        Spoilt::Extra(odd) => {
            fits = false;
            parts.query.push(("extra".to_owned(), odd));
        }
        Spoilt::Body(at, kind) => {
            if let Some(body) = &mut parts.body {
                fits = false;
                put(body, at, kind);
            }
        }
        Spoilt::Bytes(at, end) => {
            if let Some(body) = &parts.body {
                fits = false;
                let mut whole = serde_json::to_vec(body).unwrap();
                whole.truncate(at.index(whole.len()));
                whole.extend(end);
                bytes = Some(whole);
            }
        }
        Spoilt::Media(other) => {
            fits = parts.body.is_none();
            media = other;
        }
    }
    let body = parts.body.map(|body| serde_json::to_vec(&body).unwrap());
    let mut headers = parts.headers;
    headers.push(("Content-Type".to_owned(), media.to_owned()));
    Asked {
        method,
        target: target(path, &parts.path, &parts.query),
        headers,
        body: bytes.or(body),
        fits,
    }
}

/// Puts `kind` in the place of one value of `body`.
fn put(body: &mut Value, at: Index, kind: Value) {
    let mut places = vec![String::new()];
    let mut next = 0;
    while let Some(place) = places.get(next).cloned() {
        next += 1;
        match body.pointer(&place) {
            Some(Value::Object(all)) => {
                let names = all
                    .keys()
                    .map(|name| name.replace('~', "~0").replace('/', "~1"));
                places.extend(names.map(|name| format!("{place}/{name}")));
            }
            Some(Value::Array(all)) => {
                places.extend((0..all.len()).map(|at| format!("{place}/{at}")));
            }
            _scalar => {}
        }
    }
    *body.pointer_mut(&places[at.index(places.len())]).unwrap() = kind;
}

fn target(path: &str, places: &[(String, String)], query: &[(String, String)]) -> String {
    let mut target = path.to_owned();
    for (name, value) in places {
        target = target.replace(&format!("{{{name}}}"), &escaped(value));
    }
    for (number, (name, value)) in query.iter().enumerate() {
        let mark = if number == 0 { '?' } else { '&' };
        write!(target, "{mark}{name}={}", escaped(value)).unwrap();
    }
    target
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            write!(all, "%{byte:02X}").unwrap();
        }
        all
    })
}
