//! Lists and maps of one kind of value.

use std::marker::PhantomData;

use serde_json::{Value, json};

use crate::field::{At, Defs, Shape};
use crate::problem::{COUNT, WRONG_KIND};
use crate::reader::Reader;
use crate::tree::{Kind, Node, Scalar, Style};

/// A list of `MIN` to `MAX` values of one shape.
pub(crate) struct ListOf<S, const MIN: usize, const MAX: usize>(PhantomData<S>);

impl<S: Shape, const MIN: usize, const MAX: usize> Shape for ListOf<S, MIN, MAX> {
    type Value = Vec<At<S::Value>>;

    fn wanted() -> String {
        "a list".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({ "type": "array", "items": S::schema(defs), "minItems": MIN, "maxItems": MAX })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let (values, is_whole) = readable::<S>(node, (MIN, MAX), reader)?;
        is_whole.then_some(values)
    }
}

/// A list whose entries say nothing of each other: what can't be read is left out, so that the rest can still be
/// looked at.
pub(crate) struct EachOf<S, const MIN: usize, const MAX: usize>(PhantomData<S>);

impl<S: Shape, const MIN: usize, const MAX: usize> Shape for EachOf<S, MIN, MAX> {
    type Value = Vec<At<S::Value>>;

    fn wanted() -> String {
        ListOf::<S, MIN, MAX>::wanted()
    }

    fn schema(defs: &mut Defs) -> Value {
        ListOf::<S, MIN, MAX>::schema(defs)
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let (values, is_whole) = readable::<S>(node, (MIN, MAX), reader)?;
        (is_whole || !values.is_empty()).then_some(values)
    }
}

/// The entries of a list that could be read, and whether that is all of as many as there may be.
fn readable<S: Shape>(
    node: &Node,
    (min, max): (usize, usize),
    reader: &mut Reader<'_>,
) -> Option<(Vec<At<S::Value>>, bool)> {
    let items = reader.list(node, &ListOf::<S, 0, 0>::wanted())?;
    let fits = counted(items.len(), min, max, node, reader);
    let mut values = Vec::new();
    for item in items.iter().take(max) {
        if let Some(value) = S::decode(item, reader) {
            values.push(At {
                span: item.span,
                value,
            });
        }
    }
    let is_whole = fits && values.len() == items.len();
    Some((values, is_whole))
}

/// A map of `MIN` to `MAX` entries, whose keys have one shape and whose values another.
pub(crate) struct MapOf<K, V, const MIN: usize, const MAX: usize>(PhantomData<(K, V)>);

/// Entries that could be read, in the order of the file.
pub(crate) type Entries<K, V> = Vec<(At<K>, At<V>)>;

impl<K: Shape, V: Shape, const MIN: usize, const MAX: usize> Shape for MapOf<K, V, MIN, MAX> {
    type Value = Entries<K::Value, V::Value>;

    fn wanted() -> String {
        "a map".to_owned()
    }

    fn schema(defs: &mut Defs) -> Value {
        json!({
            "type": "object",
            "propertyNames": K::schema(defs),
            "additionalProperties": V::schema(defs),
            "minProperties": MIN,
            "maxProperties": MAX,
        })
    }

    /// What can't be read is left out, so that the rest can still be looked at.
    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        if matches!(node.kind, Kind::List(_)) {
            let message = format!("expected {}, found a list", Self::wanted());
            let hint = format!("write each entry as `{} …`", reader.format.key("NAME"));
            reader.refuse_for(WRONG_KIND, node.span, message, hint);
            return None;
        }
        let entries = reader.map(node, &Self::wanted())?;
        counted(entries.len(), MIN, MAX, node, reader);
        let mut values = Vec::new();
        for entry in entries.iter().take(MAX) {
            // In JSON, and so in the schema, every key is a text.
            let scalar = Scalar {
                text: entry.key.clone(),
                style: Style::Quoted,
            };
            let key = Node {
                span: entry.key_span,
                kind: Kind::Scalar(scalar),
            };
            let key = K::decode(&key, reader).map(|value| At {
                span: entry.key_span,
                value,
            });
            let value = if entry.value.is_absent() && !V::MAY_BE_EMPTY {
                reader.empty(entry.key_span, &V::wanted());
                None
            } else {
                V::decode(&entry.value, reader).map(|value| At {
                    span: entry.value.span,
                    value,
                })
            };
            values.extend(key.zip(value));
        }
        Some(values)
    }
}

fn counted(count: usize, min: usize, max: usize, node: &Node, reader: &mut Reader<'_>) -> bool {
    if (1..min).contains(&count) {
        let message = format!("fewer entries than {min}");
        reader.refuse(COUNT, node.span, message);
    } else if count < min {
        let message = format!("{} with nothing in it", node.noun());
        reader.refuse_for(COUNT, node.span, message, "add an entry, or remove the key");
    } else if count > max {
        reader.refuse(COUNT, node.span, format!("{count} entries; at most {max}"));
    }
    (min..=max).contains(&count)
}
