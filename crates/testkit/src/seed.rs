//! Repeatable chance.

use std::cell::Cell;

/// A repeatable source of numbers (SplitMix64): the same seed gives the same row.
#[derive(Debug)]
pub struct Seeded(Cell<u64>);

impl Seeded {
    /// The source that `seed` begins.
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// Begins again with another seed.
    pub fn begin(&self, seed: u64) {
        self.0.set(seed);
    }

    /// The next number.
    pub fn number(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 for a limit of 0.
    pub fn below(&self, limit: u64) -> u64 {
        self.number().checked_rem(limit).unwrap_or_default()
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`.
    pub fn pick<T: Clone>(&self, choices: &[T]) -> T {
        let count = u64::try_from(choices.len()).unwrap_or(u64::MAX);
        let at = usize::try_from(self.below(count)).unwrap_or_default();
        choices
            .get(at)
            .expect("there is something to choose from")
            .clone()
    }

    /// A source of its own, so that one part's numbers do not shift another's.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::new(self.number())
    }
}
