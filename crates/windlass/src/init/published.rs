//! The ports of a Compose service: one is where it is served, the rest is told.

use serde_json::Value;

use super::places::filled;

/// Where requests come to a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Published {
    /// The port of this machine.
    pub(super) outer: Option<u16>,
    /// What the container listens on.
    pub(super) inner: Option<u16>,
    pub(super) notes: Vec<String>,
}

/// The first port that can be one of a router, and words about the others.
pub(super) fn published(service: &Value) -> Published {
    let ports = service.get("ports").and_then(Value::as_array);
    let mut found = Published::default();
    for said in ports.into_iter().flatten().map(Said::of) {
        let usable = said.is_tcp && (said.outer.is_some() || said.inner.is_some());
        if usable && found.outer.is_none() && found.inner.is_none() {
            found.outer = said.outer;
            found.inner = said.inner;
            if said.is_range {
                found.notes.push(format!(
                    "`listen` is one port, the first of its range: {}",
                    said.text
                ));
            }
        } else {
            let note = format!("Also published there, and not here: {}", said.text);
            found.notes.push(note);
        }
    }
    found
}

/// One entry of `ports`.
struct Said {
    text: String,
    outer: Option<u16>,
    inner: Option<u16>,
    is_range: bool,
    is_tcp: bool,
}

impl Said {
    fn of(entry: &Value) -> Self {
        let plain = |value: &Value| match value {
            Value::String(text) => filled(text).text,
            other => other.to_string(),
        };
        let part = |key: &str| entry.get(key).map(plain).unwrap_or_default();
        let (text, protocol, outer, inner) = if entry.is_object() {
            let (outer, inner) = (part("published"), part("target"));
            (format!("{outer}:{inner}"), part("protocol"), outer, inner)
        } else {
            let text = plain(entry);
            let (ports, protocol) = text.split_once('/').unwrap_or((&text, ""));
            let mut parts = ports.rsplit(':');
            let inner = parts.next().unwrap_or_default().to_owned();
            let outer = parts.next().unwrap_or_default().to_owned();
            (text.clone(), protocol.to_owned(), outer, inner)
        };
        Self {
            is_range: outer.contains('-') || inner.contains('-'),
            is_tcp: matches!(protocol.as_str(), "" | "tcp"),
            outer: first(&outer),
            inner: first(&inner),
            text,
        }
    }
}

fn first(ports: &str) -> Option<u16> {
    ports.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_port_is_where_it_is_served() {
        let both = |outer, inner| (Some(outer), Some(inner));
        for (given, wanted) in [
            (json!("8000:80"), both(8000, 80)),
            (json!("127.0.0.1:8000:80/tcp"), both(8000, 80)),
            (json!("[::1]:8000:80"), both(8000, 80)),
            (json!("${WEB:-8000}:80"), both(8000, 80)),
            (json!("3000-3002:3000-3002"), both(3000, 3000)),
            (json!({"published": "8000", "target": 80}), both(8000, 80)),
            (json!("3000"), (None, Some(3000))),
            (json!(3000), (None, Some(3000))),
            (json!("53:53/udp"), (None, None)),
        ] {
            let found = published(&json!({ "ports": [given] }));
            assert_eq!((found.outer, found.inner), wanted, "{found:?}");
        }
    }

    #[test]
    fn what_one_address_can_not_say_is_told() {
        let found = published(&json!({ "ports": ["80-82:80-82", "53:53/udp", "9000:9000"] }));
        insta::assert_snapshot!(found.notes.join("\n"), @r"
        `listen` is one port, the first of its range: 80-82:80-82
        Also published there, and not here: 53:53/udp
        Also published there, and not here: 9000:9000
        ");
    }
}
