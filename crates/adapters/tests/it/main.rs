//! Adapters against the real thing.

mod conformance;
mod gauge;
mod process;
mod router;
