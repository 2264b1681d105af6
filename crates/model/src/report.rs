//! What the run of a command says about itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Percent, is_obeyed};

/// Longest name of a phase, in characters.
pub const PHASE_LONGEST: usize = 64;

/// Longest reported line, in characters; what is beyond is cut.
pub const LINE_LONGEST: usize = 1_000;

/// Longest name of a metric, in characters.
pub const METRIC_NAME_LONGEST: usize = 64;

/// One thing that a run says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// What it does now, in its own word.
    Phase(String),
    /// How far it is with that.
    Progress(Percent),
    /// A line for people.
    Log(String),
    /// Something that it measured.
    Metric(Metric),
}

/// Something measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// What: a letter, then letters, digits, `_`, `.` and `-`.
    #[cfg_attr(
        feature = "openapi",
        schema(pattern = "^[A-Za-z][A-Za-z0-9_.-]{0,63}$")
    )]
    pub name: String,
    /// How much.
    pub value: Measure,
}

/// What can't be reported; says what can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidReport(String);

impl fmt::Display for InvalidReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidReport {}

impl Report {
    /// A phase, once its name is one.
    ///
    /// # Errors
    /// An empty or long name; control characters.
    pub fn phase(name: &str) -> Result<Self, InvalidReport> {
        let length = name.chars().count();
        if (1..=PHASE_LONGEST).contains(&length) && !name.chars().any(char::is_control) {
            return Ok(Self::Phase(name.to_owned()));
        }
        Err(InvalidReport(format!(
            "the name of a phase has 1 to {PHASE_LONGEST} characters, none of them a control character"
        )))
    }

    /// A line, whatever it was: cut where it is long, and with no character that a terminal would obey.
    pub fn log(line: &str) -> Self {
        let harmless = |c: char| if is_obeyed(c) && c != '\t' { ' ' } else { c };
        let kept = line.trim_end().chars().take(LINE_LONGEST);
        Self::Log(kept.map(harmless).collect())
    }

    /// A metric, once its name is one.
    ///
    /// # Errors
    /// Any other name.
    pub fn metric(metric: Metric) -> Result<Self, InvalidReport> {
        let name = metric.name.as_str();
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if starts && name.len() <= METRIC_NAME_LONGEST && name.chars().all(goes_on) {
            return Ok(Self::Metric(metric));
        }
        Err(InvalidReport(format!(
            "the name of a metric is a letter, then letters, digits, `_`, `.` and `-`, \
             {METRIC_NAME_LONGEST} in all at most"
        )))
    }
}

/// A number that was measured: millionths inside, so that it is the same number after each time that
/// it was written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Measure(i64);

impl Measure {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Largest measure, and with a minus the smallest: up to it a millionth can be told apart.
    pub const LARGEST: f64 = 9_000_000_000.0;

    /// The nearest measure there is; of what is no number none at all.
    pub fn nearest(value: f64) -> Self {
        let value = if value.is_nan() { 0.0 } else { value };
        let near = value.clamp(-Self::LARGEST, Self::LARGEST);
        Self::try_from(near).unwrap_or(Self(0))
    }

    /// The same as an integer, where it is one.
    pub(crate) const fn as_whole(self) -> Option<i64> {
        if self.0 % MILLIONTHS == 0 {
            Some(self.0 / MILLIONTHS)
        } else {
            None
        }
    }
}

/// Millionths in one.
const MILLION: f64 = 1_000_000.0;

/// The same, to count with.
const MILLIONTHS: i64 = 1_000_000;

impl TryFrom<f64> for Measure {
    type Error = InvalidReport;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "it was rounded, and its limits are far below those of the integer"
    )]
    fn try_from(value: f64) -> Result<Self, InvalidReport> {
        if value.abs() <= Self::LARGEST {
            return Ok(Self((value * MILLION).round() as i64));
        }
        let most = Self::LARGEST;
        Err(InvalidReport(format!(
            "a metric is a number between -{most} and {most}"
        )))
    }
}

impl From<Measure> for f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "up to the largest measure every millionth has a double of its own"
    )]
    fn from(measure: Measure) -> Self {
        measure.0 as Self / MILLION
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f64::from(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_the_same_however_often_it_is_written_and_read() {
        for value in [0.0, -0.000_001, 0.1, 12.345_678, 8_999_999_999.999_999] {
            let once = Measure::try_from(value).unwrap();
            assert_eq!(Measure::try_from(f64::from(once)).unwrap(), once, "{value}");
        }
        assert_eq!(Measure::try_from(0.30).unwrap().to_string(), "0.3");
        for bad in [f64::NAN, f64::INFINITY, 9_000_000_001.0, -1e300] {
            assert!(Measure::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_checked_and_lines_are_made_harmless() {
        assert!(Report::phase("migrate the database").is_ok());
        for bad in ["", "two\nlines", &"x".repeat(65)] {
            assert!(Report::phase(bad).is_err(), "{bad:?}");
        }
        let metric = |name: &str| Metric {
            name: name.to_owned(),
            value: Measure(1),
        };
        assert!(Report::metric(metric("rows.copied_2")).is_ok());
        for bad in ["", "2fast", "ä", "a b", &"x".repeat(65)] {
            assert!(Report::metric(metric(bad)).is_err(), "{bad:?}");
        }
        let long = "x".repeat(2_000);
        assert_eq!(Report::log(&long), Report::Log("x".repeat(LINE_LONGEST)));
        assert_eq!(
            Report::log("red \u{1b}[31m\n"),
            Report::Log("red  [31m".to_owned())
        );
        assert_eq!(
            Report::log("\u{202e}turned\u{2028}x"),
            Report::Log(" turned x".to_owned())
        );
    }
}
