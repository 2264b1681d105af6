//! Where a rollout stands.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::{
    Change, Instance, InstanceId, Judgement, Millis, Past, Percent, PlanKind, ReturnReason,
    RolloutPhase, RolloutPlan, Rule, ServiceName, Slot, Step, StuckReason, TimerId,
};

use super::evidence::Awaiting;
use super::late::{AfterEnd, Late};
use super::said::Said;
use super::score::StepScore;
use super::wait::Wait;

/// One service's part of a running deployment. Holds all that is needed to go on or back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Which service.
    pub service: ServiceName,
    /// The kind of deployment that it is a part of.
    pub kind: PlanKind,
    /// What it carries out.
    pub plan: RolloutPlan,
    /// The slot that it brings. An [`Change::Adjust`] brings the old one with other instances.
    pub candidate: Slot,
    /// Instances under which the old slot is started again, if it was stopped in place.
    pub back: Vec<Instance>,
    /// Where it stands.
    pub phase: Phase,
    /// Whether a person asked to wait.
    pub held: bool,
    /// Whether bakes and steps are skipped.
    pub expedited: bool,
    /// What people let it go past: once at each step that they lifted a hold of, and once for all the rest.
    pub past: Vec<Past>,
    /// The step it is at: an index into [`Rollout::steps`].
    pub step: usize,
    /// The candidate's confirmed share.
    pub weight: Percent,
    /// Whether the candidate ever had a confirmed share.
    pub moved: bool,
    /// What was begun, so that a return undoes it.
    pub begun: BTreeSet<Begun>,
    /// What is known of its instances.
    pub health: Health,
    /// What it counts.
    pub counters: Counters,
    /// What people asked for beside its plan.
    pub asked: BTreeSet<Asked>,
    /// Who said that what its command was to do is done: nobody else may have seen it.
    pub word: Option<String>,
    /// What the runs of its command have said.
    pub said: Said,
    /// What the present step waits for, while it is watched.
    pub awaiting: Awaiting,
    /// How often its present step was watched for a moment more, because a trigger was about to fire.
    pub overtimes: u32,
    /// The health score of the present step, where that needs one.
    pub score: StepScore,
    /// The last record of what its answers say.
    pub judgement: Option<Judgement>,
    /// The triggers that have fired: each does so once.
    pub fired: BTreeSet<Rule>,
    /// Why it goes or went back.
    pub returned_because: Option<ReturnReason>,
}

/// Something that a person wants of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// What failed was tried again: what has ended is started once more.
    Again,
    /// Should the candidate fail, it runs on without traffic, to be looked at.
    KeepFailed,
}

/// Something that a return must undo or finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Begun {
    /// The displaced standby was asked to stop.
    Clearing,
    /// The old slot's instances were asked to stop.
    StoppingOld,
    /// The candidate's instances were asked to start.
    Starting,
    /// A route of this rollout may be in effect.
    Routing,
}

/// What is known of a rollout's instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Those that were asked to start and have.
    pub started: BTreeSet<InstanceId>,
    /// Those that are ready. Old ones count as ready until they are lost, but those that an
    /// adjustment keeps only once they were seen to be: it would promote onto them.
    pub ready: BTreeSet<InstanceId>,
    /// The last bad answer of those that are not.
    pub last_seen: BTreeMap<InstanceId, String>,
    /// The last lines that those printed that have ended.
    pub last_lines: BTreeMap<InstanceId, Vec<String>>,
    /// Those that did not end when they were asked to and were killed, after this time.
    pub killed: BTreeMap<InstanceId, Millis>,
    /// Addresses tried beyond the first.
    pub tries: BTreeMap<InstanceId, u8>,
    /// Whether what the candidate is judged by, its answers or a metric, can't be seen for the time being.
    pub blind: bool,
}

/// What a rollout counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Routes asked for.
    pub attempt: u32,
    /// Timers started.
    pub timers: TimerId,
    /// Tries of an action after promotion that failed.
    pub settle_tries: u16,
    /// Times a person had the present command run again.
    pub retries: u32,
    /// Times a person had it go on from where it was stuck, whatever was tried then.
    pub words: u32,
}

/// Where a rollout stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// What it needs has not passed.
    Waiting,
    /// The displaced standby stops.
    Clearing(Clearing),
    /// The old slot stops before the new one starts.
    StoppingOld(StoppingOld),
    /// Instances start and become ready.
    Starting {
        /// Until then they must be ready.
        wait: Wait,
        /// Set while the run of a script that took too long is ended: until then `wait` goes on.
        late: Option<Late>,
    },
    /// Held before a raise to `self.step`.
    Holding,
    /// A route is on its way.
    Shifting {
        /// Which attempt.
        attempt: u32,
        /// Until then it must be confirmed.
        wait: Wait,
    },
    /// Watched at a share.
    Baking {
        /// What is left of it.
        wait: Wait,
    },
    /// At 100 % and baked.
    Passed,
    /// Promoted; the old slot drains.
    Settling(Settling),
    /// Promoted and settled.
    Done,
    /// Going back.
    Returning(Return),
    /// Back.
    Returned,
    /// Can go neither on nor back.
    Stuck(StuckReason),
}

/// Instances that are being stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clearing {
    /// Those that still run.
    pub left: BTreeSet<InstanceId>,
}

/// Stages of stopping the old slot first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoppingOld {
    /// Requests are being turned away.
    Closing {
        /// Which attempt.
        attempt: u32,
        /// Until then it must be confirmed.
        wait: Wait,
    },
    /// Requests under way end.
    Draining,
    /// Instances stop.
    Stopping {
        /// Those that still run.
        left: BTreeSet<InstanceId>,
    },
}

/// Stages after promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settling {
    /// Nothing listens any more: requests to the old slot are being turned away first.
    Closing {
        /// Which attempt.
        attempt: u32,
        /// Asks again, should it fail.
        retry: Option<TimerId>,
    },
    /// The final route is on its way.
    Routing {
        /// Which attempt.
        attempt: u32,
        /// Asks again, should it fail.
        retry: Option<TimerId>,
    },
    /// Requests on what leaves end.
    Draining,
    /// What leaves stops.
    Stopping {
        /// Those that still run.
        left: BTreeSet<InstanceId>,
        /// Asks again, should it fail.
        retry: Option<TimerId>,
    },
}

/// A way back under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Until then it must be back.
    pub wait: Wait,
    /// How far it is.
    pub stage: Stage,
    /// Asks again, should the stage's action fail.
    pub retry: Option<TimerId>,
    /// The last failure on the way, for a person.
    pub trouble: Option<String>,
}

/// How far a way back is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What needs this service goes back first.
    Turn,
    /// No instance of the old slot is ready to take the traffic.
    Capacity,
    /// The route without the candidate is on its way.
    Routing {
        /// Which attempt.
        attempt: u32,
    },
    /// Requests on the candidate end.
    Draining,
    /// Candidate instances (and, in place, old ones not stopped yet) stop.
    Stopping {
        /// Those that still run.
        left: BTreeSet<InstanceId>,
    },
    /// In place: the old release starts again.
    Restarting,
    /// The run of the way back took too long, or is to run once more, and is ended with all of its group.
    Ending {
        /// Those that still run.
        left: BTreeSet<InstanceId>,
        /// What follows.
        then: AfterEnd,
    },
    /// The final route, without the candidate, is on its way.
    Finishing {
        /// Which attempt.
        attempt: u32,
    },
}

impl Rollout {
    /// The rungs it climbs; one of 100 % where there is nothing to split.
    pub fn steps(&self) -> Vec<Step> {
        match &self.plan.change {
            Change::First { bake } | Change::InPlace { bake } | Change::Adjust { bake } => {
                vec![Step {
                    to: Percent::FULL,
                    bake: *bake,
                    score: None,
                }]
            }
            Change::Restore { .. } => vec![Step {
                to: Percent::FULL,
                bake: Millis::ZERO,
                score: None,
            }],
            Change::Remove => Vec::new(),
            Change::Beside { steps } => steps.clone(),
        }
    }

    /// Whether a return must undo `what`.
    pub fn has_begun(&self, what: Begun) -> bool {
        self.begun.contains(&what)
    }

    /// The slot that was stable when this rollout was planned.
    pub fn old(&self) -> Option<&Slot> {
        self.plan.stable.as_ref()
    }

    /// Instances that leave after promotion.
    pub fn leaving(&self) -> Vec<&Instance> {
        let Some(old) = self.old() else {
            return Vec::new();
        };
        if self.adjusts() {
            old.instances
                .iter()
                .filter(|i| !self.candidate.instances.contains(i))
                .collect()
        } else if self.is_command() && !self.removes() {
            // Nothing of it runs: only its keeper goes.
            old.instances.iter().collect()
        } else if self.keeps_standby() || self.in_place() {
            Vec::new()
        } else if self.removes() || self.clears_last() {
            let others = self.displaced().flat_map(|slot| &slot.instances);
            old.instances.iter().chain(others).collect()
        } else {
            old.instances.iter().collect()
        }
    }

    /// Slots that this rollout stops, before anything else or with the old one: the standby, but for one
    /// that it goes back to, and what was kept of an earlier failure.
    pub fn displaced(&self) -> impl Iterator<Item = &Slot> {
        let standby = self.plan.standby.iter().filter(|_| !self.is_warm());
        standby.chain(&self.plan.failed)
    }

    /// Whether at least one of `instances` is ready.
    pub(crate) fn any_ready(&self, instances: &[Instance]) -> bool {
        instances.iter().any(|i| self.health.ready.contains(&i.id))
    }

    /// Whether this rollout belongs to the promoted part of a promoted deployment.
    pub fn is_promoted(&self) -> bool {
        matches!(self.phase, Phase::Settling(_) | Phase::Done)
    }

    /// Whether it is back, or its traffic is, so that what it needs may go back too.
    pub fn is_out_of_the_way(&self) -> bool {
        match &self.phase {
            Phase::Returned => true,
            Phase::Returning(Return { stage, .. }) => match stage {
                Stage::Turn | Stage::Capacity | Stage::Routing { .. } => false,
                // In place, the old release is only back once it runs again.
                Stage::Draining | Stage::Stopping { .. } | Stage::Finishing { .. } => {
                    !self.in_place()
                }
                Stage::Restarting | Stage::Ending { .. } => false,
            },
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
            | Phase::Stuck(_) => false,
        }
    }

    /// The phase as people see it.
    pub fn shown(&self) -> RolloutPhase {
        match &self.phase {
            Phase::Waiting => RolloutPhase::Waiting,
            Phase::Clearing(_) => RolloutPhase::Clearing,
            Phase::StoppingOld(_) => RolloutPhase::StoppingOld,
            Phase::Starting { .. } => RolloutPhase::Starting,
            Phase::Holding => RolloutPhase::Holding,
            Phase::Shifting { .. } => RolloutPhase::Shifting,
            Phase::Baking { .. } => RolloutPhase::Baking,
            Phase::Passed => RolloutPhase::Passed,
            Phase::Settling(_) => RolloutPhase::Settling,
            Phase::Done => RolloutPhase::Done,
            Phase::Returning(_) => RolloutPhase::Returning,
            Phase::Returned => RolloutPhase::Returned,
            Phase::Stuck(_) => RolloutPhase::Stuck,
        }
    }

    /// Work time left of the present wait, as last journalled.
    pub fn remaining(&self) -> Option<Millis> {
        self.wait().map(|wait| wait.remaining)
    }

    /// What it waits for, where that has an end.
    pub fn wait(&self) -> Option<&Wait> {
        match &self.phase {
            Phase::StoppingOld(StoppingOld::Closing { wait, .. })
            | Phase::Starting { wait, .. }
            | Phase::Shifting { wait, .. }
            | Phase::Baking { wait } => Some(wait),
            Phase::Returning(back) => Some(&back.wait),
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(StoppingOld::Draining | StoppingOld::Stopping { .. })
            | Phase::Holding
            | Phase::Passed
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returned
            | Phase::Stuck(_) => None,
        }
    }
}
