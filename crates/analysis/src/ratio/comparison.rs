//! One metric of a candidate beside the stable release: what is shown, and what would change it.

use std::fmt;

use serde::{Deserialize, Serialize};
use windlass_model::count;

use super::grid::Test;
use super::interval::{ENDS, Evidence};
use super::process::Process;
use super::sensitivity::{Asked, Reach, Regression, Sensitivity};
use super::tick::{Arm, Tick};
use crate::numbers::bits;

/// What one deployment asks of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The chance of a false rollback because of this metric, in the whole deployment.
    #[serde(with = "bits")]
    pub alpha: f64,
    /// The chance of taking a candidate for no worse while it is worse by the regression.
    #[serde(with = "bits")]
    pub beta: f64,
    /// The ratio of the rates that takes nothing back.
    #[serde(with = "bits")]
    pub tolerance: f64,
    /// The worsening that must not be missed.
    pub regression: Regression,
    /// What [`super::bursts`] says; 1 for single events.
    #[serde(with = "bits")]
    pub bursts: f64,
}

impl Default for Plan {
    /// One false rollback in a hundred deployments at most, no tolerance, a doubling.
    fn default() -> Self {
        Self {
            alpha: 0.01,
            beta: 0.05,
            tolerance: 1.0,
            regression: Regression::default(),
            bursts: 1.0,
        }
    }
}

/// A new beginning of the search for harm every so many requests.
pub const REQUESTS_PER_START: u64 = 10_000;

/// One metric, followed through all stages of one deployment. Never begun anew between stages: the
/// chance of a false rollback is one per deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    plan: Plan,
    harm: Process,
    not_worse: Process,
    evidence: Evidence,
    sensitivity: Sensitivity,
    seen: Tick,
}

/// What the counts show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Nothing was compared yet.
    NoData,
    /// The candidate is worse.
    Harm,
    /// The candidate is not worse by the regression.
    NotWorse,
    /// No harm, and a regression would have been seen by now in nine cases of ten.
    NoHarm,
    /// Neither, so far.
    Nothing,
}

/// A decision record of one metric: numbers first, and words for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What the counts show.
    pub shown: Shown,
    /// Of the stable release, since the beginning.
    pub stable: Arm,
    /// Of the candidate.
    pub candidate: Arm,
    /// The ratios of the rates that are not refuted, at every look at once, with the certainty that harm is
    /// shown with. The first beginning weighs half, and each end has half of the chance to be wrong: so for
    /// single events and without a tolerance harm is shown once all of it lies above 1.
    pub interval: (f64, f64),
    /// The highest log of the e-value for harm.
    pub log_e: f64,
    /// The log at which harm is shown.
    pub needed: f64,
    /// The p-value that holds at every look.
    pub p_value: f64,
    /// How far the regression is ruled out by silence.
    pub reach: Reach,
    /// The lowest rate of the candidate that would have been seen by now in nine cases of ten; none where even
    /// one that is always bad would not have been.
    pub visible: Option<f64>,
    /// The regression.
    pub regression: Regression,
}

impl Comparison {
    /// Nothing seen yet.
    pub fn new(plan: Plan) -> Self {
        let harm = Process::with_later_starts(Test::harm(plan.tolerance), REQUESTS_PER_START);
        let not_worse = Process::new(Test::not_worse(plan.regression.times));
        Self {
            harm: harm.in_bursts_of(plan.bursts),
            not_worse: not_worse.in_bursts_of(plan.bursts),
            evidence: Evidence::default(),
            sensitivity: Sensitivity::default(),
            seen: Tick::default(),
            plan,
        }
    }

    /// Adds a tick. One in which either had no requests compares nothing.
    pub fn push(&mut self, tick: Tick) {
        if tick.share().is_none() {
            return;
        }
        self.seen = self.seen.plus(tick);
        self.harm.push(tick);
        self.not_worse.push(tick);
        self.evidence.push(tick);
        self.sensitivity.push(tick);
    }

    /// Another stage of the ramp begins.
    pub fn begin_stage(&mut self) {
        self.harm.begin_stage();
        self.sensitivity.begin_stage();
    }

    /// What is shown, where this metric has this weight among all that are judged: weights add up to
    /// one, and a single metric has all of it.
    pub fn finding(&self, weight: f64) -> Finding {
        let (shown, reach) = self.shown_and_reach(weight);
        let visible = self.sensitivity.visible(self.asked(weight));
        Finding {
            shown,
            stable: self.seen.stable,
            candidate: self.seen.candidate,
            interval: self.evidence.interval(self.plan.alpha * weight),
            log_e: self.harm.peak(),
            needed: -(self.plan.alpha * weight).ln(),
            p_value: self.harm.p_value(),
            reach,
            visible,
            regression: self.plan.regression,
        }
    }

    /// What is shown at this weight and how far silence has come, without the interval, which is the
    /// dear part of a finding.
    pub fn shown_and_reach(&self, weight: f64) -> (Shown, Reach) {
        let asked = self.asked(weight);
        let reach = self.sensitivity.reach(self.plan.regression, asked);
        (self.shown(asked.alpha, reach), reach)
    }

    /// The search for harm at this weight.
    fn asked(&self, weight: f64) -> Asked {
        Asked {
            alpha: self.plan.alpha * weight,
            tolerance: self.plan.tolerance,
            bursts: self.plan.bursts,
        }
    }

    /// The highest log of the e-value for harm so far.
    pub const fn log_e(&self) -> f64 {
        self.harm.peak()
    }

    /// Everything that was compared.
    pub const fn seen(&self) -> Tick {
        self.seen
    }

    fn shown(&self, alpha: f64, reach: Reach) -> Shown {
        if self.seen.share().is_none() {
            Shown::NoData
        } else if self.harm.shown_at(alpha) {
            Shown::Harm
        } else if self.not_worse.shown_at(self.plan.beta) {
            Shown::NotWorse
        } else if reach.enough() {
            Shown::NoHarm
        } else {
            Shown::Nothing
        }
    }
}

/// A rate as people read it.
fn rate(arm: Arm) -> String {
    match arm.rate() {
        Some(rate) => format!("{:.2} %", rate * 100.0),
        None => "nothing".to_owned(),
    }
}

/// In words, with the name of the metric left to the caller: "0.42 % against 0.40 % beside it: no
/// difference shown; 12,400 requests; a doubling would have been seen". *Would have been seen* is in nine
/// cases of ten.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shown == Shown::NoData {
            return f.write_str("not compared yet: no requests to both at the same time");
        }
        write!(
            f,
            "{} against {} beside it: ",
            rate(self.candidate),
            rate(self.stable)
        )?;
        let (low, high) = self.interval;
        match self.shown {
            // A later beginning shows it, or it was shown once.
            Shown::Harm if low < 1.0 => f.write_str("worse, as a part of its time shows")?,
            // Only the least is known of it, and that would sound like little: the rates say how much.
            Shown::Harm if high >= ENDS.1 => f.write_str("shown to be worse")?,
            Shown::Harm => write!(f, "worse, {low:.1} to {high:.1} times as often")?,
            Shown::NotWorse => write!(
                f,
                "shown to be less than {} times as often",
                self.regression.times
            )?,
            Shown::Nothing => f.write_str(self.without_proof())?,
            Shown::NoHarm | Shown::NoData => f.write_str("no difference shown")?,
        }
        let requests = self.stable.requests.saturating_add(self.candidate.requests);
        write!(f, "; {} requests", count(requests))?;
        match self.shown {
            Shown::NoHarm => write!(f, "; {} would have been seen", Worsening(self.regression)),
            Shown::Nothing => self.write_visible(f),
            Shown::Harm | Shown::NotWorse | Shown::NoData => Ok(()),
        }
    }
}

impl Finding {
    /// What can be said where neither harm is shown nor that there is none.
    fn without_proof(&self) -> &'static str {
        if self.candidate.rate() <= self.stable.rate() {
            "no sign of harm"
        } else {
            "more, which may be chance"
        }
    }

    /// How bad it would have had to be to be seen. What it was like is no such bound: it was not seen.
    fn write_visible(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.visible {
            None => f.write_str(", too few to see harm by"),
            Some(rate) if Some(rate) <= self.candidate.rate() => Ok(()),
            Some(rate) => {
                let percent = one_digit_up(rate * 100.0).min(100.0);
                write!(f, "; {percent} % or more would have been seen")
            }
        }
    }
}

/// Rounded up to one digit, so that it does not change with every request and *or more* stays true.
fn one_digit_up(figure: f64) -> f64 {
    let unit = 10_f64.powf(figure.log10().floor());
    // A unit below one is not exact: its inverse is.
    let digit = (figure / unit - 1e-9).ceil();
    if unit < 1.0 {
        digit / (1.0 / unit).round()
    } else {
        digit * unit
    }
}

/// A regression in words.
struct Worsening(Regression);

impl fmt::Display for Worsening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.times.to_bits() == 2_f64.to_bits() {
            f.write_str("a doubling")
        } else {
            write!(f, "{} times as many", self.0.times)
        }
    }
}
