//! Whose answer a rollout waits for. What nobody waits for any more is not to be tried again: it would
//! act on what others have decided since.

use windlass_model::{InstanceId, SlotId, TimerId};

use super::late::Late;
use super::state::{Clearing, Phase, Return, Rollout, Settling, Stage, StoppingOld};

impl Rollout {
    /// Whether the answer to a route is waited for. One beyond what it has asked for is: a way back may
    /// go ahead of its row.
    pub fn awaits_route(&self, attempt: u32) -> bool {
        if attempt > self.counters.attempt {
            return true;
        }
        match &self.phase {
            Phase::StoppingOld(StoppingOld::Closing { attempt: ours, .. })
            | Phase::Shifting { attempt: ours, .. }
            | Phase::Settling(
                Settling::Closing { attempt: ours, .. } | Settling::Routing { attempt: ours, .. },
            )
            | Phase::Returning(Return {
                stage: Stage::Routing { attempt: ours } | Stage::Finishing { attempt: ours },
                ..
            }) => *ours == attempt,
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(StoppingOld::Draining | StoppingOld::Stopping { .. })
            | Phase::Starting { .. }
            | Phase::Holding
            | Phase::Baking { .. }
            | Phase::Passed
            | Phase::Settling(Settling::Draining | Settling::Stopping { .. })
            | Phase::Done
            | Phase::Returning(Return {
                stage:
                    Stage::Turn
                    | Stage::Capacity
                    | Stage::Draining
                    | Stage::Stopping { .. }
                    | Stage::Restarting
                    | Stage::Ending { .. },
                ..
            })
            | Phase::Returned
            | Phase::Stuck(_) => false,
        }
    }

    /// Whether `timer` asks once more for the route back, whose last try failed.
    pub fn awaits_retry_of_way_back(&self, timer: TimerId) -> bool {
        match &self.phase {
            Phase::Returning(Return {
                stage: Stage::Routing { .. },
                retry,
                ..
            }) => *retry == Some(timer),
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(_)
            | Phase::Starting { .. }
            | Phase::Holding
            | Phase::Shifting { .. }
            | Phase::Baking { .. }
            | Phase::Passed
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returning(_)
            | Phase::Returned
            | Phase::Stuck(_) => false,
        }
    }

    /// Whether the start of an instance is waited for.
    pub fn awaits_start(&self, instance: &InstanceId) -> bool {
        let asked = match &self.phase {
            Phase::Starting { late, .. } => {
                late.is_none() && self.fresh().iter().any(|i| i.id == *instance)
            }
            Phase::Returning(back) => {
                back.stage == Stage::Restarting && self.back.iter().any(|i| i.id == *instance)
            }
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(_)
            | Phase::Holding
            | Phase::Shifting { .. }
            | Phase::Baking { .. }
            | Phase::Passed
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returned
            | Phase::Stuck(_) => false,
        };
        asked && !self.health.started.contains(instance)
    }

    /// Whether the end of an instance is waited for.
    pub fn awaits_stop(&self, instance: &InstanceId) -> bool {
        match &self.phase {
            Phase::Clearing(Clearing { left })
            | Phase::StoppingOld(StoppingOld::Stopping { left })
            | Phase::Starting {
                late: Some(Late { left, .. }),
                ..
            }
            | Phase::Settling(Settling::Stopping { left, .. })
            | Phase::Returning(Return {
                stage: Stage::Stopping { left } | Stage::Ending { left, .. },
                ..
            }) => left.contains(instance),
            Phase::Waiting
            | Phase::StoppingOld(StoppingOld::Closing { .. } | StoppingOld::Draining)
            | Phase::Starting { late: None, .. }
            | Phase::Holding
            | Phase::Shifting { .. }
            | Phase::Baking { .. }
            | Phase::Passed
            | Phase::Settling(
                Settling::Closing { .. } | Settling::Routing { .. } | Settling::Draining,
            )
            | Phase::Done
            | Phase::Returning(_)
            | Phase::Returned
            | Phase::Stuck(_) => false,
        }
    }

    /// Whether an instance is ended because its run took too long: what it printed last is told with its end.
    pub fn ends_late(&self, instance: &InstanceId) -> bool {
        match &self.phase {
            Phase::Starting {
                late: Some(Late { left, .. }),
                ..
            }
            | Phase::Returning(Return {
                stage: Stage::Ending { left, .. },
                ..
            }) => left.contains(instance),
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(_)
            | Phase::Starting { late: None, .. }
            | Phase::Holding
            | Phase::Shifting { .. }
            | Phase::Baking { .. }
            | Phase::Passed
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returning(_)
            | Phase::Returned
            | Phase::Stuck(_) => false,
        }
    }

    /// Whether the last request on a slot is waited for.
    pub fn awaits_drain(&self, slot: SlotId) -> bool {
        match &self.phase {
            Phase::StoppingOld(StoppingOld::Draining) | Phase::Settling(Settling::Draining) => {
                self.old().is_some_and(|old| old.id == slot)
            }
            Phase::Returning(back) => back.stage == Stage::Draining && self.candidate.id == slot,
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(StoppingOld::Closing { .. } | StoppingOld::Stopping { .. })
            | Phase::Starting { .. }
            | Phase::Holding
            | Phase::Shifting { .. }
            | Phase::Baking { .. }
            | Phase::Passed
            | Phase::Settling(
                Settling::Closing { .. } | Settling::Routing { .. } | Settling::Stopping { .. },
            )
            | Phase::Done
            | Phase::Returned
            | Phase::Stuck(_) => false,
        }
    }
}
