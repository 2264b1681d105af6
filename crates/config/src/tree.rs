//! The file as one tree in which everything knows its place.

use std::collections::BTreeMap;

/// A place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Byte offset from the start of the file.
    pub offset: usize,
    /// Length in bytes.
    pub length: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// A scalar's or flow collection's own place; the key's place for a block collection.
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A text as it is written, quotes and escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Not at all: `key:` and nothing.
    Absent,
    /// Without quotes, so that it may be a number or a yes and no.
    Plain,
    /// In quotes or as a block: always a text.
    Quoted,
    /// In TOML and JSON without quotes: never a text.
    Literal,
}

/// One key of a map with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// What a scalar is by the core rules of YAML 1.2, and so what a JSON Schema sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Core {
    Null,
    Bool(bool),
    Integer,
    Number,
    Text,
}

impl Scalar {
    pub(crate) fn core(&self) -> Core {
        match self.style {
            Style::Absent => Core::Null,
            Style::Quoted => Core::Text,
            Style::Plain => core_of(&self.text),
            Style::Literal => match core_of(&self.text) {
                // `inf` and `nan` of TOML.
                Core::Text => Core::Number,
                other => other,
            },
        }
    }

    /// The value of what a JSON Schema sees as a number.
    pub(crate) fn number(&self) -> Option<f64> {
        let text = self.text.as_str();
        if !matches!(self.core(), Core::Integer | Core::Number) {
            return None;
        }
        let radix = |digits: &str, radix: u32| {
            digits.chars().try_fold(0.0, |sum, digit| {
                Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?))
            })
        };
        let number = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
            (Some(hex), _) => radix(hex, 16),
            (_, Some(octal)) => radix(octal, 8),
            (None, None) => text.parse().ok(),
        };
        number.filter(|number: &f64| number.is_finite())
    }
}

fn core_of(text: &str) -> Core {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Core::Null,
        "true" | "True" | "TRUE" => return Core::Bool(true),
        "false" | "False" | "FALSE" => return Core::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Core::Number,
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Core::Number;
    }
    let digits = |t: &str, fine: fn(char) -> bool| !t.is_empty() && t.chars().all(fine);
    if digits(unsigned, |c| c.is_ascii_digit())
        || text
            .strip_prefix("0x")
            .is_some_and(|t| digits(t, |c| c.is_ascii_hexdigit()))
        || text
            .strip_prefix("0o")
            .is_some_and(|t| digits(t, |c| matches!(c, '0'..='7')))
    {
        return Core::Integer;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let whole_exponent = exponent.is_none_or(|e| {
        digits(e.strip_prefix(['-', '+']).unwrap_or(e), |c| {
            c.is_ascii_digit()
        })
    });
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some = !before.is_empty() || !after.is_empty();
    let number = format!("{before}{after}");
    if some && whole_exponent && digits(&number, |c| c.is_ascii_digit()) {
        Core::Number
    } else {
        Core::Text
    }
}

impl Node {
    /// Whether a reader that knows no places and no order of keys takes both for the same value.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Scalar(one), Kind::Scalar(two)) => {
                one.core() == two.core() && one.text == two.text
            }
            (Kind::List(one), Kind::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(a, b)| a.says_the_same(b))
            }
            (Kind::Map(one), Kind::Map(two)) => {
                let same = |a: &Entry| {
                    other
                        .entry(&a.key)
                        .is_some_and(|b| a.value.says_the_same(&b.value))
                };
                one.len() == two.len() && one.iter().all(same)
            }
            (Kind::Scalar(_) | Kind::List(_) | Kind::Map(_), _) => false,
        }
    }

    /// The entry of `key`, if this is a map that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value at a dotted path of keys.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.')
            .try_fold(self, |node, key| node.entry(key).map(|entry| &entry.value))
    }

    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar(_) | Kind::List(_) => &[],
        }
    }

    /// Whether nothing is written here.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.style == Style::Absent)
    }

    /// Whether this is nothing, `null` or `~`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(scalar) if scalar.core() == Core::Null)
    }

    /// A map with nothing of its own, placed at `span`.
    pub(crate) fn map_at(span: Span, entries: Vec<Entry>) -> Self {
        Self {
            span,
            kind: Kind::Map(entries),
        }
    }

    /// What it is, with its article, for a message.
    pub(crate) fn noun(&self) -> &'static str {
        match &self.kind {
            Kind::Map(_) => "a map",
            Kind::List(_) => "a list",
            Kind::Scalar(scalar) => match scalar.core() {
                Core::Null => "nothing",
                Core::Bool(true) => "the value true",
                Core::Bool(false) => "the value false",
                Core::Integer | Core::Number => "a number",
                Core::Text => "a text",
            },
        }
    }
}

/// The first entry of each key; `repeated` hears of every later one and of the first one's place.
pub(crate) fn first_of_each(
    entries: Vec<Entry>,
    mut repeated: impl FnMut(&Entry, Span),
) -> Vec<Entry> {
    let mut first: BTreeMap<String, Span> = BTreeMap::new();
    let mut kept = Vec::new();
    for entry in entries {
        if let Some(earlier) = first.get(&entry.key) {
            repeated(&entry, *earlier);
        } else {
            first.insert(entry.key.clone(), entry.key_span);
            kept.push(entry);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Core {
        Scalar {
            text: text.to_owned(),
            style: Style::Plain,
        }
        .core()
    }

    #[test]
    fn plain_scalars_follow_the_core_rules_of_yaml_1_2() {
        for text in [
            "no", "yes", "on", "1_000", "1.2.3", "5%", "30s", "0b1", "1e", ".", "-", "x",
        ] {
            assert_eq!(plain(text), Core::Text, "{text}");
        }
        for text in ["1", "012", "-3", "+4", "0x1F", "0o17"] {
            assert_eq!(plain(text), Core::Integer, "{text}");
        }
        for text in ["1.5", "1e3", ".5", "5.", "-.inf", ".nan", "1.5e-3"] {
            assert_eq!(plain(text), Core::Number, "{text}");
        }
        assert_eq!(plain("True"), Core::Bool(true));
        assert_eq!(plain("~"), Core::Null);
    }

    #[test]
    fn a_quoted_number_is_a_text() {
        let scalar = Scalar {
            text: "1".to_owned(),
            style: Style::Quoted,
        };
        assert_eq!(scalar.core(), Core::Text);
    }
}
