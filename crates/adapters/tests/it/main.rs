//! Adapters against the real thing.

mod process;
mod router;
