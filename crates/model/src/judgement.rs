//! What was decided about a candidate, and what it rests on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Measure, Percent, Rule, whole, whole_if_known};

/// What the figures of a candidate say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is no worse, or a regression that matters would have been seen by now.
    Pass,
    /// It is worse.
    Fail,
    /// Nothing was compared: there were no requests to both at the same time.
    NoData,
    /// Neither can be said yet.
    Inconclusive,
    /// The figures can't be compared: requests are not dealt out as the split says.
    Error,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NoData => "no data",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
        })
    }
}

/// Requests of one release that were compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// All of them.
    pub requests: u64,
    /// Those that were answered with an error, or not at all.
    pub errors: u64,
}

/// The record of a decision: a candidate's errors beside those of the stable release, over all steps
/// of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judgement {
    /// The candidate's share at that time.
    pub share: Percent,
    /// What follows of the figures.
    pub verdict: Verdict,
    /// The same in words.
    pub words: String,
    /// What was compared of the stable release.
    pub stable: Tally,
    /// What was compared of the candidate.
    pub candidate: Tally,
    /// Requests of both that were compared at this share, so that it is evidence of that.
    #[serde(default)]
    pub here: u64,
    /// It errs at least so many times as often: this and the next hold together at every look, with the
    /// certainty that harm is shown with. Once this is above 1, harm is shown.
    #[serde(serialize_with = "whole")]
    pub at_least: Measure,
    /// And at most so many times as often; 10000 is the largest that is told apart, so that nothing bounds it.
    #[serde(serialize_with = "whole")]
    pub at_most: Measure,
    /// The highest logarithm of the e-value for harm.
    #[serde(serialize_with = "whole")]
    pub evidence: Measure,
    /// From here on harm is shown.
    #[serde(serialize_with = "whole")]
    pub needed: Measure,
    /// The lowest error rate of the candidate, in per cent, that would have been seen by now in nine cases of
    /// ten; none where even one that always errs would not have been.
    #[serde(default, serialize_with = "whole_if_known")]
    pub visible: Option<Measure>,
    /// About how many more requests to the candidate, with those beside them, would show that there is no
    /// regression, where that can be told.
    pub more_requests: Option<u64>,
    /// Triggers that never had enough to say anything: these were not watched.
    pub not_watched: Vec<Rule>,
    /// Triggers that are met, but not for as long as they have to be: what ends of itself waits for them.
    #[serde(default)]
    pub rising: Vec<Rule>,
    /// Whether the candidate was never seen answering, so that only what is read counts.
    #[serde(default)]
    pub unanswered: bool,
    /// What was read beside answers, such as `metric login_failures`.
    #[serde(default)]
    pub read: BTreeSet<String>,
    /// What gave no number when it was asked last, each with why.
    #[serde(default)]
    pub unread: BTreeMap<String, String>,
}

impl Judgement {
    /// What gave no number so far, each with why. What was read once and is gone is told otherwise: the
    /// bake waits for it.
    pub fn never_read(&self) -> impl Iterator<Item = (&str, &str)> {
        let unread = self.unread.iter();
        let never = unread.filter(|(what, _)| !self.read.contains(*what));
        never.map(|(what, why)| (what.as_str(), why.as_str()))
    }

    /// What was read once and gives no number any more, each with why.
    pub fn lost(&self) -> impl Iterator<Item = (&str, &str)> {
        let unread = self.unread.iter();
        let lost = unread.filter(|(what, _)| self.read.contains(*what));
        lost.map(|(what, why)| (what.as_str(), why.as_str()))
    }
}
