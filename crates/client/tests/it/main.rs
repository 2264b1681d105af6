//! Finding, locking and starting, on real folders, sockets and processes.

#![expect(clippy::unwrap_used, reason = "what a test sets up must be there")]

mod paths;
mod replace;
mod start;
