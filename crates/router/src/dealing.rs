//! The split under which a slot is given requests now.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

use windlass_model::Percent;

use crate::counts::{Came, Counts, Sum};

/// Bits that hold a share.
const SHARE_BITS: u32 = 8;

/// Number and share of the split in effect, in one word that changes with the table.
#[derive(Debug, Default)]
pub(crate) struct Dealing {
    now: AtomicU64,
    /// The word when the last interval ended; only ticks look at it.
    before: AtomicU64,
}

impl Dealing {
    /// From here on another table is in effect.
    pub(crate) fn begin(&self, split: u64, weight: u8) {
        self.now
            .store((split << SHARE_BITS) | u64::from(weight), SeqCst);
    }

    /// Whether what began under `split` is of the one in effect. One load of a word that only a change
    /// of the table writes.
    pub(crate) fn came(&self, split: u64) -> Came {
        if self.now.load(Relaxed) >> SHARE_BITS == split {
            Came::Timely
        } else {
            Came::Late
        }
    }

    /// Ends an interval: what was counted in it, and the share that was in effect all through it. None
    /// where that changed; also where it changed just when the interval before ended, since some of
    /// that one may be counted here.
    pub(crate) fn tick(&self, counts: &Counts) -> (Option<Sum>, Option<Percent>) {
        let begun = self.now.load(SeqCst);
        let sum = counts.take();
        let ended = self.now.load(SeqCst);
        let before = self.before.swap(begun, Relaxed);
        let steady = before == begun && begun == ended;
        let share = u8::try_from(ended & u64::from(u8::MAX)).ok();
        let share = share.and_then(|share| Percent::try_from(share).ok());
        (sum, share.filter(|_| steady))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_a_share_only_where_that_did_not_change_in_it() {
        let (dealing, counts) = (Dealing::default(), Counts::new(1));
        let share = || dealing.tick(&counts).1.map(Percent::get);
        dealing.begin(1, 25);
        assert_eq!(share(), None);
        assert_eq!(share(), Some(25));
        dealing.begin(2, 50);
        assert_eq!(share(), None);
        assert_eq!((share(), share()), (Some(50), Some(50)));
        assert_eq!(dealing.came(1), Came::Late);
        assert_eq!(dealing.came(2), Came::Timely);
    }
}
