//! Short intervals, put together until both releases had requests in them.
//!
//! The router's ticks are shorter than the pauses between requests where there are few: in most of them only
//! one release answers, and such a tick compares nothing. All of a stretch have the same split, so what
//! changes within it changes for both. When a stretch ends depends on who had requests and never on how they
//! were answered: what is compared stays a test at every look.

use serde::{Deserialize, Serialize};

use crate::ratio::Tick;

/// Longest stretch, in milliseconds. Beyond it what came at its beginning is beside nothing any more.
const LONGEST_MS: u64 = 5_000;

/// What came so far and is not compared yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Joined {
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    from_ms: u64,
    tick: Tick,
}

impl Joined {
    /// Adds what came from and until then; returns a stretch in which both had requests.
    pub(super) fn push(&mut self, from_ms: u64, until_ms: u64, tick: Tick) -> Option<Tick> {
        let open = self.open.take();
        let open = open.filter(|open| until_ms.saturating_sub(open.from_ms) <= LONGEST_MS);
        let joined = open.map_or(Open { from_ms, tick }, |open| Open {
            from_ms: open.from_ms,
            tick: open.tick.plus(tick),
        });
        if joined.tick.share().is_some() {
            return Some(joined.tick);
        }
        self.open = (joined.tick.requests() > 0).then_some(joined);
        None
    }

    /// What came before has another split, or something is missing between.
    pub(super) fn begin_anew(&mut self) {
        self.open = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(stable: u64, candidate: u64) -> Tick {
        Tick::of([stable, 0, candidate, 0]).expect("none is bad")
    }

    #[test]
    fn what_only_one_answered_waits_for_the_other_and_nothing_is_lost() {
        let mut joined = Joined::default();
        assert_eq!(joined.push(0, 100, tick(3, 0)), None);
        assert_eq!(joined.push(100, 200, tick(0, 0)), None);
        assert_eq!(joined.push(200, 300, tick(0, 1)), Some(tick(3, 1)));
        assert_eq!(joined.push(300, 400, tick(2, 1)), Some(tick(2, 1)));
        assert_eq!(joined.push(400, 500, tick(0, 0)), None);
    }

    #[test]
    fn what_is_too_old_or_of_another_split_is_beside_nothing() {
        let mut joined = Joined::default();
        assert_eq!(joined.push(0, 100, tick(3, 0)), None);
        assert_eq!(joined.push(5_000, 5_100, tick(0, 1)), None);
        assert_eq!(joined.push(5_100, 5_200, tick(1, 0)), Some(tick(1, 1)));
        assert_eq!(joined.push(5_200, 5_300, tick(3, 0)), None);
        joined.begin_anew();
        assert_eq!(joined.push(5_300, 5_400, tick(0, 1)), None);
    }
}
