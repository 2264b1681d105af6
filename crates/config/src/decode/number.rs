//! Counts, durations and shares.

use serde_json::{Value, json};
use windlass_model::{InvalidDuration, Millis, Percent};

use crate::field::{Defs, Shape};
use crate::problem::{DURATION, DURATION_TOO_LONG, NO_TIME, NUMBER, ODD_NUMBER, SHARE};
use crate::reader::{Reader, shown};
use crate::tree::{Core, Kind, Node, Scalar};

/// A whole number from `MIN` to `MAX`.
pub(crate) struct Count<const MIN: u16, const MAX: u16>;

impl<const MIN: u16, const MAX: u16> Shape for Count<MIN, MAX> {
    type Value = u16;

    const EXAMPLES: &'static [&'static str] = &["2"];

    fn wanted() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<u16> {
        let scalar = scalar(node, &Self::wanted(), reader)?;
        let number = decimal(scalar).and_then(|number| u16::try_from(number).ok());
        if let Some(number) = number.filter(|number| (MIN..=MAX).contains(number)) {
            return Some(number);
        }
        let message = format!(
            "expected {}, found `{}`",
            Self::wanted(),
            shown(&scalar.text)
        );
        if let Some(meant) =
            odd(scalar).filter(|meant| (f64::from(MIN)..=f64::from(MAX)).contains(meant))
        {
            refuse_odd(node, meant, reader);
            return None;
        }
        let plain = scalar.text.replace('_', "");
        let is_number = plain.parse::<u64>().is_ok();
        if is_number && plain != scalar.text {
            let hint = format!("digits are not grouped: write {}", shown(&plain));
            reader.refuse_for(NUMBER, node.span, message, hint);
        } else if is_number && scalar.core() == Core::Text {
            let hint = format!("write it without quotes: {}", shown(&plain));
            reader.refuse_for(NUMBER, node.span, message, hint);
        } else {
            reader.refuse(NUMBER, node.span, message);
        }
        None
    }
}

fn scalar<'n>(node: &'n Node, wanted: &str, reader: &mut Reader<'_>) -> Option<&'n Scalar> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.core() != Core::Null => Some(scalar),
        Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => {
            reader.wrong_kind(node, wanted);
            None
        }
    }
}

/// The value of an unquoted decimal number.
fn decimal(scalar: &Scalar) -> Option<u64> {
    if scalar.core() != Core::Integer {
        return None;
    }
    // A leading zero would be octal elsewhere, and 0x… means nothing to most people.
    let plain = scalar.text == "0" || !scalar.text.starts_with(['0', '+', '-']);
    scalar.text.parse().ok().filter(|_| plain)
}

/// The whole number that a JSON Schema sees in what is not written as one: `012`, `+4`, `2.0`.
fn odd(scalar: &Scalar) -> Option<f64> {
    scalar
        .number()
        .filter(|number| number.fract() == 0.0 && decimal(scalar).is_none())
}

fn refuse_odd(node: &Node, meant: f64, reader: &mut Reader<'_>) {
    let message = "not every reader takes this for the same number";
    reader.refuse_for(ODD_NUMBER, node.span, message, format!("write {meant}"));
}

/// A duration; `0` needs no unit.
pub(crate) struct Time;

/// A duration that is not zero.
pub(crate) struct SomeTime;

impl Shape for Time {
    type Value = Millis;

    const EXAMPLES: &'static [&'static str] = &["30s", "500ms", "1m30s", "2h"];

    fn wanted() -> String {
        "a duration, such as 500ms, 30s, 1m30s, 2h or 1d".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        let units = "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";
        json!({ "anyOf": [{ "type": "string", "pattern": units }, { "const": 0 }] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Millis> {
        let scalar = scalar(node, &Self::wanted(), reader)?;
        let span = node.span;
        let text = scalar.text.as_str();
        // A number with its unit missing is no text, and "0" in quotes is.
        if scalar.core() == Core::Integer && text == "0" {
            return Some(Millis::ZERO);
        }
        if let Some(zero) = odd(scalar).filter(|number| *number == 0.0) {
            refuse_odd(node, zero.abs(), reader);
            return None;
        }
        let message = match Millis::parse(text) {
            Ok(time) if scalar.core() == Core::Text && text != "0" => return Some(time),
            Err(InvalidDuration::TooLong) if text.ends_with(char::is_alphabetic) => {
                reader.refuse(DURATION_TOO_LONG, span, "a duration is at most 366d");
                return None;
            }
            Ok(_) | Err(_) => format!("`{}` is not a duration", shown(text)),
        };
        let hint = match meant(text) {
            Some(time) => {
                let why = if all_digits(text) {
                    "a duration carries a unit: "
                } else {
                    ""
                };
                format!("{why}write {}", reader.format.text(&shown(&time)))
            }
            None => format!("write {}", Self::wanted()),
        };
        reader.refuse_for(DURATION, span, message, hint);
        None
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

/// What people write for a unit, or between one and its number; a longer spelling before a shorter.
const SPELLED: [(&str, &str); 14] = [
    (" ", ""),
    ("seconds", "s"),
    ("second", "s"),
    ("secs", "s"),
    ("sec", "s"),
    ("minutes", "m"),
    ("minute", "m"),
    ("mins", "m"),
    ("min", "m"),
    ("hours", "h"),
    ("hour", "h"),
    ("hrs", "h"),
    ("days", "d"),
    ("day", "d"),
];

/// The duration that was probably meant: `30` is 30s, `1_000ms` 1000ms, `1:30` 1m30s.
pub(super) fn meant(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    if let Ok(number) = plain.parse::<u64>() {
        return Some(format!("{number}s"));
    }
    if let Some((minutes, seconds)) = plain.split_once(':')
        && all_digits(minutes)
        && all_digits(seconds)
        && seconds.len() == 2
    {
        let part = |digits: &str, unit: &str| match digits.trim_start_matches('0') {
            "" => String::new(),
            digits => format!("{digits}{unit}"),
        };
        let time = format!("{}{}", part(minutes, "m"), part(seconds, "s"));
        return Some(time).filter(|time| !time.is_empty());
    }
    let short = |text: String, (long, unit): &(&str, &str)| text.replace(long, unit);
    let better = SPELLED.iter().fold(plain.to_lowercase(), short);
    (Millis::parse(&better).is_ok() && better != text).then_some(better)
}

impl Shape for SomeTime {
    type Value = Millis;

    const EXAMPLES: &'static [&'static str] = Time::EXAMPLES;

    fn wanted() -> String {
        Time::wanted()
    }

    fn schema(defs: &mut Defs) -> Value {
        Time::schema(defs)
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Millis> {
        let time = Time::decode(node, reader)?;
        if time == Millis::ZERO {
            reader.refuse(NO_TIME, node.span, "this duration must be more than zero");
            return None;
        }
        Some(time)
    }
}

/// A share of the traffic: `5%` or `5`.
pub(crate) struct Share;

impl Shape for Share {
    type Value = Percent;

    const EXAMPLES: &'static [&'static str] = &["5%", "25"];

    fn wanted() -> String {
        "a share from 1% to 100%".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 100 },
            { "type": "string", "pattern": "^([1-9][0-9]?|100)%$" },
        ] })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<Percent> {
        let scalar = scalar(node, &Self::wanted(), reader)?;
        let number = match scalar.core() {
            Core::Integer => decimal(scalar),
            Core::Text => scalar.text.strip_suffix('%').and_then(plain_decimal),
            Core::Null | Core::Bool(_) | Core::Number => None,
        };
        if let Some(meant) = odd(scalar).filter(|meant| (1.0..=100.0).contains(meant)) {
            refuse_odd(node, meant, reader);
            return None;
        }
        let share = number
            .filter(|share| *share > 0)
            .and_then(|share| Percent::new(share).ok());
        if share.is_none() {
            let message = format!("`{}` is not a share of the traffic", shown(&scalar.text));
            let hint = "write a whole number from 1% to 100%, as in `to: 5%`";
            reader.refuse_for(SHARE, node.span, message, hint);
        }
        share
    }
}

fn plain_decimal(text: &str) -> Option<u64> {
    let plain = text.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    text.parse().ok().filter(|_| plain)
}
