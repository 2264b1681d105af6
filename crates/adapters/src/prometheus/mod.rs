//! Numbers by the query API of Prometheus.

mod identify;
mod read;
mod secure;

pub use read::Prometheus;
