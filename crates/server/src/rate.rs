//! How often each client may ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use windlass_api::{Exit, Problem};
use windlass_model::{DeploymentId, ServiceName};

use crate::Limits;
use crate::limits::Rate;

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// The private socket's owner.
    Owner,
    /// The holders of a token, by its id.
    Token(String),
    /// The runs of a service's command in a deployment.
    Run(DeploymentId, ServiceName),
    /// Whoever asks from an address without a token that is known.
    Stranger(IpAddr),
}

/// A bucket per client. It keeps no more than [`Limits::counted`] of them.
pub(crate) struct Buckets {
    all: Mutex<HashMap<Counted, Bucket>>,
    limits: Limits,
}

/// What is left, in thousandths of a request, and when that was.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u64,
    at: Instant,
}

impl Buckets {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            all: Mutex::default(),
            limits,
        }
    }

    /// Takes one request from the client's bucket.
    pub(crate) fn take(&self, who: Counted, now: Instant) -> Result<(), Problem> {
        let rate = match who {
            Counted::Owner => self.limits.owner_rate,
            Counted::Token(_) => self.limits.token_rate,
            Counted::Run(..) => self.limits.run_rate,
            Counted::Stranger(_) => self.limits.stranger_rate,
        };
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= self.limits.counted && !all.contains_key(&who) {
            forget_one(&mut all);
        }
        let bucket = all.entry(who).or_insert(Bucket {
            left: full(rate),
            at: now,
        });
        bucket.gain(rate, now);
        match bucket.left.checked_sub(ONE) {
            Some(left) => {
                bucket.left = left;
                Ok(())
            }
            None => Err(too_often(rate)),
        }
    }
}

/// One request, in the bucket's unit.
const ONE: u64 = 1_000;

fn full(rate: Rate) -> u64 {
    u64::from(rate.burst) * ONE
}

impl Bucket {
    fn gain(&mut self, rate: Rate, now: Instant) {
        let since: Duration = now.saturating_duration_since(self.at);
        // A thousandth of a request per millisecond and per request a second.
        let gained = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let gained = gained.saturating_mul(u64::from(rate.per_second));
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(full(rate));
            self.at = now;
        }
    }
}

/// Drops the bucket that rested longest: it is the fullest.
fn forget_one(all: &mut HashMap<Counted, Bucket>) {
    let oldest = all.iter().min_by_key(|(_, bucket)| bucket.at);
    if let Some(who) = oldest.map(|(who, _)| who.clone()) {
        all.remove(&who);
    }
}

fn too_often(rate: Rate) -> Problem {
    Problem::new(429, "WL0368", Exit::Unreachable, "too many requests")
        .detail(format!("{} a second may be made", rate.per_second))
        .hint("wait a second and try again")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn small() -> Limits {
        let rate = Rate {
            per_second: 2,
            burst: 3,
        };
        Limits {
            token_rate: rate,
            stranger_rate: rate,
            counted: 2,
            ..Limits::default()
        }
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let buckets = Buckets::new(small());
        let begin = Instant::now();
        let ask = |after: u64| {
            let now = begin + Duration::from_millis(after);
            buckets.take(Counted::Token("a".to_owned()), now).is_ok()
        };
        assert_eq!([ask(0), ask(0), ask(0), ask(0)], [true, true, true, false]);
        assert!(!ask(499));
        assert!(ask(500));
        assert!(!ask(500));
        assert_eq!(
            [ask(9_000), ask(9_000), ask(9_000), ask(9_000)],
            [true, true, true, false]
        );
    }

    #[test]
    fn one_client_takes_nothing_from_another_and_few_are_remembered() {
        let buckets = Buckets::new(small());
        let begin = Instant::now();
        for last in 0..50 {
            let who = Counted::Stranger(Ipv4Addr::new(10, 0, 0, last).into());
            let now = begin + Duration::from_millis(u64::from(last));
            assert!(buckets.take(who, now).is_ok());
        }
        assert_eq!(buckets.all.lock().expect("no panic").len(), 2);
    }
}
