//! Waiting in vain: time in which clients waited one after another, and nothing came.
//!
//! That some leave at once says little: one pause is enough for it, and if nobody comes after them nobody
//! knows whether it is over. It is the time all through which somebody waited that says something.

use std::time::{Duration, Instant};

/// The newest stretch of such time, and how many have left in it. However many do, it takes no more room.
#[derive(Debug, Default)]
pub(crate) struct Vain {
    stretch: Option<(Instant, Instant)>,
    left: u64,
}

impl Vain {
    /// Adds the time that one wait speaks for, and so many that have `left` with it. Beyond a `gap` a new
    /// stretch begins.
    pub(crate) fn add(&mut self, (from, until): (Instant, Instant), gap: Duration, left: u64) {
        let (first, last) = self.stretch.unwrap_or((from, until));
        if from > last + gap {
            self.stretch = Some((from, until));
            self.left = left;
        } else if until + gap >= first {
            self.stretch = Some((first.min(from), last.max(until)));
            self.left += left;
        }
        // What else there is lies before the stretch, and apart from it.
    }

    /// How many have left in it.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// How long it is; nothing once it has ended.
    pub(crate) fn lasts(&self, now: Instant, gap: Duration) -> Duration {
        let goes_on = self.stretch.filter(|(_, last)| now <= *last + gap);
        goes_on.map_or(Duration::ZERO, |(first, last)| last.duration_since(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_secs(1);

    /// What becomes of these waits, by their first and last second: how long the stretch is after the last of
    /// them, and how many have left in it.
    fn stretch(waits: &[(u64, u64)]) -> (u64, u64) {
        let begun = Instant::now();
        let at = |second: u64| begun + Duration::from_secs(second);
        let mut vain = Vain::default();
        for (from, until) in waits {
            vain.add((at(*from), at(*until)), GAP, 1);
        }
        let last = waits.iter().map(|(_, until)| *until).max().unwrap_or(0);
        (vain.lasts(at(last), GAP).as_secs(), vain.left())
    }

    #[test]
    fn waits_that_follow_each_other_are_one_stretch() {
        assert_eq!(stretch(&[]), (0, 0));
        assert_eq!(stretch(&[(0, 2), (1, 3), (3, 5), (6, 8)]), (8, 4));
        assert_eq!(stretch(&[(0, 3), (0, 3), (0, 3)]), (3, 3));
    }

    #[test]
    fn time_in_which_nobody_waited_begins_a_new_one() {
        assert_eq!(stretch(&[(0, 3), (0, 3), (5, 7)]), (2, 1));
        // One that came before and leaves after it spans what is left of it.
        assert_eq!(stretch(&[(0, 3), (5, 7), (2, 8)]), (6, 2));
        // One that is told too late is not believed.
        assert_eq!(stretch(&[(5, 7), (0, 3)]), (2, 1));
    }

    #[test]
    fn it_has_ended_once_nobody_waits_any_more() {
        let begun = Instant::now();
        let mut vain = Vain::default();
        vain.add((begun, begun + GAP * 4), GAP, 1);
        assert_eq!(vain.lasts(begun + GAP * 5, GAP), GAP * 4);
        assert_eq!(vain.lasts(begun + GAP * 6, GAP), Duration::ZERO);
    }
}
