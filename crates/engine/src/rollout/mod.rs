//! One service's part of a deployment.
//!
//! # Transitions
//!
//! | phase | event | next | actions |
//! |---|---|---|---|
//! | Waiting | begin | Clearing, StoppingOld or Starting | stop standby; close to traffic; start instances |
//! | Clearing | standby stopped | StoppingOld or Starting | |
//! | Clearing | standby stopped, held, in place | Holding | |
//! | Clearing | can't be stopped | Returning | |
//! | StoppingOld | route applied → drained → stopped | Starting | drain, stop, start |
//! | StoppingOld | refused, out of time, can't be stopped | Returning | |
//! | Starting | all ready | Shifting (Holding when held; Baking without `listen`) | apply route |
//! | Starting | lost, not started, out of time | Returning | |
//! | Starting | address taken | Starting (Returning after five) | start instance |
//! | Holding | resumed, expedited | what was due | |
//! | Shifting | route applied | Baking | start timer |
//! | Shifting | refused, out of time | Returning | |
//! | Baking | time over, expedited | Shifting (next step; Holding when held) or Passed | apply route |
//! | Holding, Shifting, Baking, Passed | candidate lost | Returning | |
//! | any before Passed, and Passed | return requested | Returning, waiting for its turn | |
//! | Returning | turn → route applied → drained → stopped (→ old started again, in place) | Returned | |
//! | Returning | no old instance is ready | Returning, waiting for one | |
//! | Returning | refused, can't be stopped or started | Returning, asking again | start timer |
//! | Returning | out of time | Stuck | |
//! | Stuck | return requested | Returning, afresh; Settling when promoted | |
//! | Passed | promoted | Settling or Done | keep instances, apply route, drain |
//! | Settling | route applied → drained → stopped | Done | |
//! | Settling | refused or can't be stopped, too often | Stuck | |
//!
//! `Held` stops the wait of StoppingOld, Starting, Shifting and Baking; `Resumed` and `Expedited` start
//! it again. A way back is never held, and in place a hold never falls between stopping the old slot
//! and serving the new one. Work time of a way back begins with its turn.
//!
//! Every other pair leaves the rollout as it was: a late or repeated event is no news. What a phase
//! waits for is all in its state, so that [`resume`] can ask for it again after a crash.

mod action;
mod event;
mod phase;
mod resume;
mod route;
mod state;
mod turn;
mod wait;

pub use action::{Action, Start};
pub use event::Event;
pub use phase::step;
pub use resume::resume;
pub use state::{
    Begun, Clearing, Counters, Health, Phase, Return, Rollout, Settling, Stage, StoppingOld,
    Watched,
};
pub use turn::Stepped;
pub use wait::{SLICE, Wait};
