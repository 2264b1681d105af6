//! The shell around the engine: observe → decide → record → act.
//!
//! One loop per deployment ([`drive`]): receive an event, step the engine, commit event and facts,
//! then perform the actions; their outcomes are events again. Time, ids, tasks and storage come
//! through `edge` only, so that a whole controller runs in a simulation.

mod adoption;
mod ahead;
mod asking;
mod at;
mod because;
mod border;
mod brought;
mod checking;
mod chronicle;
mod confirm;
mod controller;
mod deploying;
mod down;
mod drain;
mod drive;
mod ends;
mod event_stream;
mod events;
mod figures;
mod finalize;
mod gates;
mod gauging;
mod halts;
mod handle;
mod hearing;
mod holder;
mod idle;
mod judge;
mod keeper;
mod kept;
mod lanes;
mod lapses;
mod last_words;
mod leftovers;
mod logs;
mod lookout;
mod measure;
mod meters;
mod no_plan;
mod no_way_back;
mod occupied;
mod opening;
mod perform;
mod planning;
#[cfg(feature = "crash-points")]
mod points;
mod printed;
mod problems;
mod programs;
mod promotion_times;
mod prove;
mod queue;
mod readiness;
mod recover;
mod remembered;
mod removing;
mod rest;
mod retelling;
mod retention;
mod returning;
mod risk;
mod rousing;
mod routes;
mod saying;
mod scorer;
mod scoring;
mod startable;
mod status;
mod taken_down;
mod takes;
mod timers;
mod understood;
mod views;
mod watch;
mod went_back;

pub use at::{Check, LinesAt, RollbackAt, ServiceAt};
pub use because::Signed;
pub use border::Border;
pub use controller::{Running, start};
pub use event_stream::{EventStream, Whole};
pub use handle::{From, Handle, LogStream, Terms, Wanted, When};
pub use idle::IDLE_FOR;
