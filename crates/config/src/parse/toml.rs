//! TOML into the tree.
//!
//! A header, a dotted key and braces make the same map. What is in the file once is in the tree
//! once, in the order of the file.

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::any::{Parsed, empty};
use super::place::Places;
use super::syntax::{line_at, too_deep};
use crate::problem::{DATE, DUPLICATE_KEY, Problem, SYNTAX};
use crate::reader::shown;
use crate::tree::{Entry, Kind, Node, Scalar, Span, Style};

pub(super) fn parse(text: &str) -> Result<Parsed, Problem> {
    let places = Places::new(text);
    let table = DeTable::parse(text).map_err(|error| refused(text, &places, &error))?;
    if table.get_ref().is_empty() {
        return Err(empty());
    }
    let mut builder = Builder {
        text,
        places,
        problems: Vec::new(),
    };
    let entries = builder.entries(table.get_ref(), 1)?;
    let span = entries.first().map(|entry| entry.key_span);
    Ok(Parsed {
        root: Node::map_at(span.unwrap_or_default(), entries),
        problems: builder.problems,
        warnings: Vec::new(),
    })
}

struct Builder<'t> {
    text: &'t str,
    places: Places<'t>,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn entries(&mut self, table: &DeTable<'_>, depth: usize) -> Result<Vec<Entry>, Problem> {
        let mut entries = Vec::new();
        for (key, value) in table {
            let key_span = self.places.span(key.span());
            entries.push(Entry {
                key: key.get_ref().to_string(),
                key_span,
                value: self.node(value, Some(key_span), depth)?,
            });
        }
        entries.sort_by_key(|entry| entry.key_span);
        Ok(entries)
    }

    /// `key` is the place of the key that has the value.
    fn node(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        key: Option<Span>,
        depth: usize,
    ) -> Result<Node, Problem> {
        let span = self.places.span(value.span());
        let (text, style) = match value.get_ref() {
            DeValue::String(text) => (text.to_string(), Style::Quoted),
            DeValue::Integer(number) => (decimal(number), Style::Literal),
            DeValue::Float(number) => (number.as_str().to_owned(), Style::Literal),
            DeValue::Boolean(answer) => (answer.to_string(), Style::Literal),
            DeValue::Datetime(date) => {
                let message = "a date or a time of day has no meaning here";
                let hint = format!("if it is meant as a text, quote it: \"{date}\"");
                self.problems
                    .push(Problem::at(DATE, span, message).hint(hint));
                (date.to_string(), Style::Quoted)
            }
            DeValue::Array(list) => {
                self.places.spend(depth + 1, span)?;
                let mut items = Vec::new();
                for item in list {
                    items.push(self.node(item, None, depth + 1)?);
                }
                return Ok(Node {
                    span,
                    kind: Kind::List(items),
                });
            }
            DeValue::Table(table) => {
                self.places.spend(depth + 1, span)?;
                let in_braces = self
                    .text
                    .get(span.offset..)
                    .is_some_and(|at| at.starts_with('{'));
                let span = if in_braces { span } else { key.unwrap_or(span) };
                return Ok(Node::map_at(span, self.entries(table, depth + 1)?));
            }
        };
        self.places.spend(depth, span)?;
        Ok(Node {
            span,
            kind: Kind::Scalar(Scalar { text, style }),
        })
    }
}

/// Hexadecimal, octal, binary and grouped digits are the same number to every reader of TOML.
fn decimal(number: &DeInteger<'_>) -> String {
    let value = i128::from_str_radix(number.as_str(), number.radix());
    value.map_or_else(|_huge| number.to_string(), |value| value.to_string())
}

fn refused(text: &str, places: &Places<'_>, error: &toml::de::Error) -> Problem {
    let range = error.span().unwrap_or(text.len()..text.len());
    let span = places.span(range);
    let message = error.message();
    if message.contains("recurs") {
        return too_deep(span);
    }
    if message == "duplicate key" {
        let key = text.get(span.offset..span.offset + span.length);
        let message = format!("`{}` is given twice", shown(key.unwrap_or_default()));
        return Problem::at(DUPLICATE_KEY, span, message).hint("keep one of the two");
    }
    let line = line_at(text, span.offset);
    let valueless = line.trim_end().ends_with('=');
    let words = match message {
        _ if valueless => "there is no value after this `=`",
        message if message.starts_with("string values must be quoted") => {
            "this is no text, number, true or false"
        }
        message => message,
    };
    let found = Problem::at(SYNTAX, span, format!("this is not TOML: {words}"));
    match usual_hint(message)
        .map(str::to_owned)
        .or_else(|| hint(line))
    {
        Some(hint) => found.hint(hint),
        None => found,
    }
}

/// What leads here whatever stands in the line.
fn usual_hint(message: &str) -> Option<&'static str> {
    let begins = |with: &str| message.starts_with(with);
    if begins("invalid basic string") || begins("invalid literal string") {
        Some("a text ends with its quote in the same line; in three quotes it may have lines")
    } else if begins("missing comma between array elements") || begins("unclosed array") {
        Some("a comma is missing, or a `[` above is not closed")
    } else if begins("missing comma between key-value pairs") || begins("unclosed inline table") {
        Some("a comma is missing, or a `{` above is not closed")
    } else if begins("cannot extend value of type inline table") {
        Some("a map in braces is whole: put the key inside them")
    } else {
        None
    }
}

/// What to write in the place of `line`, if it is of a kind that people write.
fn hint(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with("//") {
        return Some("a comment begins with `#`".to_owned());
    }
    let (key, value) = match (line.split_once('='), line.split_once(':')) {
        (Some((key, value)), None) => (key, value),
        (Some((key, value)), Some((before, _))) if key.len() < before.len() => (key, value),
        (_, Some((key, value))) => {
            let key = key.trim_start_matches("- ").trim();
            return Some(if value.trim().is_empty() {
                format!(
                    "in TOML a map begins with a line of its own: [{}]",
                    shown(key)
                )
            } else {
                format!("in TOML a value comes after `=`: {} = …", shown(key))
            });
        }
        (None, None) => return None,
    };
    let value = value.trim();
    if value.is_empty() {
        return Some("write the value, or remove the key".to_owned());
    }
    let bare = value.split(" #").next().unwrap_or_default().trim();
    let texts = !bare.contains(['"', '\'', '[', '{', '\\']);
    texts.then(|| {
        format!(
            "a text stands in quotes: {} = \"{}\"",
            shown(key.trim()),
            shown(bare)
        )
    })
}
