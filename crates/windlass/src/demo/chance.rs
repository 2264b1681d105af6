//! Where chance strikes: drawn from a seed that is printed, so that a run can be had again.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

/// A seed that nobody chose, short enough to type.
pub(crate) fn seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 40
}

/// The number from 1 to `most` that `seed` draws (splitmix64).
pub(crate) fn drawn(seed: u64, most: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    1 + (x ^ (x >> 31)) % most.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_draws_the_same_and_seeds_draw_everything() {
        let all: std::collections::BTreeSet<u64> = (0..200).map(|seed| drawn(seed, 10)).collect();
        assert_eq!(all, (1..=10).collect());
        assert_eq!(drawn(7, 1_000), drawn(7, 1_000));
        assert_eq!((drawn(3, 1), drawn(3, 0)), (1, 1));
    }
}
