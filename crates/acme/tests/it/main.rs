//! Orders against a real authority for tests, pebble, which looks at each proof.

mod front;
mod orders;
mod pebble;
mod silent;
