//! When silence is evidence: whether a worsening that matters would have been seen by now.

use serde::{Deserialize, Serialize};

use super::shares::Shares;
use super::tick::{Arm, Tick};
use crate::numbers::special::divergence;
use crate::numbers::{bits, real::ceiling, root};

/// The worsening that must not be missed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// How many times the stable release's rate, above 1.
    #[serde(with = "bits")]
    pub times: f64,
    /// Not less than this rate, between 0 and 1: twice nothing is nothing, and nobody waits for a
    /// million requests to tell one error from none.
    #[serde(with = "bits")]
    pub least: f64,
}

impl Default for Regression {
    /// A doubling, and at least 0.1 %.
    fn default() -> Self {
        Self {
            times: 2.0,
            least: 0.001,
        }
    }
}

impl Regression {
    /// The candidate's rate that must not be missed beside this one of the stable release.
    pub fn beside(self, stable: f64) -> f64 {
        (stable * self.times).max(self.least).min(1.0)
    }

    /// What one request says against it on average, in nats, to a test that tolerates a ratio of
    /// `tolerance`: `π KL(p1 ‖ q1) + (1-π) KL(p0 ‖ q0)` with the rates `q1 = tolerance q0` that explain
    /// as many bad requests and are tolerated (ANALYSIS 1a.6, there for a tolerance of 1). No test
    /// needs fewer than `ln(1/α)` of it on average. Nothing where the regression is tolerated.
    pub fn information(self, stable: f64, share: f64, tolerance: f64) -> f64 {
        information((stable, self.beside(stable)), share, tolerance)
    }
}

/// The same against a candidate with this rate.
fn information((stable, worse): (f64, f64), share: f64, tolerance: f64) -> f64 {
    if worse <= tolerance * stable {
        return 0.0;
    }
    let all = share * worse + (1.0 - share) * stable;
    let q0 = all / (share * tolerance + 1.0 - share);
    let q1 = (tolerance * q0).min(1.0);
    share * divergence(worse, q1) + (1.0 - share) * divergence(stable, q0)
}

/// The test that is to see the regression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// Its chance of a false alarm.
    pub alpha: f64,
    /// The ratio that it tolerates.
    pub tolerance: f64,
    /// What it divides bad events by.
    pub bursts: f64,
}

impl Asked {
    /// What it must have seen to see a worsening in nine runs of ten, in nats.
    fn needed(self) -> f64 {
        NINE_OF_TEN * -self.alpha.ln() * self.bursts.max(1.0)
    }
}

/// How many times the least information the test needs in nine runs of ten (simulated: 2.0 to 2.9
/// for worsenings of 2, 5 and 10 times at shares of 1 % to 50 %).
pub const NINE_OF_TEN: f64 = 2.9;

/// What was seen, and whether it is enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    requests: Shares,
    stable: Arm,
    /// What was compared at this stage.
    #[serde(default)]
    stage: Tick,
    /// Whether the next tick is the first of its stage.
    #[serde(default)]
    begins: bool,
}

/// How far the gate has come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// What was seen as a share of what is needed; 1 and more is enough.
    pub part: f64,
    /// About how many more requests to the candidate are needed, beside as many to the stable release as
    /// came beside them at this stage; none while that can't be told, because nothing was compared yet.
    pub more_requests: Option<u64>,
}

impl Reach {
    /// Whether the worsening would have been seen with a chance of about 90 %.
    pub fn enough(self) -> bool {
        self.part >= 1.0
    }
}

impl Sensitivity {
    /// Adds a tick. One in which either had no requests changes nothing.
    pub fn push(&mut self, tick: Tick) {
        if let Some(share) = tick.share() {
            self.requests.push(share, tick.requests());
            self.stable = self.stable.plus(tick.stable);
            if std::mem::take(&mut self.begins) {
                self.stage = Tick::default();
            }
            self.stage = self.stage.plus(tick);
        }
    }

    /// Another stage of the ramp begins: what is missing is told at its share from its first tick on. One
    /// tick alone has a share by chance, and a figure that rests on it would wander.
    pub const fn begin_stage(&mut self) {
        self.begins = true;
    }

    /// Whether this worsening would have been seen by now by this test.
    pub fn reach(&self, regression: Regression, asked: Asked) -> Reach {
        let Some(rate) = self.stable.rate() else {
            return Reach {
                part: 0.0,
                more_requests: None,
            };
        };
        let needed = asked.needed();
        let each = |share| regression.information(rate, share, asked.tolerance);
        let seen = self.requests.at_least(each);
        let missing = (needed - seen).max(0.0);
        let share = self.stage.share().map(|share| (share, each(share)));
        let share = share.filter(|(_, next)| *next > 0.0);
        Reach {
            part: seen / needed,
            more_requests: share.map(|(share, next)| ceiling(missing / next * share)),
        }
    }

    /// The lowest rate of the candidate that this test would have seen by now in nine runs of ten; none
    /// where it would not have seen even one that is always bad, or where nothing was compared.
    pub fn visible(&self, asked: Asked) -> Option<f64> {
        let stable = self.stable.rate()?;
        let lacking = |worse: f64| {
            let each = |share| information((stable, worse), share, asked.tolerance);
            self.requests.at_least(each) - asked.needed()
        };
        (lacking(1.0) >= 0.0).then(|| root::halving(stable, 1.0, lacking))
    }
}
