//! Seeded choice: the same seed, the same points.

use std::time::Duration;

/// A stream of numbers from a seed (SplitMix64, Steele et al. 2014).
#[derive(Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, 0 if there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// A moment before `end`.
    pub(super) fn moment(&mut self, end: Duration) -> Duration {
        let millis = usize::try_from(end.as_millis()).unwrap_or(usize::MAX);
        Duration::from_millis(u64::try_from(self.below(millis)).unwrap_or(0))
    }

    /// So many percent of `all`, at least one of those there are, in their order.
    pub(super) fn share<T: Clone>(&mut self, all: &[T], percent: u8) -> Vec<T> {
        let wanted = (all.len() * usize::from(percent)).div_ceil(100);
        let mut left: Vec<usize> = (0..all.len()).collect();
        let mut chosen = Vec::with_capacity(wanted);
        while chosen.len() < wanted && !left.is_empty() {
            let at = self.below(left.len());
            chosen.push(left.swap_remove(at));
        }
        chosen.sort_unstable();
        chosen
            .into_iter()
            .filter_map(|index| all.get(index).cloned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_the_same_for_the_same_seed_and_another_for_another() {
        let all: Vec<usize> = (0..100).collect();
        let quarter = |seed| Draw::new(seed).share(&all, 25);
        assert_eq!(quarter(1).len(), 25);
        assert_eq!(quarter(1), quarter(1));
        assert_ne!(quarter(1), quarter(2));
        assert!(quarter(1).is_sorted());
    }

    #[test]
    fn the_whole_share_is_everything_and_a_small_one_is_not_empty() {
        let all = ["a", "b", "c"];
        assert_eq!(Draw::new(9).share(&all, 100), all);
        assert_eq!(Draw::new(9).share(&all, 1).len(), 1);
        assert!(Draw::new(9).share::<u8>(&[], 50).is_empty());
    }

    #[test]
    fn a_moment_lies_before_the_end() {
        let mut draw = Draw::new(3);
        let end = Duration::from_millis(5);
        assert!((0..100).all(|_| draw.moment(end) < end));
        assert_eq!(draw.moment(Duration::ZERO), Duration::ZERO);
    }
}
