//! What a step needs beside its time.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Millis, Verdict};

/// The evidence that each step below 100 % needs before it is over, and what follows where it is
/// missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gate {
    /// What follows, at once, of a candidate that is shown to be worse; never [`Follow::GoOn`].
    pub fail: Follow,
    /// What follows when nothing was compared in the longest time.
    pub no_data: Follow,
    /// What follows when the longest time did not tell.
    pub inconclusive: Follow,
    /// What follows, at once, when figures can't be compared.
    pub error: Follow,
    /// Work time that a step is watched at most, its bake included.
    pub longest: Millis,
    /// By how much later than beside it answers may be before that counts.
    #[serde(default = "Gate::default_tolerance")]
    pub tolerance: Millis,
}

/// What follows where evidence is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// It waits for a person.
    Hold,
    /// It goes back.
    Rollback,
    /// The step is over all the same.
    GoOn,
}

impl Gate {
    /// How long a step is watched at most unless the file says otherwise.
    pub const LONGEST: Millis = Millis::from_secs(30 * 60);

    /// How much later answers may be unless the file says otherwise: what a busy machine makes of two that
    /// are alike.
    pub const TOLERANCE: Millis = Millis::from_millis(5);

    const fn default_tolerance() -> Millis {
        Self::TOLERANCE
    }

    /// What follows of a verdict; nothing of [`Verdict::Pass`], which is what was asked for.
    pub const fn follow(&self, verdict: Verdict) -> Option<Follow> {
        match verdict {
            Verdict::Pass => None,
            Verdict::Fail => Some(self.fail),
            Verdict::NoData => Some(self.no_data),
            Verdict::Inconclusive => Some(self.inconclusive),
            Verdict::Error => Some(self.error),
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            fail: Follow::Rollback,
            no_data: Follow::Hold,
            inconclusive: Follow::Hold,
            error: Follow::Hold,
            longest: Self::LONGEST,
            tolerance: Self::TOLERANCE,
        }
    }
}

impl fmt::Display for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hold => "hold",
            Self::Rollback => "rollback",
            Self::GoOn => "go on",
        })
    }
}
