//! What one controller lets its clients use.

use std::time::Duration;

/// Limits of the server. The default is what the controller runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Event streams at a time; further ones are refused as *busy*.
    pub watchers: usize,
    /// Longest time for a request's head to arrive, also of the first byte.
    pub head_within: Duration,
    /// Longest time for a request's body to arrive.
    pub body_within: Duration,
    /// Longest body, in bytes.
    pub body: usize,
    /// How long open requests may go on once the server is to end.
    pub ending_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 128,
            watchers: 64,
            head_within: Duration::from_secs(5),
            body_within: Duration::from_secs(10),
            body: 2 * 1024 * 1024,
            ending_within: Duration::from_secs(2),
        }
    }
}
