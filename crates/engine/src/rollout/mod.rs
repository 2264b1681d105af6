//! One service's part of a deployment.
//!
//! # Transitions
//!
//! | phase | event | next | actions |
//! |---|---|---|---|
//! | Waiting | begin | Clearing, StoppingOld or Starting | stop standby; close to traffic; start instances |
//! | Waiting | begin, to a standby that is ready | Shifting | apply route |
//! | Waiting | begin, what goes | Passed | |
//! | Waiting | begin, back to a kept release, beside | Starting | start instances |
//! | Clearing | standby stopped | StoppingOld or Starting | |
//! | Clearing | standby stopped, held, in place | Holding | |
//! | Clearing | can't be stopped | Returning | |
//! | StoppingOld | route applied → drained → stopped | Starting | drain, stop, start |
//! | StoppingOld | refused, out of time, can't be stopped | Returning | |
//! | Starting | all ready, those that stay too; of a standby one | Shifting (Holding when held; Baking without `listen`) | apply route |
//! | Starting | one that it starts is lost or not started; out of time | Returning | |
//! | Starting, of a command | nobody knows how it ended | Stuck | |
//! | Starting | address taken | Starting (Returning after five) | start instance |
//! | Holding | resumed, expedited, ready again | what was due, once neither held nor unready | |
//! | Shifting | route applied | Baking | start timer |
//! | Shifting | refused, out of time | Returning | |
//! | Baking | time over, expedited | Shifting (next step; Holding when held) or Passed | apply route |
//! | Baking, evidence needed and missing | time over | Baking, waiting for it | start timer |
//! | Baking, waiting for evidence | judged: it has come | Shifting (next step; Holding when held) | apply route |
//! | Baking, waiting for evidence | the longest time over | by its policy: the same, held; Returning; as when it has come | |
//! | Baking, evidence needed | judged: worse, or not to be compared | by its policy: the same, held; Returning | |
//! | Baking, a score needed | time over, evidence there, measured and high enough | Shifting (next step; Holding when held) or Passed | apply route |
//! | Baking, a score needed | time over, not measured yet, too low or not known | Baking, shut; too low, by its policy: Returning | |
//! | Baking, shut | measured: high enough; resumed | Shifting (next step; Holding when held) or Passed | apply route |
//! | Holding, Shifting, Baking, Passed | candidate lost, and among its triggers | Returning | |
//! | Holding, Shifting, Baking, Passed | candidate lost, not among its triggers | the same, its clock stopped | |
//! | Baking | ready again | Baking | start timer |
//! | Holding, Shifting, Baking, Passed | a trigger fired on the candidate's answers | Returning | |
//! | any before Passed, and Passed | return requested | Returning, waiting for its turn | |
//! | Returning | turn → route applied → drained → stopped (→ old started again, in place) | Returned | |
//! | Returning | no old instance is ready | Returning, waiting for one | |
//! | Returning | refused, can't be stopped or started | Returning, asking again | start timer |
//! | Returning, of a command | it fails, or nobody knows how it ended | Stuck | |
//! | Returning | out of time | Stuck; of a script's run, once that has been ended | stop it |
//! | Stuck | return requested, retried | Returning, afresh; Settling when promoted | |
//! | Stuck, in a rollback | retried | where it failed, at the earliest Starting if that was begun; a script that may still run is ended first | start what is missing |
//! | Stuck, outcome unknown | retried; done by hand | Starting; as when all are ready | start |
//! | Stuck | done by hand | Returned; Done when promoted, or in a rollback | |
//! | Passed | promoted | Settling or Done | keep instances, apply route, drain |
//! | Settling | route applied → drained → stopped | Done | |
//! | Settling | refused or can't be stopped, too often | Stuck | |
//! | any forward, in a rollback | what would be Returning elsewhere, but for a return requested | Stuck; of a script out of time, once that has been ended | stop it |
//!
//! A command stops nothing first: it goes from Waiting to Starting as if the old slot had been stopped.
//! Its way back runs another command; a try of one is only ever one run, so that nothing but a person
//! makes it run again.
//!
//! `Held` stops the wait of StoppingOld, Starting, Shifting and Baking; `Resumed` and `Expedited` start
//! it again. A way back is never held, and in place a hold never falls between stopping the old slot
//! and serving the new one. Work time of a way back begins with its turn.
//!
//! An adjustment's candidate is all that the slot will be: also the old instances that stay, which are
//! not presumed to be ready but seen to be. Those that leave may be as bad as they like.
//!
//! A rollback's routes are returns: neither a halt nor a trip stops them. It comes from what is bad, so
//! that what fails in it does not go back there, and its old slot drains and goes after promotion. A
//! displaced standby goes with that one: it may not even hear that it should stop, and is not waited for.
//!
//! Every other pair leaves the rollout as it was: a late or repeated event is no news. What a phase
//! waits for is all in its state, so that [`resume`] can ask for it again after a crash.

mod action;
mod awaits;
mod command;
mod event;
mod evidence;
mod kind;
mod late;
mod past;
mod phase;
mod resume;
mod route;
mod said;
mod score;
mod state;
mod turn;
mod wait;
mod watched;

pub use action::{Action, Start};
pub use event::Event;
pub use evidence::Awaiting;
pub use late::{AfterEnd, Late};
pub use phase::step;
pub use resume::resume;
pub use said::Said;
pub use score::{StepGate, StepScore};
pub use state::{
    Asked, Begun, Clearing, Counters, Health, Phase, Return, Rollout, Settling, Stage, StoppingOld,
};
pub use turn::Stepped;
pub use wait::{SLICE, Wait};
pub use watched::Watched;
