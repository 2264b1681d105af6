//! The binary as it is typed, where no controller is needed.

#![expect(clippy::unwrap_used, reason = "what a test sets up must be there")]

mod offline;
mod typed;
