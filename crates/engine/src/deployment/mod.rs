//! One coordinated change of services: a graph of rollouts with one commit point.
//!
//! # Transitions
//!
//! | course | what happens | next | actions |
//! |---|---|---|---|
//! | Forward | what a rollout needs has passed | Forward | it begins |
//! | Forward | one fails, `on_failure: all` | Returning | all go back, consumers before providers |
//! | Forward | one fails, `on_failure: dependents` | Forward | it and what needs it go back |
//! | Forward | all passed, or passed and back; not held | Promoting | confirm the promotion |
//! | Forward, Promoting | abort | Returning | all go back |
//! | Promoting | one fails | as Forward | |
//! | Promoting | hold | Forward, held | |
//! | Promoting | promotion confirmed | Promoted | every passed rollout settles |
//! | Promoted | all settled or back | Ended | |
//! | Promoted | stuck, abort | Promoted | what is stuck is tried again |
//! | Returning | all back | Ended | |
//! | any | taken down while stuck | Ended | |
//!
//! | command | running | held | returning | settling | stuck | ended |
//! |---|---|---|---|---|---|---|
//! | hold | waits | no change | refused | refused | refused | refused |
//! | resume | no change | goes on | refused | refused | refused | refused |
//! | abort | goes back | goes back | no change | refused | tries again | refused |
//! | promote | skips bakes | lifts the hold, skips bakes | refused | refused | refused | refused |

mod advance;
mod command;
mod graph;
mod open;
mod state;
mod step;

pub use command::{Accepted, Command, accepts};
pub use open::{OpenSlot, Opening, SlotWish, wishes};
pub use state::{Action, Course, Deployment, Event, Stepped};
pub use step::{resume, step};
