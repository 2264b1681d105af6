//! Finding, locking and starting, on real folders, sockets and processes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test sets up must be there"
)]

mod outliving;
mod paths;
mod replace;
mod start;
