//! What clients send, when it is damaged.

mod anything;
mod mutated;
