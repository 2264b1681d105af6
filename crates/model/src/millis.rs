//! Durations, always written with a unit.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A duration in whole milliseconds: `500ms`, `30s`, `1m30s`, `2h`, `1d`. People read `10.1s` where it
/// travels as `10s100ms`, which is how a file writes it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Millis(u64);

/// Longest duration accepted: a year. A longer one is a typing error.
const LONGEST: u64 = 366 * 24 * 3_600_000;

/// Units from large to small, with their milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidDuration {
    /// A bare number; holds it, so that the answer can be "write 30s".
    NoUnit(u64),
    /// Over a year.
    TooLong,
    /// Anything else.
    Malformed,
}

impl fmt::Display for InvalidDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUnit(number) => write!(f, "a duration carries a unit: write {number}s"),
            Self::TooLong => f.write_str("a duration is at most 366d"),
            Self::Malformed => {
                f.write_str("a duration is numbers with units, such as 500ms, 30s, 1m30s, 2h or 1d")
            }
        }
    }
}

impl std::error::Error for InvalidDuration {}

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// So many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// The number of milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// As the standard library's duration.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// What is left after `spent`; never less than nothing.
    #[must_use]
    pub const fn less(self, spent: Self) -> Self {
        Self(self.0.saturating_sub(spent.0))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Reads `1m30s` and its like.
    ///
    /// # Errors
    /// [`InvalidDuration`] for a missing unit, an unknown one, units out of order, or over a year.
    pub fn parse(text: &str) -> Result<Self, InvalidDuration> {
        if let Ok(number) = text.parse::<u64>() {
            return if number == 0 {
                Ok(Self::ZERO)
            } else {
                Err(InvalidDuration::NoUnit(number))
            };
        }
        let mut rest = text;
        let mut total = 0u64;
        let mut smallest = u64::MAX;
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .ok_or(InvalidDuration::Malformed)?;
            let (number, tail) = rest.split_at(digits);
            let end = tail
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(end);
            let (_, factor) = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .ok_or(InvalidDuration::Malformed)?;
            if number.is_empty() || *factor >= smallest {
                return Err(InvalidDuration::Malformed);
            }
            smallest = *factor;
            let number: u64 = number
                .parse()
                .map_err(|_too_large| InvalidDuration::TooLong)?;
            total = total.saturating_add(number.saturating_mul(*factor));
            rest = tail;
        }
        match total {
            _ if text.is_empty() => Err(InvalidDuration::Malformed),
            total if total > LONGEST => Err(InvalidDuration::TooLong),
            total => Ok(Self(total)),
        }
    }
}

/// Each unit that there is any of; none: `0s`.
fn written(millis: u64) -> String {
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut rest = millis;
    let mut text = String::new();
    for (unit, factor) in UNITS {
        if rest >= factor {
            text.push_str(&(rest / factor).to_string());
            text.push_str(unit);
            rest %= factor;
        }
    }
    text
}

impl fmt::Display for Millis {
    /// For people: parts of a second stand behind the point, `10.1s` and `1m10.125s`. With `#` as a file
    /// writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1_000 * 1_000, self.0 % 1_000);
        if f.alternate() || part == 0 || whole % 60_000 == 0 {
            return f.pad(&written(self.0));
        }
        let part = format!("{part:03}");
        let seconds = written(whole);
        let seconds = seconds.trim_end_matches('s');
        f.pad(&[seconds, ".", part.trim_end_matches('0'), "s"].concat())
    }
}

impl TryFrom<String> for Millis {
    type Error = InvalidDuration;

    fn try_from(text: String) -> Result<Self, InvalidDuration> {
        Self::parse(&text)
    }
}

impl From<Millis> for String {
    fn from(millis: Millis) -> Self {
        written(millis.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_printed_alike() {
        for text in ["500ms", "30s", "1m30s", "2h", "1d", "1h500ms", "0s"] {
            let time = Millis::parse(text).expect(text);
            assert_eq!(time.to_string(), text);
            assert_eq!(String::from(time), text);
        }
        assert_eq!(Millis::parse("90s").expect("90s").to_string(), "1m30s");
    }

    #[test]
    fn people_read_parts_of_a_second_behind_the_point_and_files_do_not() {
        for (text, read) in [
            ("10s100ms", "10.1s"),
            ("1m10s125ms", "1m10.125s"),
            ("1s50ms", "1.05s"),
        ] {
            let time = Millis::parse(text).expect(text);
            assert_eq!(time.to_string(), read);
            assert_eq!(format!("{time:#}"), text);
            assert_eq!(String::from(time), text, "it travels as a file writes it");
        }
    }

    #[test]
    fn a_bare_number_says_what_to_write() {
        let problem = Millis::parse("30").expect_err("no unit");
        assert_eq!(problem.to_string(), "a duration carries a unit: write 30s");
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            "",
            "s",
            "30 s",
            "-1s",
            "1s1m",
            "1s1s",
            "1x",
            "1.5s",
            "9223372036854775808s",
        ] {
            assert!(Millis::parse(bad).is_err(), "{bad}");
        }
    }
}
