//! Orders against a real authority for tests, pebble, which looks at each proof.

mod damaged;
mod front;
mod orders;
mod pebble;
mod silent;
mod together;
