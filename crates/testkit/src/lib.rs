//! Fakes with behaviour, calls that go wrong, conformance suites. For tests only.
//!
//! A [`World`] is everything outside a controller: the host that runs instances, the router in
//! front of them, the disk with the journal. It survives when a controller dies. A [`Lab`] starts
//! controllers in it, one after the other, each with the next epoch. All of it runs on one thread
//! and on paused time ([`run`]), so that the same seed gives the same story.
//!
//! [`conformance`] says in code what each trait of `edge` promises.

mod backup;
mod brake;
pub mod conformance;
mod crash;
mod disk;
mod errors;
mod files;
mod front;
mod gauge;
mod ids;
mod lab;
mod lapsed;
mod ledger;
mod life;
mod load;
mod metrics;
mod noted;
mod ports;
mod prober;
mod reception;
mod router;
mod run;
mod seed;
mod splits;
mod store;
mod target;
mod time;
mod trips;
mod trouble;
mod under_way;
mod world;

pub use backup::Backup;
pub use brake::FakeBrake;
pub use crash::Crash;
pub use disk::Disk;
pub use files::{App, Service, address, app_name, environment_name, service_name};
pub use front::Front;
pub use gauge::FakeGauge;
pub use ids::{FakeAddresses, FakeIds};
pub use lab::{Ending, Lab, Stopped};
pub use ledger::{Effect, Ledger, Line};
pub use life::{FakeSpawner, Life};
pub use metrics::FakeMetrics;
pub use prober::FakeProber;
pub use reception::{FakeReception, TakenAddresses};
pub use router::FakeRouter;
pub use run::run;
pub use seed::Seeded;
pub use splits::Split;
pub use store::FakeStore;
pub use target::{End, FakeTarget, Host, Script, StartScript, Told, Unready, going_back};
pub use time::{FakeClock, WorldTime};
pub use trouble::{Fate, Trouble};
pub use world::World;
