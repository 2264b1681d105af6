//! JSON into the tree: JSON as its standard has it, without comments, single quotes or last commas.
//!
//! Two crates do it. `serde_json` decides what is JSON and says well what is not; `jsonc-parser`,
//! which only sees what passed, knows where things stand.

use jsonc_parser::ast::{Object, ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::any::{Parsed, duplicate, empty};
use super::place::Places;
use super::syntax::too_deep;
use crate::problem::{Problem, SYNTAX};
use crate::tree::{Entry, Kind, Node, Scalar, Span, Style, first_of_each};

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn parse(text: &str) -> Result<Parsed, Problem> {
    if text.trim().is_empty() {
        return Err(empty());
    }
    let places = Places::new(text);
    if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
        return Err(refused(text, &places, &error));
    }
    let collect = CollectOptions::default();
    let found = parse_to_ast(text, &collect, &STRICT).map_err(|error| {
        let range = error.range();
        let message = error.kind().to_string();
        Problem::at(SYNTAX, places.span(range.start..range.end), message)
    })?;
    let value = found.value.ok_or_else(empty)?;
    let mut builder = Builder {
        places,
        problems: Vec::new(),
    };
    let root = builder.node(&value, 0)?;
    Ok(Parsed {
        root,
        problems: builder.problems,
        warnings: Vec::new(),
    })
}

struct Builder<'t> {
    places: Places<'t>,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn node(&mut self, value: &Value<'_>, depth: usize) -> Result<Node, Problem> {
        let span = self.span(value);
        let kind = match value {
            Value::StringLit(text) => scalar(&text.value, Style::Quoted),
            Value::NumberLit(number) => scalar(number.value, Style::Literal),
            Value::BooleanLit(answer) => scalar(&answer.value.to_string(), Style::Literal),
            Value::NullKeyword(_) => scalar("null", Style::Literal),
            Value::Array(list) => {
                let mut items = Vec::new();
                self.places.spend(depth + 1, span)?;
                for element in &list.elements {
                    items.push(self.node(element, depth + 1)?);
                }
                return Ok(Node {
                    span,
                    kind: Kind::List(items),
                });
            }
            Value::Object(object) => {
                self.places.spend(depth + 1, span)?;
                let kind = Kind::Map(self.entries(object, depth + 1)?);
                return Ok(Node { span, kind });
            }
        };
        self.places.spend(depth, span)?;
        Ok(Node { span, kind })
    }

    fn entries(&mut self, object: &Object<'_>, depth: usize) -> Result<Vec<Entry>, Problem> {
        let mut entries = Vec::new();
        for property in &object.properties {
            let key = match &property.name {
                ObjectPropName::String(text) => text.value.to_string(),
                ObjectPropName::Word(word) => word.value.to_owned(),
            };
            entries.push(Entry {
                key,
                key_span: self.span(&property.name),
                value: self.node(&property.value, depth)?,
            });
        }
        Ok(first_of_each(entries, |later, earlier| {
            let found = duplicate(&later.key, later.key_span, earlier);
            self.problems.push(found);
        }))
    }

    fn span(&self, of: &impl Ranged) -> Span {
        let range = of.range();
        self.places.span(range.start..range.end)
    }
}

fn scalar(text: &str, style: Style) -> Kind {
    Kind::Scalar(Scalar {
        text: text.to_owned(),
        style,
    })
}

fn refused(text: &str, places: &Places<'_>, error: &serde_json::Error) -> Problem {
    let offset = places.offset(error.line(), error.column());
    let span = places.span(offset..offset + usize::from(offset < text.len()));
    let said = error.to_string();
    let message = said.split(" at line ").next().unwrap_or_default();
    if message.starts_with("recursion limit") {
        return too_deep(span);
    }
    let found = Problem::at(SYNTAX, span, format!("this is not JSON: {message}"));
    match hint(text.get(offset..).unwrap_or_default(), message) {
        Some(hint) => found.hint(hint),
        None => found,
    }
}

/// What to write instead of what begins `rest`.
fn hint(rest: &str, message: &str) -> Option<&'static str> {
    const COMMENT: &str = "JSON has no comments: YAML and TOML do";
    const QUOTES: &str = "a text and a key stand in double quotes: \"text\"";
    let words = match (message, rest.chars().next()) {
        (_, Some('#' | '/')) => COMMENT,
        (_, Some('\'')) => QUOTES,
        ("trailing comma", _) => "remove the comma before the closing bracket",
        ("key must be a string" | "expected value" | "expected ident", Some(c))
            if c.is_alphabetic() || matches!(c, '$' | '_' | '.') =>
        {
            QUOTES
        }
        ("invalid number", _) => "a number is written like 12 or 1.5; a text stands in quotes",
        ("trailing characters", _) => "one file holds one value: remove what comes after it",
        (message, _) if message.starts_with("control character") => {
            "write \\n for a line break and \\t for a tab"
        }
        (message, _) if message.starts_with("EOF while parsing a string") => {
            "a quote is not closed"
        }
        (message, _) if message.starts_with("EOF while parsing") => "a `{` or `[` is not closed",
        (message, _) if message.starts_with("expected `,`") => "a comma stands between two entries",
        _ => return None,
    };
    Some(words)
}
