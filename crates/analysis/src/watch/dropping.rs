//! The health score, beside what it was before.
//!
//! Nothing is said without a score from before, and a measurement without one is no data: it ends a run
//! that has to last, and is never a drop.

use serde::{Deserialize, Serialize};
use windlass_model::{Drop as By, Measure, Millis};

use super::standing::{Bad, Evidence, Standing};
use crate::ratio::Arm;
use crate::trigger::drop::{self, Drop, Outcome};

/// Time between two measurements that count: three in a row must not be one moment.
const SOONEST_MS: u64 = 5_000;

/// One rule on the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dropping {
    /// What it was; none where nobody knows it, so that nothing is watched.
    before: Option<Measure>,
    drop: Option<Drop>,
    outcome: Outcome,
    /// When the present run of low scores began.
    since_ms: Option<u64>,
    last_ms: Option<u64>,
    /// The last score.
    last: Option<Measure>,
}

impl Dropping {
    /// Nothing measured yet.
    pub fn new(before: Option<Measure>, by: By) -> Self {
        let by = match by {
            By::Share(share) => drop::By::Share(share.fraction()),
            By::Points(hundredths) => drop::By::Points(f64::from(hundredths) / 100.0),
        };
        Self {
            before,
            drop: before.map(|before| Drop::new(before.into(), by)),
            outcome: Outcome::NoData,
            since_ms: None,
            last_ms: None,
            last: None,
        }
    }

    /// Adds a measurement: none where the score is not known.
    pub fn push(&mut self, at_ms: u64, score: Option<Measure>) {
        let Some(drop) = &mut self.drop else {
            return;
        };
        match self.last_ms.map(|last| at_ms.checked_sub(last)) {
            Some(Some(since)) if since < SOONEST_MS => return,
            Some(Some(_)) | None => {}
            // Another controller's clock, which begins with it.
            Some(None) => {
                drop.begin_anew();
                self.since_ms = None;
            }
        }
        self.outcome = drop.push(score.map(f64::from));
        self.last_ms = Some(at_ms);
        self.last = score;
        self.since_ms = match self.outcome {
            Outcome::Rising | Outcome::Fires => self.since_ms.or(Some(at_ms)),
            Outcome::Quiet | Outcome::NoData => None,
        };
    }

    /// Where the condition stands after the last measurement.
    pub fn standing(&self) -> Standing {
        let (Some(before), Some(now)) = (self.before, self.last) else {
            return Standing::TooFew;
        };
        let span = self.since_ms.zip(self.last_ms);
        let span = span.map(|(since, last)| last.saturating_sub(since));
        let evidence = Evidence {
            over: Millis::from_millis(span.unwrap_or_default()),
            candidate: Arm::default(),
            stable: None,
            bad: Bad::Dropped { before, now },
        };
        match self.outcome {
            Outcome::Quiet => Standing::Quiet,
            Outcome::NoData => Standing::TooFew,
            Outcome::Rising => Standing::Rising(evidence),
            Outcome::Fires => Standing::Met(evidence),
        }
    }
}
