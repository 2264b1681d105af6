//! The exact binomial distribution, with nothing but the four operations: the same on each machine.

use crate::numbers::real;

/// The chance of at least `least` hits in `tries` at `chance` each.
pub(crate) fn at_least(least: u64, tries: u64, chance: f64) -> f64 {
    if least == 0 {
        return 1.0;
    }
    if least > tries || chance <= 0.0 {
        return 0.0;
    }
    if chance >= 1.0 {
        return 1.0;
    }
    let odds = chance / (1.0 - chance);
    let mut term = power(1.0 - chance, tries);
    let mut below = term;
    for hits in 1..least {
        term *= odds * real(tries - hits + 1) / real(hits);
        below += term;
    }
    (1.0 - below).max(0.0)
}

/// By squaring: `powi` may differ from machine to machine.
fn power(base: f64, exponent: u64) -> f64 {
    let (mut base, mut left, mut done) = (base, exponent, 1.0);
    while left > 0 {
        if left % 2 == 1 {
            done *= base;
        }
        base *= base;
        left /= 2;
    }
    done
}

/// The smallest number of tries from which on more than `above` parts of ten thousand are hits by
/// chance, at `chance` each, with a chance of at most `limit`.
///
/// So many hits are passed by fewer and fewer tries as the tries grow, until one more hit is needed:
/// the chance is worst at the last number of tries that the hits still pass. It is enough to find
/// the first number of hits whose worst chance is small.
pub(crate) fn fewest(above: u16, chance: f64, limit: f64) -> u64 {
    let parts = u64::from(above);
    if parts == 0 || parts >= 10_000 {
        return 1;
    }
    let last_passing = |hits: u64| (hits * 10_000 - 1) / parts;
    let mut fewest = 1;
    for hits in 1..=MOST_HITS {
        let last = last_passing(hits);
        if at_least(hits, last, chance) <= limit {
            break;
        }
        fewest = last + 1;
    }
    fewest
}

/// Hits looked at: at a chance of at most half the threshold far fewer are enough.
const MOST_HITS: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_tables() {
        let close = |left: f64, right: f64| (left - right).abs() < 1e-9;
        assert!(close(at_least(1, 10, 0.5), 1.0 - 1.0 / 1024.0));
        assert!(close(at_least(10, 10, 0.5), 1.0 / 1024.0));
        assert!(close(at_least(3, 5, 0.25), 0.103_515_625));
        assert!(close(at_least(0, 5, 0.25), 1.0));
        assert!(close(at_least(6, 5, 0.25), 0.0));
    }

    #[test]
    fn known_sample_sizes_come_out() {
        assert_eq!(fewest(100, 0.001, 1e-6), 800);
        assert_eq!(fewest(1_000, 0.001, 1e-6), 30);
        assert_eq!(fewest(1_000, 0.01, 1e-6), 80);
        assert_eq!(fewest(500, 0.005, 1e-6), 160);
    }

    #[test]
    fn from_there_on_no_number_of_tries_passes_the_limit() {
        for (above, limit) in [(100, 1e-6), (500, 0.063), (30, 0.063), (1_000, 1e-3)] {
            let fewest = fewest(above, 0.001, limit);
            let hits = |tries: u64| tries * u64::from(above) / 10_000 + 1;
            for tries in fewest..fewest + 3_000 {
                let chance = at_least(hits(tries), tries, 0.001);
                assert!(chance <= limit, "{above}: {chance} at {tries}");
            }
            if fewest > 1 {
                let before = fewest - 1;
                assert!(at_least(hits(before), before, 0.001) > limit);
            }
        }
    }
}
