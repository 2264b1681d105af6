//! What was counted of one slot since the router began: each interval is added when it ends.

use windlass_model::LATENCY_EDGES_US;

/// One bucket per edge and one above.
pub(crate) const BUCKETS: usize = LATENCY_EDGES_US.len() + 1;

/// Counts that only ever grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    /// Answers by status class: 1xx to 5xx.
    pub(crate) answers: [u64; 5],
    /// Instances that could not be connected to.
    pub(crate) connect_failures: u64,
    /// Answers that broke off.
    pub(crate) broken: u64,
    /// Requests that were sent again, by the service's policy.
    pub(crate) retries: u64,
    /// Requests whose client left before the answer was whole.
    pub(crate) left: u64,
    /// Bytes that clients sent on.
    pub(crate) received: u64,
    /// Bytes that clients were sent.
    pub(crate) sent: u64,
    /// Microseconds until the head of each answer, all together.
    pub(crate) waited_us: u64,
    /// Answers by the time until their head.
    pub(crate) latency: [u64; BUCKETS],
}

impl Default for Total {
    fn default() -> Self {
        Self {
            answers: [0; 5],
            connect_failures: 0,
            broken: 0,
            retries: 0,
            left: 0,
            received: 0,
            sent: 0,
            waited_us: 0,
            latency: [0; BUCKETS],
        }
    }
}
