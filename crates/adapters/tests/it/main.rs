//! Adapters against the real thing.

mod conformance;
mod process;
mod router;
