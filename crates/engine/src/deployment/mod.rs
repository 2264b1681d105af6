//! One coordinated change of services: a graph of rollouts with one commit point.
//!
//! # Transitions
//!
//! | course | what happens | next | actions |
//! |---|---|---|---|
//! | Forward | began, with services under new names | Forward | rename |
//! | Forward | its score measured before, and high enough where that is asked for | Forward | it begins |
//! | Forward, Returning | the router did not take the names in time | the same, stuck | |
//! | Forward | renamed, and what a rollout needs has passed | Forward | it begins |
//! | Forward | one fails, `on_failure: all` | Returning | all go back, consumers before providers |
//! | Forward | one fails, `on_failure: dependents` | Forward | it and what needs it go back |
//! | Forward | one fails, in a rollback | Forward | it holds where it is, the rest goes on |
//! | Forward | all passed, or passed and back; not held; every candidate ready | Promoting | confirm the promotion |
//! | Forward, Promoting | abort, supersede | Returning | all go back |
//! | Forward, Promoting | a tripwire fired | as one that fails | |
//! | Promoting | a candidate is not ready any more, or stuck in a rollback | Forward | arm again |
//! | Promoting | one fails | as Forward | arm again what stays |
//! | Promoting | hold | Forward, held | arm again |
//! | Promoting | promotion confirmed | Promoted | every passed rollout settles |
//! | Promoted | stuck, abort | Promoted | what is stuck is tried again |
//! | Promoted, Returning | a tripwire fired | the same, noted | |
//! | any | renamed, and all settled or back; nothing had moved back | Ended | |
//! | any | all settled or back; traffic had moved and is back, or a rollback | the same | prove |
//! | any | as before the end, and its score was measured before | the same | its score is measured once more |
//! | any | proved, and measured | Ended | |
//! | any | stuck, repair: retry; stuck with its names, abort | the same | what is stuck is tried again |
//! | any | stuck, repair: done | the same, or Ended | what is stuck counts as back, or as settled |
//! | any | stuck, repair: abandon | Ended | |
//! | any | taken down while stuck | Ended | |
//!
//! | command | running | held | returning | settling | stuck | ended |
//! |---|---|---|---|---|---|---|
//! | hold | waits | no change | refused | refused | refused | refused |
//! | resume | no change | goes on | refused | refused | refused | refused |
//! | abort, supersede | goes back | goes back | no change | refused | tries again | refused |
//! | promote | skips bakes | lifts the hold, skips bakes | refused | refused | refused | refused |
//! | repair | refused | refused | refused | refused | as above | refused |
//!
//! Abort and supersede of a *rollback* go back to where it was only until it has begun to move traffic
//! or to stop what served it; from then on they are refused, and [`Command::Repair`] is the way on.
//!
//! # Tripwires
//!
//! | swap | what it arms and disarms |
//! |---|---|
//! | raise of a service that can be split | its own wire, and those of all moved services that it needs, directly or not |
//! | any other route of such a service | disarms its own |
//! | route of a service that can't be split | nothing |
//! | before the promotion | disarms all of [`Deployment::wired`] |
//! | the promotion is called off | arms the wires of all that have moved and stay |
//!
//! The way back of a wire is that of its service and of every one that needs it, directly or not, has
//! traffic on its candidate or is about to, can be split, and does not go back already. What can't be
//! split (a first deployment, `recreate`, `overlap: no`, an adjustment, a rollback, a removal) has none
//! and is in none.
//!
//! Whether what a service needs *outside* the plan is ready is for the shell to see before it lets the
//! deployment begin: nothing here knows of it.

mod advance;
mod command;
mod graph;
mod open;
mod prove;
mod rename;
mod repair;
mod scoring;
mod state;
mod step;
mod trip;
mod wires;

pub use command::{Accepted, Command};
pub use open::{OpenSlot, Opening, SlotWish, wishes};
pub use repair::StuckOn;
pub use scoring::{Gate, ScoreWish, Scores};
pub use state::{Action, Course, Deployment, Event, Names, Prove, Stepped, Wire};
pub use step::{resume, step};
