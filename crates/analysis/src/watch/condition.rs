//! One condition of a rule and what it has seen.
//!
//! Each says nothing below a number of answers that is computed from the exact binomial distribution,
//! so that a service with [0.1 % errors](BASE), which is healthy, meets it by chance at most once in a
//! million windows. Where the threshold is so low that this is no measure, half of the threshold counts
//! as healthy; for response times it always does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{Lasting, Limit, Measure, Millis, Percentile, Rate, Times, Trigger};

use super::baseline::Beside;
use super::counts::{Counts, Interval};
use super::dropping::Dropping;
use super::gauge::Gauge;
use super::readings::Readings;
use super::standing::{Bad, Evidence, Standing};
use super::sustained::{Run, Sustained};
use crate::binomial;
use crate::numbers::bits;
use crate::ratio::Arm;
use crate::ratio::comparison::{Comparison, Shown};
use crate::trigger::Reading;
use crate::trigger::fewest::CHANCE;
use crate::trigger::reading::rate_above;
use crate::trigger::window::RateOver;

/// The share of errors of a service that is healthy.
const BASE: f64 = 0.001;

/// Answers from which the share of errors of a baseline is taken, at least.
const FEWEST_OF_BASELINE: u64 = 100;

/// Practically all: a window of ten thousand requests may have one good answer.
const ALL: u16 = 9_999;

/// What is known beside the interval itself.
#[derive(Clone, Copy, Debug)]
pub struct Known<'w> {
    /// What the stable release answered before the candidate came.
    pub past: &'w Counts,
    /// The comparison of errors over the whole deployment; none that means anything.
    pub comparison: Option<&'w Comparison>,
}

/// What a condition can be fed by beside answers.
#[derive(Clone, Copy, Debug)]
pub struct Fed<'f> {
    /// What is read, and how often.
    pub gauges: &'f BTreeMap<Gauge, Millis>,
    /// The health score before the deployment, where it is known.
    pub score: Option<Measure>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Met all the time.
    Lasting {
        /// What is asked of each bin.
        test: Test,
        /// The bins so far.
        sustained: Sustained,
    },
    /// Met by all errors of a window together.
    Over(RateOver, Millis),
    /// Met once the comparison of the whole deployment shows harm.
    Worse,
    /// Met by what is read beside answers.
    Read(Readings),
    /// Met by measurements of the health score.
    Score(Dropping),
}

/// What is asked of a bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// More than this share of the answers were errors.
    Errors {
        /// The share.
        above: Rate,
        /// Answers that a bin must have.
        fewest: u64,
    },
    /// More than this share of the answers took longer.
    Slower {
        /// Than this.
        than: Millis,
        /// The share.
        above: Rate,
        /// Answers that a bin must have.
        fewest: u64,
    },
    /// So many times the baseline's share of errors.
    ErrorsAgainst {
        /// More than this.
        times: Times,
        /// How often a bin of a healthy candidate may be above it.
        #[serde(with = "bits")]
        chance: f64,
    },
    /// So many times the baseline's response time.
    LaterThan {
        /// Which.
        percentile: Percentile,
        /// More than this.
        times: Times,
        /// Answers that a bin must have, of both.
        fewest: u64,
    },
}

impl Condition {
    /// Nothing seen yet. None of what nothing here can feed.
    pub fn new(trigger: &Trigger, fed: Fed<'_>) -> Option<Self> {
        let of = |test: fn(&Sustained, &Trigger) -> Option<Test>, lasting: Millis| {
            let sustained = Sustained::new(lasting);
            let test = test(&sustained, trigger)?;
            Some(Self::Lasting { test, sustained })
        };
        match trigger {
            Trigger::ErrorRate { lasting, .. }
            | Trigger::ErrorRateAgainst { lasting, .. }
            | Trigger::Slow { lasting, .. }
            | Trigger::SlowAgainst { lasting, .. }
            | Trigger::Unavailable { lasting } => of(test, *lasting),
            Trigger::ErrorRateOver { above, window } => {
                let fewest = binomial::fewest(above.parts(), healthy(*above), CHANCE);
                Some(Self::Over(RateOver::new(*above, *window, fewest), *window))
            }
            Trigger::ErrorRateWorse => Some(Self::Worse),
            Trigger::Metric { above, lasting, .. } => read(trigger, (*above, *lasting), fed),
            Trigger::ProbeFailing { lasting, .. } => {
                read(trigger, (Gauge::WORKS, Lasting::For(*lasting)), fed)
            }
            Trigger::Memory { above, lasting } => {
                read(trigger, (Limit::Share(*above), Lasting::For(*lasting)), fed)
            }
            Trigger::Crash | Trigger::ReadinessLost => None,
            Trigger::ScoreDrops { by } => Some(Self::Score(Dropping::new(fed.score, *by))),
        }
    }

    /// Where it stands by itself; none of what is looked at with each interval.
    pub fn at_rest(&self) -> Option<Standing> {
        match self {
            Self::Read(readings) => Some(readings.standing()),
            Self::Score(dropping) => Some(dropping.standing()),
            Self::Lasting { .. } | Self::Over(..) | Self::Worse => None,
        }
    }

    /// Adds the next interval.
    pub fn push(&mut self, interval: &Interval, known: Known<'_>) -> Standing {
        let past = known.past;
        match self {
            Self::Worse => known
                .comparison
                .map_or(Standing::TooFew, |comparison| worse(comparison, interval)),
            Self::Lasting { test, sustained } => {
                let run = sustained.push(interval, |bin| test.read(bin, past));
                match run {
                    Run::Quiet => Standing::Quiet,
                    Run::TooFew => Standing::TooFew,
                    Run::Rising(sum) => Standing::Rising(test.evidence(sum, past)),
                    Run::Met(sum) => Standing::Met(test.evidence(sum, past)),
                }
            }
            Self::Read(readings) => readings.standing(),
            Self::Score(dropping) => dropping.standing(),
            Self::Over(rate, window) => {
                match rate.push(interval.until_ms, interval.candidate.failed()) {
                    Reading::Good => Standing::Quiet,
                    Reading::Nothing => Standing::TooFew,
                    Reading::Breach => Standing::Met(Evidence {
                        over: *window,
                        candidate: rate.sum(),
                        stable: None,
                        bad: Bad::Error,
                    }),
                }
            }
        }
    }

    /// Intervals are missing. A window still holds what it holds; a run is over.
    pub fn begin_anew(&mut self) {
        match self {
            Self::Lasting { sustained, .. } => sustained.begin_anew(),
            Self::Over(..) | Self::Worse | Self::Read(_) | Self::Score(_) => {}
        }
    }
}

/// Readings of what the trigger rests on, where that is read.
fn read(trigger: &Trigger, (above, lasting): (Limit, Lasting), fed: Fed<'_>) -> Option<Condition> {
    let gauge = Gauge::of(trigger)?;
    let every = *fed.gauges.get(&gauge)?;
    Some(Condition::Read(Readings::new(gauge, above, lasting, every)))
}

fn worse(comparison: &Comparison, interval: &Interval) -> Standing {
    match comparison.shown_and_reach(1.0).0 {
        Shown::NoData => Standing::TooFew,
        Shown::NotWorse | Shown::NoHarm | Shown::Nothing => Standing::Quiet,
        Shown::Harm => {
            let finding = comparison.finding(1.0);
            Standing::Met(Evidence {
                over: interval.length(),
                candidate: finding.candidate,
                stable: None,
                bad: Bad::Worse(Box::new(finding)),
            })
        }
    }
}

fn healthy(above: Rate) -> f64 {
    BASE.min(above.fraction() / 2.0)
}

/// The share of answers that are beyond a percentile.
fn beyond(percentile: Percentile) -> Rate {
    let parts = Rate::FULL.parts().saturating_sub(percentile.0.parts());
    Rate::from_parts(parts).unwrap_or(Rate::FULL)
}

fn test(sustained: &Sustained, trigger: &Trigger) -> Option<Test> {
    let chance = sustained.chance_of_a_bin();
    let errors = |above: Rate| Test::Errors {
        above,
        fewest: binomial::fewest(above.parts(), healthy(above), chance),
    };
    let timed = |percentile: Percentile| {
        let above = beyond(percentile);
        (
            above,
            binomial::fewest(above.parts(), above.fraction() / 2.0, chance),
        )
    };
    match trigger {
        Trigger::ErrorRate { above, .. } => Some(errors(*above)),
        Trigger::Unavailable { .. } => Rate::from_parts(ALL).map(errors),
        Trigger::ErrorRateAgainst { times, .. } => {
            let times = *times;
            Some(Test::ErrorsAgainst { times, chance })
        }
        Trigger::Slow {
            percentile,
            above: than,
            ..
        } => {
            let (above, fewest) = timed(*percentile);
            let than = *than;
            Some(Test::Slower {
                than,
                above,
                fewest,
            })
        }
        Trigger::SlowAgainst {
            percentile, times, ..
        } => Some(Test::LaterThan {
            percentile: *percentile,
            times: *times,
            fewest: timed(*percentile).1,
        }),
        Trigger::Crash
        | Trigger::ReadinessLost
        | Trigger::ErrorRateWorse
        | Trigger::ErrorRateOver { .. }
        | Trigger::ProbeFailing { .. }
        | Trigger::Memory { .. }
        | Trigger::ScoreDrops { .. }
        | Trigger::Metric { .. } => None,
    }
}

const fn has_a_rate(counts: &Counts) -> bool {
    counts.answers >= FEWEST_OF_BASELINE
}

impl Test {
    fn read(self, bin: &Interval, past: &Counts) -> Reading {
        let candidate = &bin.candidate;
        match self {
            Self::Errors { above, fewest } => rate_above(candidate.failed(), above, fewest),
            // A percentile is later than a time exactly if more than the share beyond it are slower.
            Self::Slower {
                than,
                above,
                fewest,
            } => rate_above(candidate.slower_than(than), above, fewest),
            Self::ErrorsAgainst { times, chance } => {
                let baseline = Beside::of(bin, past, has_a_rate);
                let rate = baseline.and_then(|baseline| baseline.counts.failed().rate());
                let (Some(stable), Some(found)) = (rate, candidate.failed().rate()) else {
                    return Reading::Nothing;
                };
                let usual = stable.max(BASE);
                let Arm { requests, bad } = candidate.failed();
                if found <= usual * times.factor() {
                    Reading::Good
                } else if binomial::at_least(bad, requests, usual) <= chance {
                    Reading::Breach
                } else {
                    Reading::Nothing
                }
            }
            Self::LaterThan {
                percentile,
                times,
                fewest,
            } => {
                let enough = |counts: &Counts| counts.timed() >= fewest;
                let baseline = Beside::of(bin, past, enough);
                let stable = baseline.and_then(|baseline| baseline.counts.percentile(percentile));
                let found = candidate.percentile(percentile);
                match (stable, found) {
                    (Some(stable), Some(found)) if enough(candidate) => {
                        if found > stable * times.factor() {
                            Reading::Breach
                        } else {
                            Reading::Good
                        }
                    }
                    (Some(_) | None, Some(_) | None) => Reading::Nothing,
                }
            }
        }
    }

    fn evidence(self, sum: &Interval, past: &Counts) -> Evidence {
        let failed = Evidence {
            over: sum.length(),
            candidate: sum.candidate.failed(),
            stable: None,
            bad: Bad::Error,
        };
        match self {
            Self::Errors { .. } => failed,
            Self::Slower { than, .. } => Evidence {
                candidate: sum.candidate.slower_than(than),
                bad: Bad::SlowerThan(than),
                ..failed
            },
            Self::ErrorsAgainst { .. } => {
                let baseline = Beside::of(sum, past, has_a_rate);
                Evidence {
                    stable: baseline.map(|baseline| baseline.told(baseline.counts.failed())),
                    ..failed
                }
            }
            Self::LaterThan {
                percentile, fewest, ..
            } => {
                let baseline = Beside::of(sum, past, |counts| counts.timed() >= fewest);
                let told = |counts: &Counts| counts.percentile(percentile).unwrap_or_default();
                let bad = Bad::Later {
                    percentile,
                    candidate_us: told(&sum.candidate),
                    stable_us: baseline.map_or(0.0, |baseline| told(baseline.counts)),
                };
                Evidence {
                    stable: baseline.map(|baseline| baseline.told(baseline.counts.failed())),
                    bad,
                    ..failed
                }
            }
        }
    }
}
