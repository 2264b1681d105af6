//! Exact shares: smooth weighted round robin, unrolled once per table.

/// The order in which slots take requests. Any stretch of requests as long as the wheel holds each
/// slot exactly as often as its weight says; a slot's turns are spread, not bunched.
#[derive(Debug, Default)]
pub(crate) struct Wheel(Box<[u16]>);

impl Wheel {
    /// Unrolls `weights` (at most a hundred each). All zero makes an empty wheel.
    pub(crate) fn new(weights: &[u8]) -> Self {
        let divisor = weights.iter().fold(0, |a, b| gcd(a, u32::from(*b)));
        if divisor == 0 {
            return Self::default();
        }
        let weights: Vec<i64> = weights
            .iter()
            .map(|w| i64::from(u32::from(*w) / divisor))
            .collect();
        let sum: i64 = weights.iter().sum();
        let mut current = vec![0i64; weights.len()];
        let mut turns = Vec::new();
        for _ in 0..sum {
            let mut best = 0;
            for (index, weight) in weights.iter().enumerate() {
                current[index] += weight;
                if current[index] > current[best] {
                    best = index;
                }
            }
            current[best] -= sum;
            turns.push(u16::try_from(best).unwrap_or(u16::MAX));
        }
        Self(turns.into())
    }

    /// Whose turn the `position`th request is.
    pub(crate) fn turn(&self, position: u64) -> Option<usize> {
        let length = u64::try_from(self.0.len()).ok().filter(|l| *l > 0)?;
        let index = usize::try_from(position % length).ok()?;
        self.0.get(index).map(|slot| usize::from(*slot))
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(weights: &[u8], from: u64, length: u64) -> Vec<usize> {
        let wheel = Wheel::new(weights);
        let mut counts = vec![0; weights.len()];
        for position in from..from + length {
            counts[wheel.turn(position).expect("a turn")] += 1;
        }
        counts
    }

    #[test]
    fn any_hundred_requests_hold_each_share_exactly() {
        for weights in [[95, 5], [99, 1], [50, 50], [67, 33], [0, 100], [100, 0]] {
            for from in 0..250 {
                let expected: Vec<usize> = weights.iter().map(|w| usize::from(*w)).collect();
                assert_eq!(
                    counts(&weights, from, 100),
                    expected,
                    "{weights:?} at {from}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn any_shares_are_exact_over_any_hundred_requests(
            one in 0u8..=100, other in 0u8..=100, from in 0u64..u64::MAX - 100,
        ) {
            let other = other.min(100 - one);
            let weights = [one, other, 100 - one - other];
            let expected: Vec<usize> = weights.iter().map(|w| usize::from(*w)).collect();
            prop_assert_eq!(counts(&weights, from, 100), expected);
        }
    }

    #[test]
    fn turns_are_spread_not_bunched() {
        let wheel = Wheel::new(&[75, 25]);
        let turns: Vec<_> = (0..8).filter_map(|p| wheel.turn(p)).collect();
        assert_eq!(turns, [0, 0, 1, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn a_wheel_without_weight_has_no_turn() {
        assert_eq!(Wheel::new(&[]).turn(7), None);
        assert_eq!(Wheel::new(&[0, 0]).turn(7), None);
    }
}
