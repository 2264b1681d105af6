//! When the record of a candidate is told again.

use windlass_model::{Percent, Verdict};

/// Time after which a record is told again, though it says the same: as often as a wait is journalled.
const TOLD_EVERY_MS: u64 = 5_000;

/// What makes a record news: another verdict, another share, that something was compared there, that a
/// trigger is about to fire, or that more or less is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gist {
    pub(crate) share: Percent,
    pub(crate) verdict: Verdict,
    pub(crate) compared: bool,
    pub(crate) rises: bool,
    pub(crate) read: usize,
    pub(crate) never_read: usize,
}

/// A record that was told.
pub(crate) struct Told {
    pub(crate) gist: Gist,
    /// By the router's ticks.
    pub(crate) at_ms: u64,
    /// Requests that were compared at its share.
    pub(crate) requests: u64,
}

impl Told {
    /// Whether it says how things stand `now`. A quarter more requests is another record: the last one that was
    /// told is what a person reads at the end, and there are only as many of them as the logarithm of the requests.
    pub(crate) fn stands(&self, now: &Self) -> bool {
        let lately =
            now.at_ms.saturating_sub(self.at_ms) < TOLD_EVERY_MS && now.at_ms >= self.at_ms;
        let few_more = now.requests <= self.requests.saturating_add(self.requests / 4);
        self.gist == now.gist && lately && few_more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(at_ms: u64, requests: u64) -> Told {
        Told {
            gist: Gist {
                share: Percent::FULL,
                verdict: Verdict::Inconclusive,
                compared: true,
                rises: false,
                read: 0,
                never_read: 0,
            },
            at_ms,
            requests,
        }
    }

    #[test]
    fn a_quarter_more_requests_is_told_at_once_and_all_else_after_five_seconds() {
        let first = told(1_000, 100);
        assert!(first.stands(&told(1_100, 125)));
        assert!(!first.stands(&told(1_100, 126)));
        assert!(first.stands(&told(5_999, 100)));
        assert!(!first.stands(&told(6_000, 100)));
        let few = told(1_000, 2);
        assert!(!few.stands(&told(1_100, 3)), "few are told each time");
    }
}
