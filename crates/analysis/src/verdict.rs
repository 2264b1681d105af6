//! All metrics of a candidate as one verdict.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ratio::comparison::Shown;

/// What is decided at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Requests are not dealt out as they should be, so no comparison means anything.
    Void,
    /// At least one metric is worse: go back.
    Fail,
    /// Every metric has evidence of no harm, and the time is over: go on.
    Pass,
    /// Not all is known yet, and there is time.
    Wait,
    /// At least one metric was never compared, and the time is over.
    NoData,
    /// The evidence does not tell, and the longest time is over.
    Inconclusive,
}

/// How far the time of a stage has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// It must not pass yet.
    Baking,
    /// It may pass.
    Baked,
    /// There will be no more time.
    Over,
}

/// The verdict on what the metrics show, each judged at its weight of the whole chance of a false
/// rollback (ANALYSIS 1a.5). Harm needs no time; passing needs it, and needs evidence for each.
pub fn verdict(split_broken: bool, shown: &[Shown], time: Time) -> Verdict {
    if split_broken {
        return Verdict::Void;
    }
    if shown.contains(&Shown::Harm) {
        return Verdict::Fail;
    }
    let good = |shown: &Shown| matches!(shown, Shown::NotWorse | Shown::NoHarm);
    let all_good = !shown.is_empty() && shown.iter().all(good);
    let silent = shown.is_empty() || shown.contains(&Shown::NoData);
    match (time, all_good, silent) {
        (Time::Baked | Time::Over, true, _) => Verdict::Pass,
        (Time::Over, false, true) => Verdict::NoData,
        (Time::Over, false, false) => Verdict::Inconclusive,
        (Time::Baking, _, _) | (Time::Baked, false, _) => Verdict::Wait,
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Void => "void",
            Self::Fail => "roll back",
            Self::Pass => "pass",
            Self::Wait => "wait",
            Self::NoData => "no data",
            Self::Inconclusive => "inconclusive",
        })
    }
}
