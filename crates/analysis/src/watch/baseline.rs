//! What a candidate is compared with: what serves beside it, else what served before it.

use super::counts::{Counts, Interval};
use super::standing::Baseline;
use crate::ratio::Arm;

/// Where a comparison is taken from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<'c> {
    pub(super) counts: &'c Counts,
    beside: bool,
}

impl<'c> Beside<'c> {
    /// The stable release of the same interval if that has enough, else what it did before the
    /// candidate came; none where neither has.
    pub(super) fn of(
        interval: &'c Interval,
        past: &'c Counts,
        enough: impl Fn(&Counts) -> bool,
    ) -> Option<Self> {
        let choices = [(&interval.stable, true), (past, false)];
        let mut good = choices.into_iter().filter(|(counts, _)| enough(counts));
        good.next().map(|(counts, beside)| Self { counts, beside })
    }

    pub(super) const fn told(self, arm: Arm) -> Baseline {
        Baseline {
            arm,
            beside: self.beside,
        }
    }
}
