//! Numbers of bytes.

use serde_json::{Value, json};

use crate::field::{Defs, Shape};
use crate::format::Format;
use crate::problem::SIZE;
use crate::reader::{Reader, shown};
use crate::tree::{Kind, Node};

/// A number of bytes with its unit, such as `10M`: 1K is 1024. Not zero.
pub(crate) struct Size;

/// Units, and how many times 1024 each is.
const UNITS: [(char, u32); 4] = [('B', 0), ('K', 1), ('M', 2), ('G', 3)];
/// Most digits before one.
const DIGITS: usize = 6;

fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    let fits = (1..=DIGITS).contains(&digits.len());
    let (_, power) = UNITS.iter().find(|(name, _)| unit.starts_with(*name))?;
    let number: u64 = digits.parse().ok().filter(|_| plain && fits)?;
    number.checked_mul(1024u64.pow(*power))
}

/// What to write in the place of a number without its unit. One too long for any is a number of bytes: the largest
/// unit that says all of them.
fn with_unit(text: &str, format: Format) -> Option<String> {
    let number: u64 = text.parse().ok().filter(|number| *number > 0)?;
    let exact = UNITS.iter().rev().find_map(|(name, power)| {
        let unit = 1024u64.pow(*power);
        let better = format!("{}{name}", number / unit);
        (number.is_multiple_of(unit) && bytes(&better).is_some()).then_some(better)
    });
    if number.to_string().len() > DIGITS {
        return exact.map(|better| format!("write {}", format.text(&better)));
    }
    let [mebi, kibi, bytes] = ["M", "K", "B"].map(|unit| format.text(&format!("{number}{unit}")));
    Some(format!("say the unit: {mebi}, {kibi} or {bytes}"))
}

/// What was probably meant: `10 MB`, `10MiB` and `10m` are 10M.
fn meant(text: &str) -> Option<String> {
    let upper = text.replace([' ', '_'], "").to_uppercase();
    let upper = upper.strip_suffix("IB").or_else(|| {
        let shorter = upper.strip_suffix('B')?;
        shorter.ends_with(char::is_alphabetic).then_some(shorter)
    });
    let better = upper.map_or_else(
        || text.replace([' ', '_'], "").to_uppercase(),
        str::to_owned,
    );
    bytes(&better).map(|_| better)
}

impl Shape for Size {
    type Value = u64;

    const EXAMPLES: &'static [&'static str] = &["10M", "64K"];

    fn wanted() -> String {
        "a number of bytes, such as 64K or 10M".to_owned()
    }

    fn schema(_: &mut Defs) -> Value {
        json!({ "type": "string", "pattern": format!("^[1-9][0-9]{{0,{}}}[BKMG]$", DIGITS - 1) })
    }

    fn decode(node: &Node, reader: &mut Reader<'_>) -> Option<u64> {
        // A number without its unit is no text, and has a hint of its own.
        let text = match &node.kind {
            Kind::Scalar(scalar) => scalar.text.as_str(),
            Kind::List(_) | Kind::Map(_) => reader.text(node, &Self::wanted())?,
        };
        if let Some(bytes) = bytes(text) {
            return Some(bytes);
        }
        let message = format!("`{}` is not a number of bytes", shown(text));
        let better = meant(text).map(|better| reader.format.text(&shown(&better)));
        let better = better.map(|better| format!("write {better}"));
        let hint = match better.or_else(|| with_unit(text, reader.format)) {
            Some(hint) => hint,
            None => format!("write {}; 1K is 1024", Self::wanted()),
        };
        reader.refuse_for(SIZE, node.span, message, hint);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_one_way_to_be_written() {
        assert_eq!(bytes("1B"), Some(1));
        assert_eq!(bytes("10M"), Some(10 * 1024 * 1024));
        assert_eq!(bytes("999999G"), Some(999_999 * 1024 * 1024 * 1024));
        for bad in [
            "", "M", "0M", "01K", "1", "1k", "1KB", "1 K", "1000000B", "-1K", "1ü",
        ] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_people_write_has_a_hint() {
        for (written, better) in [
            ("10MB", "10M"),
            ("10 MiB", "10M"),
            ("10m", "10M"),
            ("64kb", "64K"),
        ] {
            assert_eq!(meant(written).as_deref(), Some(better));
        }
        assert_eq!(meant("much"), None);
    }

    #[test]
    fn a_number_without_its_unit_is_asked_for_it() {
        for (written, hint) in [
            ("512", "say the unit: 512M, 512K or 512B"),
            ("536870912", "write 512M"),
            ("1048577", "nothing"),
            ("much", "nothing"),
            ("0", "nothing"),
        ] {
            let said = with_unit(written, Format::Yaml);
            assert_eq!(said.as_deref().unwrap_or("nothing"), hint, "{written}");
        }
    }
}
