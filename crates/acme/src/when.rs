//! When a certificate is ordered. Times are in seconds since 1970.

use sha2::{Digest, Sha256};
use windlass_model::Host;

use crate::limits::{FIRST_PAUSE, LONGEST_ASKED, LONGEST_PAUSE};

/// When the certificate of `host` that is good `from` then `until` then is renewed: at two thirds of its
/// life, or up to a twentieth of it sooner, so that not all hosts of a machine are renewed at once.
pub fn renewal(host: &Host, from: i64, until: i64) -> i64 {
    let life = until.saturating_sub(from).max(0);
    let sooner = life / (20 * 256) * spread(host.as_str());
    from.saturating_add(life / 3 * 2).saturating_sub(sooner)
}

/// When an order is tried again that failed `failures` times in a row, the last time `now`. `asked` is how
/// long the authority wants to be left alone.
pub(crate) fn again(host: &Host, now: i64, failures: u32, asked: Option<u64>) -> i64 {
    let doublings = failures.saturating_sub(1).min(u64::BITS - 1);
    let pause = FIRST_PAUSE
        .saturating_mul(1_u64 << doublings)
        .min(LONGEST_PAUSE);
    let later = pause / 8 * spread(host.as_str()).unsigned_abs() / 256;
    let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
    now.saturating_add_unsigned((pause + later).max(asked))
}

/// Something from 0 to 255 that differs from host to host and stays.
fn spread(host: &str) -> i64 {
    Sha256::digest(host.as_bytes())
        .first()
        .map_or(0, |byte| i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn hosts() -> Vec<Host> {
        let names = (0..200).map(|number| format!("h{number}.example"));
        names
            .map(|name| Host::new(&name).expect("a host"))
            .collect()
    }

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_life_and_not_all_at_once() {
        let all: Vec<i64> = hosts().iter().map(|h| renewal(h, 0, 90 * DAY)).collect();
        let (first, last) = (all.iter().min(), all.iter().max());
        assert!(first.is_some_and(|at| (55 * DAY..57 * DAY).contains(at)));
        assert!(last.is_some_and(|at| (59 * DAY..=60 * DAY).contains(at)));
        let host = &hosts()[0];
        assert_eq!(renewal(host, 0, 90 * DAY), renewal(host, 0, 90 * DAY));
        // One that is over before it begins is due at once.
        assert_eq!(renewal(host, 10, 5), 10);
        assert!(renewal(host, i64::MIN, i64::MAX) < i64::MAX);
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_an_authority_may_ask_for_more() {
        for host in &hosts() {
            let pause = |failures, asked| again(host, 0, failures, asked);
            assert!((120..=135).contains(&pause(1, None)));
            assert!((240..=270).contains(&pause(2, None)));
            let longest = 8 * 60 * 60;
            assert!((longest..=longest / 8 * 9).contains(&pause(1_000, None)));
            assert_eq!(pause(1, Some(86_400)), 86_400);
            assert_eq!(pause(1, Some(u64::MAX)), 7 * DAY);
            let within: i64 = (1..=5).map(|failures| pause(failures, None)).sum();
            assert!(within > 60 * 60, "five orders an hour");
        }
    }
}
