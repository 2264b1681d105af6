//! What one controller lets its clients use.

use std::time::Duration;

/// How often something may happen: a bucket of `burst` tokens that gains `per_second` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens gained in a second.
    pub per_second: u32,
    /// Most tokens.
    pub burst: u32,
}

/// Limits of the server. The default is what the controller runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time on the private socket, and as many again over the network; further ones
    /// wait in the kernel's queue.
    pub connections: usize,
    /// Connections at a time at each address that was opened for the runs of commands.
    pub run_connections: usize,
    /// Of those over the network, most from one address; further ones are told so and closed.
    pub connections_each: usize,
    /// Event streams at a time on the private socket, and as many again over the network; further ones
    /// are refused as *busy*.
    pub watchers: usize,
    /// Of those over the network, most with one token.
    pub watchers_each: usize,
    /// Longest time for a request's head to arrive, also of the first byte and for a TLS handshake.
    pub head_within: Duration,
    /// The same at an address for the runs of commands. Whoever speaks there is on this machine, and
    /// whoever is silent takes a place from a run.
    pub run_head_within: Duration,
    /// Longest head: path, query and headers, in bytes.
    pub head: usize,
    /// Most headers.
    pub headers: usize,
    /// Longest time for a request's body to arrive.
    pub body_within: Duration,
    /// Longest body, in bytes.
    pub body: usize,
    /// Longest body of a report, in bytes.
    pub report_body: usize,
    /// Requests of the private socket's owner.
    pub owner_rate: Rate,
    /// Requests of each token.
    pub token_rate: Rate,
    /// Requests of the command of each service in each deployment.
    pub run_rate: Rate,
    /// Requests without a token that is known, of each address.
    pub stranger_rate: Rate,
    /// Tokens and addresses whose requests are counted; those that rested longest are forgotten.
    pub counted: usize,
    /// Idempotency keys that are remembered; the oldest is forgotten first.
    pub keys: usize,
    /// Bytes of first answers that are remembered for them.
    pub keys_bytes: usize,
    /// How long a key is remembered.
    pub keys_kept: Duration,
    /// Silence after which an event stream for browsers and curl sends a comment.
    pub keep_alive: Duration,
    /// How long open requests may go on once the server is to end.
    pub ending_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 128,
            run_connections: 64,
            connections_each: 64,
            watchers: 64,
            watchers_each: 16,
            head_within: Duration::from_secs(5),
            run_head_within: Duration::from_millis(500),
            head: 16 * 1024,
            headers: 100,
            body_within: Duration::from_secs(10),
            body: 2 * 1024 * 1024,
            report_body: 16 * 1024,
            owner_rate: rate(2_000, 4_000),
            token_rate: rate(100, 200),
            run_rate: rate(20, 100),
            stranger_rate: rate(10, 50),
            counted: 1_024,
            keys: 1_024,
            keys_bytes: 16 * 1024 * 1024,
            keys_kept: windlass_api::KEYS_KEPT,
            keep_alive: Duration::from_secs(15),
            ending_within: Duration::from_secs(2),
        }
    }
}

const fn rate(per_second: u32, burst: u32) -> Rate {
    Rate { per_second, burst }
}
