//! What kind of change a rollout is, and what follows from it.

use windlass_model::{
    Change, Instance, InstanceEnd, InstanceId, PlanKind, ReturnReason, Rule, Slot, Then, Trigger,
};

use super::state::{Asked, Begun, Phase, Rollout};

impl Rollout {
    pub(crate) fn in_place(&self) -> bool {
        matches!(self.plan.change, Change::InPlace { .. })
    }

    pub(crate) fn adjusts(&self) -> bool {
        matches!(self.plan.change, Change::Adjust { .. })
    }

    pub(crate) fn removes(&self) -> bool {
        self.plan.change == Change::Remove
    }

    /// Whether it goes back to a standby that runs already.
    pub(crate) fn is_warm(&self) -> bool {
        self.plan.change == Change::Restore { warm: true }
    }

    /// Whether it is part of a rollback: its way forward is a return, and there is no other one.
    pub(crate) fn is_rollback(&self) -> bool {
        self.kind == PlanKind::Rollback
    }

    /// Whether its candidate may have traffic, or runs beside what has it, and can still be taken back.
    pub fn may_be_watched(&self) -> bool {
        match self.phase {
            Phase::Shifting { .. } | Phase::Baking { .. } | Phase::Holding | Phase::Passed => true,
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(_)
            | Phase::Starting { .. }
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returning(_)
            | Phase::Returned
            | Phase::Stuck(_) => false,
        }
    }

    /// Whether the old slot stays warm after promotion: only where there is traffic to give back.
    /// Where this is so a router can give it back by itself before.
    pub fn keeps_standby(&self) -> bool {
        matches!(self.plan.change, Change::Beside { .. }) && self.listens_on_both_sides()
    }

    /// Whether its candidate runs on, without traffic, after it has failed by itself. In place there is
    /// no room for two, and an adjustment or a rollback brings nothing new to look at.
    pub fn leaves_failed(&self) -> bool {
        let beside = matches!(
            self.plan.change,
            Change::First { .. } | Change::Beside { .. }
        );
        let failed = match &self.returned_because {
            Some(
                ReturnReason::InstanceLost { .. }
                | ReturnReason::ShiftFailed(_)
                | ReturnReason::StopFailed(_)
                | ReturnReason::NoEvidence { .. }
                | ReturnReason::LowScore { .. }
                | ReturnReason::Triggered { .. },
            ) => true,
            Some(ReturnReason::Tripped { service, .. }) => *service == self.service,
            Some(
                ReturnReason::NeedFailed(_)
                | ReturnReason::OtherFailed(_)
                | ReturnReason::Aborted { .. }
                | ReturnReason::Superseded { .. },
            )
            | None => false,
        };
        self.asked.contains(&Asked::KeepFailed)
            && !self.is_command()
            && beside
            && failed
            && self.has_begun(Begun::Starting)
    }

    /// Whether the old slot drains at weight 0 after promotion, and then goes.
    pub(crate) fn retires(&self) -> bool {
        matches!(self.plan.change, Change::Restore { .. }) && self.listens_on_both_sides()
    }

    /// Whether what is displaced goes with the old slot, after promotion: a rollback beside what serves
    /// must not wait for a standby that may not even hear that it should stop.
    pub(crate) fn clears_last(&self) -> bool {
        matches!(self.plan.change, Change::Restore { .. })
    }

    fn listens_on_both_sides(&self) -> bool {
        self.plan.spec.listen.is_some() && self.old().is_some_and(|old| old.spec.listen.is_some())
    }

    /// Whether the old slot serves until promotion and then nobody does.
    pub(crate) fn closes(&self) -> bool {
        let listens = self.old().is_some_and(|old| old.spec.listen.is_some());
        listens
            && match self.plan.change {
                Change::Beside { .. } | Change::Restore { .. } => self.plan.spec.listen.is_none(),
                Change::Remove => true,
                Change::First { .. } | Change::InPlace { .. } | Change::Adjust { .. } => false,
            }
    }

    /// Instances that this rollout starts: all of the candidate's, or those that are new.
    pub fn fresh(&self) -> Vec<&Instance> {
        if self.is_warm() {
            return Vec::new();
        }
        let old = self.old().filter(|_| self.adjusts());
        let runs = |i: &&Instance| {
            let old = old.iter().flat_map(|slot| &slot.instances);
            old.into_iter().any(|known| known.id == i.id)
        };
        let all = self.candidate.instances.iter();
        all.filter(|i| !runs(i)).collect()
    }

    /// Whether `instance` is of the old slot and stays: an adjustment would promote onto it.
    pub(crate) fn stays(&self, instance: &InstanceId) -> bool {
        let within = |slot: &Slot| slot.instances.iter().any(|i| i.id == *instance);
        self.adjusts() && within(&self.candidate) && self.old().is_some_and(within)
    }

    /// Instances that must be ready before traffic moves, and while it is watched: all that would be
    /// stable after promotion, whoever started them.
    pub(crate) fn judged(&self) -> Vec<&Instance> {
        self.candidate.instances.iter().collect()
    }

    /// Whether what the candidate must have to take traffic is ready: all of it; of a standby that
    /// takes traffic back one instance, as of any slot that traffic goes back to.
    pub fn is_steady(&self) -> bool {
        let is_ready = |i: &&Instance| self.health.ready.contains(&i.id);
        if self.is_warm() {
            self.judged().iter().any(is_ready)
        } else {
            self.judged().iter().all(is_ready)
        }
    }

    /// Whether the loss of `instance` takes this rollout back: any one it starts, while it starts;
    /// later only what is among its triggers. One that stays may have been bad before: it has until
    /// the end of Starting, as it is started again if it ends.
    pub(crate) fn turns_back(&self, instance: &InstanceId, end: &InstanceEnd) -> bool {
        let starts = self.fresh().into_iter().any(|i| i.id == *instance);
        match &self.phase {
            // One that is ended because it took too long is told with that.
            Phase::Starting { late, .. } => starts && late.is_none(),
            Phase::Holding | Phase::Shifting { .. } | Phase::Baking { .. } | Phase::Passed => {
                let counts = starts || self.stays(instance);
                counts && self.takes_back(&trigger(end))
            }
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(_)
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returning(_)
            | Phase::Returned
            | Phase::Stuck(_) => false,
        }
    }

    /// Triggers about the loss of `instance` that do not turn back.
    pub(crate) fn noticed_by(&self, instance: &InstanceId, end: &InstanceEnd) -> Vec<Rule> {
        let counts = self.fresh().into_iter().any(|i| i.id == *instance) || self.stays(instance);
        let trigger = trigger(end);
        let rules = self.plan.spec.rollback_on.iter();
        let about =
            |rule: &&Rule| counts && rule.then != Then::Rollback && rule.all.contains(&trigger);
        rules.filter(about).cloned().collect()
    }

    fn takes_back(&self, trigger: &Trigger) -> bool {
        let mut rules = self.plan.spec.rollback_on.iter();
        rules.any(|rule| rule.is(trigger))
    }

    /// Whether an instance of the candidate that ends by itself is started again: unless that takes
    /// the rollout back.
    pub(crate) fn keeps_candidate(&self) -> bool {
        !self.is_command() && !self.takes_back(&Trigger::Crash)
    }
}

fn trigger(end: &InstanceEnd) -> Trigger {
    match end {
        InstanceEnd::Unready(_) | InstanceEnd::NeverReady(_) => Trigger::ReadinessLost,
        InstanceEnd::NotStarted(_)
        | InstanceEnd::Exited(_)
        | InstanceEnd::Killed(_)
        | InstanceEnd::Unknown => Trigger::Crash,
    }
}
