//! The shell around the engine: observe → decide → record → act.
//!
//! One loop per deployment ([`drive`]): receive an event, step the engine, commit event and facts,
//! then perform the actions; their outcomes are events again. Time, ids, tasks and storage come
//! through `edge` only, so that a whole controller runs in a simulation.

mod border;
mod controller;
mod down;
mod drive;
mod events;
mod figures;
mod handle;
mod lanes;
mod logs;
mod opening;
mod perform;
mod planning;
mod problems;
mod recover;
mod retention;
mod status;
mod views;
mod watch;

pub use border::Border;
pub use controller::{Running, start};
pub use handle::{EventStream, From, Handle, LogStream, ServiceAt, Wanted};
