//! Visitors in a hundred places, of which a slot has as many as its share.
//!
//! A place is not tied to a release: a share that grows adds places to those that it has. So whoever
//! was given the candidate keeps it, and the share is what was asked for, without a list of anybody.

use sha2::{Digest, Sha256};
use windlass_model::SlotId;

/// Places; a share is so many of them.
pub(crate) const PLACES: u64 = 100;
/// From one visitor's number to the next one's. It has no divisor in common with [`PLACES`], so any
/// hundred new visitors have all numbers, and is near their golden section, so those of a small share
/// are spread.
const STRIDE: u64 = 61;

/// A visitor's number, below [`PLACES`]: the same for every service and every rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(u64);

impl Number {
    /// That of the `position`th new visitor.
    pub(crate) fn in_turn(position: u64) -> Self {
        Self(position % PLACES * STRIDE % PLACES)
    }

    /// That of whoever has this name. It is the same in every router and every life of one.
    pub(crate) fn of_name(name: &[u8]) -> Self {
        let digest = Sha256::digest(name);
        let first = digest.iter().take(8);
        let sum = first.fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        Self(sum % PLACES)
    }

    /// One that a visitor brings: two digits.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let [tens, ones] = text else { return None };
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
        Some(Self(digit(tens)? * 10 + digit(ones)?))
    }

    pub(crate) fn get(self) -> u64 {
        self.0
    }
}

/// Which slot has which place.
#[derive(Debug)]
pub(crate) struct Cohorts {
    places: Box<[u16]>,
    /// Where the candidate's visitors begin: elsewhere in the next rollout, so that not always the same
    /// ones come first.
    begin: u64,
}

impl Cohorts {
    /// Gives each slot as many places as its weight says, the last one first: it is the candidate, and
    /// all that it had with a smaller weight it has with a larger one.
    pub(crate) fn new(slots: &[(SlotId, u8)]) -> Self {
        let last_first = slots.iter().enumerate().rev();
        let places = last_first.flat_map(|(index, (_, weight))| {
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            std::iter::repeat_n(index, usize::from(*weight))
        });
        let candidate = slots.last().map_or(0, |(slot, _)| u64::from(slot.0));
        Self {
            places: places.collect(),
            begin: candidate % PLACES * STRIDE % PLACES,
        }
    }

    /// The place in the table of the slot that `visitor` belongs to.
    pub(crate) fn slot(&self, visitor: Number) -> Option<usize> {
        let place = (visitor.0 + self.begin) % PLACES;
        let place = usize::try_from(place).ok()?;
        self.places.get(place).map(|slot| usize::from(*slot))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cohorts(candidate: u32, weight: u8) -> Cohorts {
        Cohorts::new(&[
            (SlotId(candidate.wrapping_sub(1)), 100 - weight),
            (SlotId(candidate), weight),
        ])
    }

    fn everybody() -> impl Iterator<Item = Number> {
        (0..PLACES).map(Number)
    }

    proptest! {
        #[test]
        fn who_has_the_candidate_keeps_it_while_its_share_grows(
            candidate: u32, one in 0u8..=100, other in 0u8..=100,
        ) {
            let (small, large) = (one.min(other), one.max(other));
            let (before, after) = (cohorts(candidate, small), cohorts(candidate, large));
            for visitor in everybody() {
                if before.slot(visitor) == Some(1) {
                    prop_assert_eq!(after.slot(visitor), Some(1));
                }
            }
        }

        #[test]
        fn of_any_hundred_new_visitors_each_slot_gets_exactly_its_share(
            candidate: u32, weight in 0u8..=100, from in 0u64..u64::MAX - 100,
        ) {
            let cohorts = cohorts(candidate, weight);
            let has_candidate = |position| cohorts.slot(Number::in_turn(position)) == Some(1);
            let count = (from..from + 100).filter(|position| has_candidate(*position)).count();
            prop_assert_eq!(count, usize::from(weight));
        }

        #[test]
        fn names_are_spread_as_the_share_says(weight in 1u8..=100, seed: u64) {
            let cohorts = cohorts(2, weight);
            let named = |n: u64| Number::of_name(format!("user-{seed}-{n}").as_bytes());
            let count = (0..4_000).filter(|n| cohorts.slot(named(*n)) == Some(1)).count();
            // Five times the deviation that chance has at most: sqrt(4000 × 0.25) is 32.
            let expected = 40 * usize::from(weight);
            prop_assert!(count.abs_diff(expected) <= 160, "{count} of 4000 at {weight} %");
        }
    }

    #[test]
    fn those_of_a_small_share_are_not_bunched() {
        let cohorts = cohorts(2, 5);
        let turns: Vec<u64> = (0..200)
            .filter(|position| cohorts.slot(Number::in_turn(*position)) == Some(1))
            .collect();
        let gaps = turns.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(
            gaps.clone().all(|gap| (15..=25).contains(&gap)),
            "{turns:?}"
        );
    }

    #[test]
    fn other_visitors_come_first_in_the_next_rollout() {
        let first = |candidate| -> Vec<u64> {
            let cohorts = cohorts(candidate, 5);
            let all = everybody().filter(|visitor| cohorts.slot(*visitor) == Some(1));
            all.map(Number::get).collect()
        };
        let rollouts: Vec<_> = (1..=10).flat_map(first).collect();
        let mut different = rollouts.clone();
        different.sort_unstable();
        different.dedup();
        assert!(different.len() >= 45, "{rollouts:?}");
    }

    #[test]
    fn only_two_digits_are_a_number() {
        assert_eq!(Number::parse(b"07"), Some(Number(7)));
        for bad in [&b""[..], b"7", b"007", b"a7", b"-7", b" 7"] {
            assert_eq!(Number::parse(bad), None);
        }
    }
}
