//! The traits at the border.
//!
//! Everything the runtime needs of the world goes through here: what runs a release, what splits
//! traffic, who asks for health, where the journal lies, what time it is. An adapter implements one
//! trait; `testkit` has a fake with behaviour for each, and a conformance suite that every adapter
//! passes.
//!
//! All calls are **idempotent**: the runtime repeats one after a crash, and it observes before it
//! redoes. Dropping a future leaves its effect unknown; observe to learn.
//!
//! The runtime lives on one thread, so that futures here need not be [`Send`].

mod brake;
mod clock;
mod error;
mod gauge;
mod metrics;
mod points;
mod prober;
mod reception;
mod router;
mod store;
mod target;

pub use brake::Brake;
pub use clock::{Addresses, Clock, Ids, Spawner};
pub use error::{EdgeError, ErrorKind, Retry};
pub use gauge::{Gauge, Given, Measuring};
pub use metrics::MetricSource;
pub use points::CrashPoints;
pub use prober::{Examined, Prober};
pub use reception::{Reception, Reporting, RunAt, Secret};
pub use router::{RouterNews, TrafficRouter};
pub use store::{JournalEntry, NewEntry, OpenDeployment, Store, StoredDeployment};
pub use target::{
    AlikeEnds, InstanceState, InstanceTrace, InstanceWatch, KeepRelease, Kept, LogChunk, LogMark,
    LogRequest, PastEnds, StartCommand, StartInstance, Stopped, Target,
};
