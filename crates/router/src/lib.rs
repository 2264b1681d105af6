//! The data plane: listeners, tables, splits, drain, figures, tripwires.
//!
//! [`run()`] is a whole router process. It serves HTTP/1.1 and HTTP/2 on sockets that the controller bound and
//! handed over, splits requests over slots by the table in effect, and keeps the last good table on
//! disk, so that it needs no controller to go on.
//!
//! ```text
//! listeners ─► data threads ─► Core.live (one immutable table) ─► Ticket ─► instance
//!                 each: one runtime, its own pool of connections
//! control socket ─► Inbox ─► apply: fence, check, keep on disk, swap, answer
//! upkeep (this thread): probes, ticks, signals
//! metrics (a thread of its own): totals of the ticks, the table ─► whoever asks
//! Ticket, probes ─► Alarm ─► trips: take back what a tripwire caught, in one swap
//! ```
//!
//! A request is counted in its slot **before** it re-reads the table, and a change is published
//! **before** the counts are read: either the request sees the change, or whoever drains sees the
//! request. The count ends with the last byte of the body or the end of the tunnel.

mod accept;
mod access;
mod access_file;
mod alone;
mod announced;
mod answer;
#[cfg(test)]
mod any_table;
#[cfg(test)]
mod anything;
mod apply;
mod asked;
mod begin;
mod budget;
mod cast;
mod certificate;
mod check;
mod choice;
mod cohort;
mod connection;
mod control;
mod core;
mod counts;
mod cut;
mod dealing;
mod desk;
mod disguised;
mod door;
mod doors;
mod elder;
mod entering;
mod expectation;
mod exposition;
mod fence;
mod folded;
mod forward;
mod frames;
mod framing;
mod guard;
mod guests;
mod handing;
mod head;
mod headers;
mod health;
mod heir;
mod hello;
mod inbound;
mod inflow;
mod keep;
mod kept;
mod known;
mod latch;
mod leaving;
mod limits;
mod live;
mod longest;
mod look;
mod maintenance;
mod mirror;
mod multiplexed;
mod opening;
mod ordering;
mod origin;
mod outgoing;
mod outlets;
mod pace;
mod passage;
mod pauses;
mod pieces;
mod places;
mod pool;
mod presence;
mod private;
mod process;
mod quiet;
mod records;
mod refused;
mod reload;
mod resting;
mod retry;
mod run;
mod scrape;
mod scratch;
mod sealed;
mod secure;
mod sending;
mod silence;
mod slowness;
mod standing;
mod stream;
mod telling;
mod terms;
mod ticket;
mod ticks;
mod total;
mod trailers;
mod trip;
mod tunnel;
mod unshared;
mod upload;
mod vain;
mod waiting;
mod watch;
mod waves;
mod wheel;
mod whole;
mod wire;
#[cfg(test)]
mod woken;

pub use look::{LookError, OnDisk, look};
pub use private::PrivateSocket;
pub use reload::{Alone, Routes};
pub use run::{RouterConfig, RouterError, holder, own_session, run};
