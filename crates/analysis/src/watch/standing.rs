//! Where a condition stands, and what it rests on.

use serde::{Deserialize, Serialize};
use windlass_model::{Measure, Millis, Percentile, count};

use super::gauge::Gauge;
use crate::numbers::bits;
use crate::ratio::Arm;
use crate::ratio::comparison::Finding;

/// Where a condition stands after an interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is not met.
    Quiet,
    /// There was too little to say anything, or nothing yet.
    TooFew,
    /// It is met, but not for long enough.
    Rising(Evidence),
    /// It is met; said at every interval as long as it goes on.
    Met(Evidence),
}

/// The figures that a standing rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// For how long.
    pub over: Millis,
    /// The candidate's requests of that time, and the bad ones among them.
    pub candidate: Arm,
    /// The same of the stable release, where it is compared with that.
    pub stable: Option<Baseline>,
    /// What was bad about them.
    pub bad: Bad,
}

/// What the candidate was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Its requests and bad ones.
    pub arm: Arm,
    /// Whether they were answered in the same time; else before the candidate came.
    pub beside: bool,
}

/// Why an answer is a bad one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bad {
    /// It was an error, or there was none.
    Error,
    /// It took longer than this.
    SlowerThan(Millis),
    /// A percentile was later than the other's: both in microseconds, of the last part of the time.
    Later {
        /// Which.
        percentile: Percentile,
        /// The candidate's.
        candidate_us: f64,
        /// The baseline's.
        stable_us: f64,
    },
    /// Something that is read was above what it may be.
    Read {
        /// What.
        gauge: Gauge,
        /// The lowest reading, or the mean of all.
        #[serde(with = "bits")]
        value: f64,
        /// How many there were.
        readings: u64,
        /// Whether the value is the mean.
        mean: bool,
        /// What was seen last, where that says more.
        saw: Option<String>,
    },
    /// The health score was lower than before.
    Dropped {
        /// What it was.
        before: Measure,
        /// What it was last.
        now: Measure,
    },
    /// Shown to be more often an error than the other's.
    Worse(Box<Finding>),
}

impl Evidence {
    /// In words: "24 of 240 answers of version 2 in 10s were errors".
    pub fn words(&self, candidate: &str) -> String {
        let Arm { requests, bad } = self.candidate;
        let (bad, requests, over) = (count(bad), count(requests), self.over);
        let text = match &self.bad {
            Bad::Worse(finding) => return format!("errors {finding}"),
            Bad::Dropped { before, now } => {
                return format!(
                    "the health score was lower for {over}: {now} at last, against {before} before"
                );
            }
            Bad::Error => {
                format!("{bad} of {requests} answers of {candidate} in {over} were errors")
            }
            Bad::Read {
                gauge,
                value,
                readings,
                mean,
                saw,
            } => {
                let of = (gauge, candidate);
                return read_words(of, (*value, *readings, *mean), over, saw.as_deref());
            }
            Bad::SlowerThan(time) => {
                format!(
                    "{bad} of {requests} answers of {candidate} in {over} took longer than {time}"
                )
            }
            Bad::Later {
                percentile,
                candidate_us,
                stable_us,
            } => format!(
                "{percentile} of {candidate} was about {} in {over}, against {}",
                millis(*candidate_us),
                millis(*stable_us)
            ),
        };
        match (self.stable, &self.bad) {
            (None, _) => text,
            (Some(baseline), Bad::Later { .. }) => format!("{text} {}", baseline.place()),
            (
                Some(baseline),
                Bad::Error
                | Bad::SlowerThan(_)
                | Bad::Read { .. }
                | Bad::Dropped { .. }
                | Bad::Worse(_),
            ) => format!(
                "{text}, against {} of {} {}",
                count(baseline.arm.bad),
                count(baseline.arm.requests),
                baseline.place()
            ),
        }
    }
}

fn read_words(
    (gauge, candidate): (&Gauge, &str),
    (value, readings, mean): (f64, u64, bool),
    over: Millis,
    saw: Option<&str>,
) -> String {
    let readings = count(readings);
    let how = if mean {
        format!("in the mean of {readings} readings over {over}")
    } else {
        format!("at least in {readings} readings over {over}")
    };
    match gauge {
        Gauge::Metric(name) => {
            let value = Measure::nearest(value);
            format!("{name} of {candidate} was {value} {how}")
        }
        Gauge::Memory => {
            let share = value * 100.0;
            format!(
                "{candidate} held at least {share:.1} % of its memory limit in each of {readings} readings \
                 over {over}"
            )
        }
        Gauge::Probe(name) => {
            let saw = saw.map(|saw| format!(": {saw}")).unwrap_or_default();
            format!("{name} of {candidate} failed {readings} times in a row over {over}{saw}")
        }
    }
}

impl Baseline {
    const fn place(self) -> &'static str {
        if self.beside {
            "of what served beside it"
        } else {
            "of what served before it"
        }
    }
}

/// Microseconds for people.
fn millis(us: f64) -> String {
    if us >= 1_000_000.0 {
        let tenths = format!("{:.1}", us / 1_000_000.0);
        [tenths.trim_end_matches(".0"), "s"].concat()
    } else if us >= 10_000.0 {
        format!("{:.0}ms", us / 1_000.0)
    } else {
        format!("{:.1}ms", us / 1_000.0)
    }
}
