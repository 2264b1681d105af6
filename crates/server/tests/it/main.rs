//! Server and client over a real Unix socket, with a controller that behaves but deploys nothing.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a test sets up must be there"
)]

mod asking;
mod contract;
mod fake;
mod following;
mod hearing;
mod limits;
mod misspelt;
mod repeating;
mod returning;
mod shapes;
mod standing;
mod strangers;
