//! Counts of an interval as few bytes: most are zero, and most others are small.
//!
//! Of each slot: its place in the cast, its share plus one or zero, what came, and the counts of its answers.
//! Where answers beyond thresholds were counted, the share is told as so much more, and they follow it.
//! Those begin with a byte that says which are there; the buckets are told as so many, then each as its
//! distance from the one before and its count. Each number has seven bits to the byte, the least first.

use windlass_model::{Millis, Percent};

use crate::counts::{Part, Sum};

/// More than any share says.
const BEYOND: u64 = 102;

/// Counts beside the classes of answers, by their bits.
const CONNECT_FAILURES: u8 = 1 << 5;
const BROKEN: u8 = 1 << 6;
const LATE: u8 = 1 << 7;

/// Adds what the slot at `place` was seen to do.
pub(crate) fn fold(bytes: &mut Vec<u8>, place: usize, share: Option<Percent>, sum: &Sum) {
    number(bytes, place as u64);
    let more = if sum.beyond.is_empty() { 0 } else { BEYOND };
    number(
        bytes,
        share.map_or(0, |share| u64::from(share.get()) + 1) + more,
    );
    if more > 0 {
        number(bytes, sum.beyond.len() as u64);
        for (than, count) in &sum.beyond {
            number(bytes, than.as_millis());
            number(bytes, (*count).into());
        }
    }
    number(bytes, sum.dealt.into());
    fold_part(bytes, &sum.all, if sum.late.is_some() { LATE } else { 0 });
    if let Some(late) = &sum.late {
        fold_part(bytes, late, 0);
    }
}

fn fold_part(bytes: &mut Vec<u8>, part: &Part, late: u8) {
    let mut there = late;
    for (class, count) in part.answers.iter().enumerate() {
        there |= u8::from(*count > 0) << class;
    }
    let beside = [
        (CONNECT_FAILURES, part.connect_failures),
        (BROKEN, part.broken),
    ];
    for (bit, count) in beside {
        there |= if count > 0 { bit } else { 0 };
    }
    bytes.push(there);
    let counts = part
        .answers
        .into_iter()
        .chain(beside.map(|(_, count)| count));
    for count in counts.filter(|count| *count > 0) {
        number(bytes, count.into());
    }
    number(bytes, part.latency.len() as u64);
    let mut before = 0;
    for (bucket, count) in &part.latency {
        bytes.push(bucket - before);
        number(bytes, (*count).into());
        before = *bucket;
    }
}

fn number(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

/// What was folded, slot by slot.
pub(crate) struct Unfold<'b>(pub(crate) &'b [u8]);

impl Iterator for Unfold<'_> {
    type Item = (usize, Option<Percent>, Sum);

    fn next(&mut self) -> Option<Self::Item> {
        let place = usize::try_from(self.number()?).ok()?;
        let said = self.number()?;
        let mut beyond = Vec::new();
        if said >= BEYOND {
            for _ in 0..self.number()? {
                beyond.push((Millis::from_millis(self.number()?), self.count()?));
            }
        }
        let share = (said % BEYOND).checked_sub(1);
        let share = share.and_then(|share| Percent::new(share).ok());
        let dealt = self.count()?;
        let (all, there) = self.part()?;
        let late = if there & LATE > 0 {
            Some(Box::new(self.part()?.0))
        } else {
            None
        };
        let sum = Sum {
            dealt,
            all,
            beyond,
            late,
        };
        Some((place, share, sum))
    }
}

impl Unfold<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn count(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn part(&mut self) -> Option<(Part, u8)> {
        let there = self.byte()?;
        let mut part = Part::default();
        for (class, count) in part.answers.iter_mut().enumerate() {
            if there & (1 << class) > 0 {
                *count = self.count()?;
            }
        }
        if there & CONNECT_FAILURES > 0 {
            part.connect_failures = self.count()?;
        }
        if there & BROKEN > 0 {
            part.broken = self.count()?;
        }
        let mut bucket = 0u8;
        for _ in 0..self.number()? {
            bucket = bucket.checked_add(self.byte()?)?;
            part.latency.push((bucket, self.count()?));
        }
        Some((part, there))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn counts() -> impl Strategy<Value = u32> {
        prop_oneof![3 => Just(0), 3 => 1u32..200, 1 => any::<u32>()]
    }

    fn part() -> impl Strategy<Value = Part> {
        let latency = proptest::collection::btree_map(0u8..=121, 1u32.., 0..=122);
        let answers = proptest::array::uniform5(counts());
        (answers, counts(), counts(), latency).prop_map(|(answers, failures, broken, latency)| {
            let latency: BTreeMap<u8, u32> = latency;
            Part {
                answers,
                connect_failures: failures,
                broken,
                latency: latency.into_iter().collect(),
            }
        })
    }

    fn sum() -> impl Strategy<Value = Sum> {
        let late = proptest::option::of(part().prop_map(Box::new));
        let beyond = (0u64..1_000_000).prop_map(Millis::from_millis);
        let beyond = proptest::collection::vec((beyond, counts()), 0..4);
        (counts(), part(), beyond, late).prop_map(|(dealt, all, beyond, late)| Sum {
            dealt,
            all,
            beyond,
            late,
        })
    }

    fn share() -> impl Strategy<Value = Option<Percent>> {
        proptest::option::of((0u64..=100).prop_map(|share| Percent::new(share).expect("a share")))
    }

    proptest! {
        #[test]
        fn what_is_unfolded_is_what_was_folded(
            cells in proptest::collection::vec((0usize..100_000, share(), sum()), 0..20),
        ) {
            let mut bytes = Vec::new();
            for (place, share, sum) in &cells {
                fold(&mut bytes, *place, *share, sum);
            }
            prop_assert_eq!(Unfold(&bytes).collect::<Vec<_>>(), cells);
        }

        #[test]
        fn bytes_that_nothing_was_folded_into_end(bytes: Vec<u8>) {
            let slots = Unfold(&bytes).count();
            prop_assert!(slots <= bytes.len());
        }
    }
}
