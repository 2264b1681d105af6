//! What to send, and the limits.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::connection::Reuse;

/// Most requests per second.
pub const PER_SECOND_MOST: u32 = 20_000;

/// Most connections at a time.
pub const CONNECTIONS_MOST: usize = 1_024;

/// Most requests of one run.
pub const REQUESTS_MOST: u64 = 20_000_000;

/// Longest run.
pub const RUN_MOST: Duration = Duration::from_hours(4);

/// Longest wait for an answer.
pub const TIMEOUT_MOST: Duration = Duration::from_mins(2);

/// What to send, where and how fast.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// Who is asked.
    pub target: SocketAddr,
    /// Path and query of every request, starting with a slash.
    pub path: String,
    /// Requests that leave each second, at most [`PER_SECOND_MOST`].
    pub per_second: u32,
    /// Connections at a time, at most [`CONNECTIONS_MOST`]. A request that finds none free waits,
    /// and its latency counts on.
    pub connections: usize,
    /// Every n-th request has a connection of its own, closed after it.
    pub fresh_every: Option<NonZeroU32>,
    /// Longest time from when a request is due to the end of its answer, at most [`TIMEOUT_MOST`].
    pub timeout: Duration,
}

impl LoadPlan {
    /// The same within all limits.
    pub(crate) fn bounded(mut self) -> Self {
        self.per_second = self.per_second.clamp(1, PER_SECOND_MOST);
        self.connections = self.connections.clamp(1, CONNECTIONS_MOST);
        self.timeout = self.timeout.min(TIMEOUT_MOST);
        self
    }

    /// How long after the start request `number` is due.
    pub(crate) fn due(&self, number: u64) -> Duration {
        let rate = u64::from(self.per_second);
        let nanos = (number % rate).saturating_mul(1_000_000_000) / rate;
        Duration::from_secs(number / rate) + Duration::from_nanos(nanos)
    }

    /// Whether request `number` has a connection of its own.
    pub(crate) fn reuse(&self, number: u64) -> Reuse {
        match self.fresh_every {
            Some(every) if (number + 1).is_multiple_of(u64::from(every.get())) => Reuse::Fresh,
            Some(_) | None => Reuse::KeepAlive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(per_second: u32) -> LoadPlan {
        LoadPlan {
            target: SocketAddr::from(([127, 0, 0, 1], 1)),
            path: "/".to_owned(),
            per_second,
            connections: 1,
            fresh_every: NonZeroU32::new(3),
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn requests_are_due_at_even_distances_without_drift() {
        let plan = plan(300);
        assert_eq!(plan.due(0), Duration::ZERO);
        assert_eq!(plan.due(150), Duration::from_millis(500));
        assert_eq!(plan.due(300 * 3_600), Duration::from_hours(1));
        assert_eq!(plan.due(300 * 3_600 + 3), Duration::from_millis(3_600_010));
    }

    #[test]
    fn every_third_is_fresh() {
        let fresh: Vec<u64> = (0..9)
            .filter(|n| plan(1).reuse(*n) == Reuse::Fresh)
            .collect();
        assert_eq!(fresh, [2, 5, 8]);
    }

    #[test]
    fn what_is_beyond_a_limit_is_brought_within() {
        let mut wild = plan(u32::MAX);
        wild.connections = 0;
        wild.timeout = Duration::MAX;
        let tame = wild.bounded();
        assert_eq!(tame.per_second, PER_SECOND_MOST);
        assert_eq!(tame.connections, 1);
        assert_eq!(tame.timeout, TIMEOUT_MOST);
    }
}
