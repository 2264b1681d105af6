//! What a service says of itself and of what it rests on.
//!
//! There is no one form: Spring's actuator has `components`, the health format of the IETF draft `checks`
//! with lists, ASP.NET `entries`, and most people something of their own. All of them say a word for each
//! part, and the words are few. A word that is not known says nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::found::{Unreadable, short, shown};
use crate::limit::{MAX_HEALTH_BYTES, MAX_PARTS};

/// What one part is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Whether it does its work; what is only degraded does.
    pub good: bool,
    /// The word that says so: one line, nothing that a terminal obeys.
    pub word: String,
}

/// What a service says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Of all of it; none where it does not say.
    pub whole: Option<Sign>,
    /// Of its parts, by name.
    pub parts: BTreeMap<String, Sign>,
}

/// Keys under which a word for the whole of something stands.
const WORDS: [&str; 4] = ["status", "state", "healthy", "ok"];

/// Keys under which parts stand.
const PARTS: [&str; 7] = [
    "checks",
    "components",
    "details",
    "services",
    "dependencies",
    "entries",
    "results",
];

/// Words of what does its work.
const GOOD: [&str; 15] = [
    "ok",
    "up",
    "pass",
    "passed",
    "passing",
    "healthy",
    "good",
    "ready",
    "running",
    "connected",
    "available",
    "warn",
    "warning",
    "degraded",
    "green",
];

/// Words of what does not.
const BAD: [&str; 14] = [
    "down",
    "fail",
    "failed",
    "failing",
    "failure",
    "error",
    "critical",
    "unhealthy",
    "bad",
    "unavailable",
    "disconnected",
    "out_of_service",
    "offline",
    "red",
];

/// What a body of JSON says.
///
/// # Errors
/// What is no JSON, no object, or too long.
pub fn health(bytes: &[u8]) -> Result<Health, Unreadable> {
    short(bytes, MAX_HEALTH_BYTES)?;
    let whole: Value = serde_json::from_slice(bytes).map_err(|why| Unreadable::json(&why))?;
    let Value::Object(whole) = whole else {
        return Err(Unreadable::whole("it is no object"));
    };
    let mut parts = BTreeMap::new();
    for (name, value) in &whole {
        if PARTS.contains(&name.as_str()) {
            gather(value, &mut parts);
        } else if !WORDS.contains(&name.as_str()) {
            // `{ "database": { "status": "ok" } }`
            keep(name, sign(value), &mut parts);
        }
    }
    Ok(Health {
        whole: of_object(&whole),
        parts,
    })
}

/// The parts of a map by name, or of a list of objects that have one.
fn gather(parts: &Value, found: &mut BTreeMap<String, Sign>) {
    match parts {
        Value::Object(parts) => {
            for (name, part) in parts {
                keep(name, sign(part), found);
            }
        }
        Value::Array(parts) => {
            for part in parts {
                if let Some(name) = part.get("name").and_then(Value::as_str) {
                    keep(name, sign(part), found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A name that comes twice is as bad as the worse of both.
fn keep(name: &str, sign: Option<Sign>, found: &mut BTreeMap<String, Sign>) {
    let Some(sign) = sign else { return };
    let known = found.get(name);
    if known.is_some_and(|known| !known.good) || (known.is_none() && found.len() >= MAX_PARTS) {
        return;
    }
    found.insert(name.to_owned(), sign);
}

fn sign(value: &Value) -> Option<Sign> {
    match value {
        Value::String(word) => of_word(word),
        Value::Bool(good) => Some(Sign {
            good: *good,
            word: good.to_string(),
        }),
        Value::Object(part) => of_object(part),
        // Several of one part: each has to do its work.
        Value::Array(each) => {
            let signs: Vec<Sign> = each.iter().filter_map(sign).collect();
            let bad = signs.iter().find(|sign| !sign.good);
            bad.or(signs.first()).cloned()
        }
        Value::Null | Value::Number(_) => None,
    }
}

fn of_object(object: &Map<String, Value>) -> Option<Sign> {
    let values = WORDS.iter().filter_map(|word| object.get(*word));
    values
        .filter(|value| value.is_string() || value.is_boolean())
        .find_map(sign)
}

fn of_word(word: &str) -> Option<Sign> {
    let plain = word.trim().to_lowercase().replace([' ', '-'], "_");
    let good = GOOD.contains(&plain.as_str());
    (good || BAD.contains(&plain.as_str())).then(|| Sign {
        good,
        word: shown(word),
    })
}
