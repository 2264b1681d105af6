//! Response times of a candidate beside those of the stable release.
//!
//! Counted, not averaged (ANALYSIS 1b.1): how many answers took longer than thresholds that are frozen
//! before anything is compared. The candidate's are later: at the first edge of the router's histogram
//! that is above the stable release's one and by the tolerated time. So what is less than 9 % slower is
//! never held against it, and what is half as slow again is, once the tolerance is less than that.

use serde::{Deserialize, Serialize};
use windlass_model::{LATENCY_EDGES_US, Millis, count, latency_edge};

use super::counts::Counts;
use super::spread::Spread;
use crate::latency::{FEWEST, Latency, Over, PERCENTILES, Slow, Threshold, Thresholds};
use crate::numbers::bits;
use crate::ratio::comparison::Shown;
use crate::ratio::sensitivity::{Asked, Reach, Regression, Sensitivity};
use crate::ratio::{Arm, Tick};

/// The chance of a false rollback because of response times, in the whole deployment. Smaller than that
/// of errors, which costs little: slowness shows in most answers, errors in few.
const ALPHA: f64 = 0.001;

/// Time after its first answer in which a candidate may be slow: what is new is cold.
const WARM_UP_MS: u64 = 5_000;

/// The slowness that must not be missed: twice as many answers beyond what 95 % of the stable release's
/// keep to, and at least one in twenty.
const REGRESSION: Regression = Regression {
    times: 2.0,
    least: 0.05,
};

/// Which of [`PERCENTILES`] that is about.
const USUAL: usize = 95;

/// Response times, followed through all stages of one deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slowness {
    tolerance: Millis,
    /// What the stable release's answers took until that was frozen, and how they were spread.
    before: Counts,
    spread: Spread,
    /// When the candidate answered first.
    since_ms: Option<u64>,
    frozen: Option<Frozen>,
}

/// What is compared once thresholds are frozen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Frozen {
    latency: Latency,
    /// Of the threshold that [`REGRESSION`] is about.
    usual: usize,
    sensitivity: Sensitivity,
    #[serde(with = "bits")]
    bursts: f64,
    /// All that was counted, in the order of the thresholds.
    seen: Vec<Tick>,
}

impl Slowness {
    /// Nothing seen yet. Answers may be later by `tolerance`, whatever that is of the time they take.
    pub fn new(tolerance: Millis) -> Self {
        Self {
            tolerance,
            before: Counts::default(),
            spread: Spread::default(),
            since_ms: None,
            frozen: None,
        }
    }

    /// Adds what the stable release answered before there was anything to compare.
    pub fn learn(&mut self, stable: &Counts) {
        if self.frozen.is_none() {
            self.before.add(stable);
            self.spread.push(&stable.beyond_each());
        }
    }

    /// Adds an interval of both that ended then. Thresholds that are frozen with it are compared from the
    /// next one on: they must not move with what is judged.
    pub fn push(&mut self, until_ms: u64, stable: &Counts, candidate: &Counts) {
        if candidate.timed() > 0 {
            self.since_ms.get_or_insert(until_ms);
        }
        let is_warm = self
            .since_ms
            .is_some_and(|since| until_ms.saturating_sub(since) >= WARM_UP_MS);
        if let Some(frozen) = &mut self.frozen {
            if is_warm {
                frozen.push(stable, candidate);
            }
            return;
        }
        self.learn(stable);
        if is_warm {
            self.frozen = self.freeze();
        }
    }

    /// Intervals are missing, and the clock may be another router's: the candidate warms up once more.
    pub const fn begin_anew(&mut self) {
        self.since_ms = None;
    }

    /// Another stage of the ramp begins.
    pub fn begin_stage(&mut self) {
        if let Some(frozen) = &mut self.frozen {
            frozen.latency.begin_stage();
            frozen.sensitivity.begin_stage();
        }
    }

    /// What is shown; [`Shown::NoData`] as long as there are no thresholds, or nothing was compared.
    pub fn shown(&self) -> Shown {
        let Some(frozen) = &self.frozen else {
            return Shown::NoData;
        };
        if frozen.seen.iter().all(|tick| tick.share().is_none()) {
            Shown::NoData
        } else if frozen.latency.shown_at(ALPHA) {
            Shown::Harm
        } else if frozen.reach().enough() {
            Shown::NoHarm
        } else {
            Shown::Nothing
        }
    }

    /// About how many more requests to the candidate would tell.
    pub fn more_requests(&self) -> Option<u64> {
        self.frozen
            .as_ref()
            .and_then(|frozen| frozen.reach().more_requests)
    }

    fn freeze(&self) -> Option<Frozen> {
        if self.before.timed() < u64::try_from(FEWEST).unwrap_or(u64::MAX) {
            return None;
        }
        let percent = |percent: usize| u64::try_from(percent).unwrap_or(100);
        let edges = PERCENTILES.map(|place| self.before.edge_of(percent(place)));
        let all = edges.iter().flatten().filter_map(|edge| {
            let candidate_us = later(*edge, self.tolerance)?;
            Some(Threshold {
                stable_us: *edge,
                candidate_us,
            })
        });
        let thresholds = Thresholds::at(all.collect());
        let usual = self.before.edge_of(percent(USUAL))?;
        let mut all = thresholds.all().iter();
        let usual = all.position(|threshold| threshold.stable_us == usual)?;
        let bursts = self.spread.bursts(thresholds.all());
        Some(Frozen {
            usual,
            sensitivity: Sensitivity::default(),
            bursts,
            seen: vec![Tick::default(); thresholds.all().len()],
            latency: Latency::new(thresholds).in_bursts_of(bursts),
        })
    }

    /// In words, after those about errors.
    pub fn words(&self) -> String {
        let Some(frozen) = &self.frozen else {
            let (known, needed) = (
                self.before.timed(),
                u64::try_from(FEWEST).unwrap_or(u64::MAX),
            );
            return if known < needed {
                let (known, needed) = (count(known), count(needed));
                format!("response times not compared: {known} of {needed} answers to compare with")
            } else {
                "response times not compared yet".to_owned()
            };
        };
        match self.shown() {
            Shown::NoData => "response times not compared yet".to_owned(),
            Shown::Harm => frozen.harm(),
            Shown::NotWorse | Shown::NoHarm => {
                "response times: no difference shown; twice as many \
                                                late ones would have been seen"
                    .to_owned()
            }
            Shown::Nothing => "response times: no difference shown; twice as many late ones might \
                               not have been seen"
                .to_owned(),
        }
    }
}

impl Frozen {
    fn push(&mut self, stable: &Counts, candidate: &Counts) {
        let mut slow = Slow {
            stable: stable.timed(),
            candidate: candidate.timed(),
            over: Vec::new(),
        };
        for (place, threshold) in self.latency.thresholds().all().iter().enumerate() {
            let tick = Tick {
                stable: stable.beyond(Some(threshold.stable_us)),
                candidate: candidate.beyond(Some(threshold.candidate_us)),
            };
            slow.over.push(Over {
                stable: tick.stable.bad,
                candidate: tick.candidate.bad,
            });
            if tick.share().is_none() {
                continue;
            }
            if let Some(seen) = self.seen.get_mut(place) {
                *seen = seen.plus(tick);
            }
            if place == self.usual {
                self.sensitivity.push(tick);
            }
        }
        self.latency.push(&slow);
    }

    fn reach(&self) -> Reach {
        let asked = Asked {
            alpha: ALPHA,
            tolerance: 1.0,
            bursts: self.bursts,
        };
        self.sensitivity.reach(REGRESSION, asked)
    }

    /// "slower: 61.20 % of the answers took more than 60 ms, against 4.70 % over 50 ms before".
    fn harm(&self) -> String {
        let worst = self.latency.worst().map(|(threshold, _)| threshold);
        let all = self.latency.thresholds().all().iter().zip(&self.seen);
        let found = all.into_iter().find(|(one, _)| Some(**one) == worst);
        let Some((threshold, seen)) = found else {
            return "slower".to_owned();
        };
        let share = |arm: Arm| arm.rate().unwrap_or_default() * 100.0;
        format!(
            "slower: {:.2} % of the answers took more than {}, against {:.2} % over {} before",
            share(seen.candidate),
            millis(threshold.candidate_us),
            share(seen.stable),
            millis(threshold.stable_us)
        )
    }
}

/// The candidate's threshold beside this one.
fn later(stable_us: u64, tolerance: Millis) -> Option<u64> {
    let at = LATENCY_EDGES_US.partition_point(|edge| *edge <= stable_us);
    let next = LATENCY_EDGES_US.get(at).copied()?;
    let tolerated = stable_us.saturating_add(tolerance.as_millis().saturating_mul(1_000));
    latency_edge(next.max(tolerated))
}

/// Edges are round numbers.
fn millis(us: u64) -> String {
    if us.is_multiple_of(1_000) {
        Millis::from_millis(us / 1_000).to_string()
    } else {
        format!("{} µs", count(us))
    }
}
