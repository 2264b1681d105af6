//! Adapters against the real thing.

mod conformance;
mod gauge;
mod metrics;
mod process;
mod router;
