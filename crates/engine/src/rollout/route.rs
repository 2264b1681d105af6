//! The routes a rollout asks for.

use windlass_model::{
    Instance, Listen, Millis, Percent, Route, RouteMode, RouteSlot, Rule, ServiceSpec, Slot,
    Trigger, thresholds,
};

use super::state::{Begun, Phase, Rollout};

fn route_slot(slot: &Slot, instances: Vec<Instance>, weight: Percent) -> RouteSlot {
    RouteSlot {
        slot: slot.id,
        label: slot.label,
        version: slot.release.version.clone(),
        weight,
        instances,
        probe: slot.spec.ready.clone(),
        speaks: slot.spec.speaks,
    }
}

/// A route on `listeners`, whose requests are treated as `spec` says; none where nothing listens.
fn serving(spec: &ServiceSpec, listeners: Vec<Listen>, slots: Vec<RouteSlot>) -> Option<Route> {
    (!listeners.is_empty()).then(|| Route {
        listeners,
        mode: RouteMode::Serve,
        slots,
        traffic: spec.traffic.clone(),
        thresholds: Vec::new(),
    })
}

/// The times of answers that a candidate is judged by, as far as no histogram tells them.
fn judged_by(rules: &[Rule]) -> Vec<Millis> {
    let triggers = rules.iter().flat_map(|rule| &rule.all);
    thresholds(triggers.filter_map(|trigger| match trigger {
        Trigger::Slow { above, .. } => Some(*above),
        Trigger::Crash
        | Trigger::ReadinessLost
        | Trigger::ErrorRate { .. }
        | Trigger::ErrorRateOver { .. }
        | Trigger::ErrorRateAgainst { .. }
        | Trigger::ErrorRateWorse
        | Trigger::SlowAgainst { .. }
        | Trigger::Unavailable { .. }
        | Trigger::ProbeFailing { .. }
        | Trigger::Memory { .. }
        | Trigger::ScoreDrops { .. }
        | Trigger::Metric { .. } => None,
    }))
}

impl Rollout {
    fn old_listener(&self) -> Option<Listen> {
        self.old().and_then(|old| old.spec.listen.clone())
    }

    /// Where requests come in until promotion: the new listener beside the old one.
    fn listeners(&self) -> Vec<Listen> {
        let mut all: Vec<Listen> = self
            .plan
            .spec
            .listen
            .iter()
            .cloned()
            .chain(self.old_listener())
            .collect();
        all.dedup();
        all
    }

    /// Whether there is traffic to move, now or at promotion.
    pub(crate) fn has_route(&self) -> bool {
        self.plan.spec.listen.is_some() || self.old_listener().is_some()
    }

    /// The candidate has `weight`, the old slot the rest. For a service that listens.
    pub(crate) fn route_at(&self, weight: Percent) -> Option<Route> {
        if self.adjusts() {
            return self.route_adjusted();
        }
        let mut slots = Vec::new();
        if let Some(old) = self.old()
            && !self.in_place()
            && old.spec.listen.is_some()
        {
            slots.push(route_slot(old, old.instances.clone(), weight.rest()));
        }
        // Nobody to share with: all of it.
        let share = if slots.is_empty() {
            Percent::FULL
        } else {
            weight
        };
        let instances = self.candidate.instances.clone();
        slots.push(route_slot(&self.candidate, instances, share));
        let mut route = serving(&self.plan.spec, self.listeners(), slots)?;
        route.thresholds = judged_by(&self.plan.spec.rollback_on);
        Some(route)
    }

    /// Old and new instances of the one slot, on old and new listeners.
    fn route_adjusted(&self) -> Option<Route> {
        let old = self.old()?;
        let mut instances = old.instances.clone();
        instances.extend(self.fresh().into_iter().cloned());
        serving(
            &self.plan.spec,
            self.listeners(),
            vec![route_slot(&self.candidate, instances, Percent::FULL)],
        )
    }

    /// Nobody gets requests while the old slot makes room.
    pub(crate) fn route_closed(&self, draining: &Slot, instances: &[Instance]) -> Option<Route> {
        let listeners = self.listeners();
        (!listeners.is_empty()).then(|| Route {
            listeners,
            mode: RouteMode::Recreating,
            slots: vec![route_slot(draining, instances.to_vec(), Percent::ZERO)],
            traffic: self.plan.spec.traffic.clone(),
            thresholds: Vec::new(),
        })
    }

    /// As it was before; the candidate drains at weight 0 where it shared the route.
    pub(crate) fn route_back(&self) -> Option<Route> {
        let old = self.old()?;
        let mut slots = vec![route_slot(old, old.instances.clone(), Percent::FULL)];
        if !self.adjusts() && self.has_begun(Begun::Starting) && self.plan.spec.listen.is_some() {
            let drained = self.candidate.instances.clone();
            slots.push(route_slot(&self.candidate, drained, Percent::ZERO));
        }
        serving(&old.spec, old.spec.listen.iter().cloned().collect(), slots)
    }

    /// Whether what is `in_effect` is this rollout's way back although its rows say that the candidate
    /// has a share: a way back goes ahead of its row when the journal can't be written, and the row
    /// is lost if the controller dies then.
    pub fn has_gone_back(&self, in_effect: Option<&Route>) -> bool {
        let forward = match self.phase {
            Phase::Holding | Phase::Shifting { .. } | Phase::Baking { .. } | Phase::Passed => {
                self.weight > Percent::ZERO
            }
            Phase::Waiting
            | Phase::Clearing(_)
            | Phase::StoppingOld(_)
            | Phase::Starting { .. }
            | Phase::Settling(_)
            | Phase::Done
            | Phase::Returning(_)
            | Phase::Returned
            | Phase::Stuck(_) => false,
        };
        let back = if self.has_begun(Begun::StoppingOld) {
            self.route_closed(&self.candidate, &self.candidate.instances)
        } else {
            self.route_back()
        };
        let listens = self.plan.spec.listen.is_some();
        forward
            && listens
            && in_effect == back.as_ref()
            && in_effect != self.route_at(self.weight).as_ref()
    }

    /// As it was before, without a trace of the candidate; in place, under the new instances.
    pub(crate) fn route_returned(&self) -> Option<Route> {
        let old = self.old()?;
        let instances = if self.has_begun(Begun::StoppingOld) {
            &self.back
        } else {
            &old.instances
        };
        let slots = vec![route_slot(old, instances.clone(), Percent::FULL)];
        serving(&old.spec, old.spec.listen.iter().cloned().collect(), slots)
    }

    /// After promotion, where nothing listens any more: the old slot drains before its listener goes.
    pub(crate) fn route_leaving(&self) -> Option<Route> {
        self.old()
            .and_then(|old| self.route_closed(old, &old.instances))
    }

    /// After promotion: the new listener alone, the old slot at weight 0 if it stands by; nothing of
    /// what goes.
    pub(crate) fn route_final(&self) -> Option<Route> {
        if self.removes() {
            return None;
        }
        let mut slots = Vec::new();
        if let Some(old) = self.old().filter(|_| self.keeps_standby()) {
            slots.push(route_slot(old, old.instances.clone(), Percent::ZERO));
        }
        slots.push(route_slot(
            &self.candidate,
            self.candidate.instances.clone(),
            Percent::FULL,
        ));
        serving(
            &self.plan.spec,
            self.plan.spec.listen.iter().cloned().collect(),
            slots,
        )
    }
}
