//! How a deployment stands, as far as its events say. Pure: events in, a picture out.

use std::collections::BTreeMap;

use windlass_api::{DeploymentView, Event, FiguresView, HALT_SIGN};
use windlass_model::{
    AppName, Below, DeploymentId, DeploymentState, EnvironmentName, Fact, Millis, Percent, Plan,
    PlanKind, ReturnReason, RolloutPhase, ScoreGate, ScoreSummary, ServiceKey, ServiceName,
};

use super::part::{Hold, Part};

/// The picture of one deployment.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) id: DeploymentId,
    pub(crate) app: AppName,
    pub(crate) environment: EnvironmentName,
    pub(crate) kind: PlanKind,
    pub(crate) started_us: i64,
    pub(crate) state: DeploymentState,
    /// Who asked it to wait, while it does.
    pub(crate) held_by: Option<String>,
    /// Since when its clocks stand still, while it is held.
    stands_since_us: Option<i64>,
    /// Gates that a score keeps shut, with what was measured.
    pub(crate) shut: Vec<(ScoreGate, ScoreSummary)>,
    pub(crate) ended_us: Option<i64>,
    /// Whether somebody stopped it: an abort, or a newer deployment in its place.
    pub(crate) stopped: bool,
    /// Whether a service has another name since: what is stable moved, and its plan is stale.
    pub(crate) renamed: bool,
    /// Whether the router did not take the new names in time.
    unnamed: bool,
    pub(crate) parts: BTreeMap<ServiceName, Part>,
}

impl Progress {
    /// The picture before its first event.
    pub(crate) fn begin(view: &DeploymentView, plan: Option<&Plan>) -> Self {
        let parts = view.rollouts.iter().map(|(service, rollout)| {
            let planned = plan.and_then(|plan| plan.rollouts.get(service));
            (
                service.clone(),
                Part::begin(rollout, planned, view.started_us),
            )
        });
        Self {
            id: view.id.clone(),
            app: view.app.clone(),
            environment: view.environment.clone(),
            kind: view.kind,
            started_us: view.started_us,
            state: DeploymentState::Running,
            held_by: None,
            stands_since_us: None,
            shut: Vec::new(),
            ended_us: None,
            stopped: false,
            renamed: false,
            unnamed: false,
            parts: parts.collect(),
        }
    }

    /// As it stands, of one that nobody followed: what happened on the way is not known.
    pub(crate) fn of(view: &DeploymentView) -> Self {
        let mut picture = Self::begin(view, None);
        picture.state = view.state;
        picture.ended_us = view.ended_us;
        let shut = view.shut();
        picture.shut = shut
            .map(|(gate, score)| (gate.clone(), score.clone()))
            .collect();
        for (service, part) in &mut picture.parts {
            let Some(rollout) = view.rollouts.get(service) else {
                continue;
            };
            part.why.clone_from(&rollout.returned_because);
            part.stuck.clone_from(&rollout.stuck_because);
            part.last_lines.clone_from(&rollout.last_lines);
        }
        let stopped = |part: &Part| {
            let why = part.why.as_ref();
            why.is_some_and(|why| {
                matches!(
                    why,
                    ReturnReason::Aborted { .. } | ReturnReason::Superseded { .. }
                )
            })
        };
        picture.stopped = picture.parts.values().any(stopped);
        picture
    }

    /// Whether nothing more can happen.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, DeploymentState::Ended(_))
    }

    /// Whether it waits for a person's word. A halt is none: it is the whole installation's, and what
    /// it holds goes on by itself once it is lifted.
    pub(crate) fn waits_for_a_person(&self) -> bool {
        let by = self.held_by.as_deref();
        let is_held = by.is_some_and(|by| !by.starts_with(HALT_SIGN));
        is_held || !self.shut.is_empty()
    }

    /// Whether no service does anything any more: what follows is measured, or looked at once more.
    pub(crate) fn is_all_done(&self) -> bool {
        let mut phases = self.parts.values().map(|part| part.phase);
        phases.all(|it| matches!(it, RolloutPhase::Done | RolloutPhase::Returned))
    }

    /// A gate is shut, or passed.
    fn gate(&mut self, gate: &ScoreGate, score: Option<&ScoreSummary>) {
        self.shut.retain(|(known, _)| known != gate);
        let score = score.map(|score| (gate.clone(), score.clone()));
        self.shut.extend(score);
        self.state = if self.held_by.is_none() && self.shut.is_empty() {
            DeploymentState::Running
        } else {
            DeploymentState::Held
        };
    }

    /// Whether a service can go neither on nor back, or none can begin.
    pub(crate) fn has_stuck(&self) -> bool {
        self.unnamed || self.parts.values().any(|part| part.stuck.is_some())
    }

    /// Whether a new release has requests that can be counted.
    pub(crate) fn has_traffic(&self) -> bool {
        let mut parts = self.parts.values();
        parts.any(|part| part.listens && part.weight > Percent::ZERO)
    }

    /// Takes in what the router has counted.
    pub(crate) fn count(&mut self, figures: &FiguresView) {
        for (service, part) in &mut self.parts {
            let key = ServiceKey {
                app: self.app.clone(),
                environment: self.environment.clone(),
                service: service.clone(),
            };
            let versions = figures.services.get(&key);
            part.count(versions.map_or(&[], Vec::as_slice));
        }
    }

    /// What the clocks of its services show: while somebody holds it they show when that began.
    pub(crate) fn clock_us(&self, now_us: i64) -> i64 {
        let stands = self.stands_since_us;
        stands.map_or(now_us, |since_us| now_us.min(since_us))
    }

    /// Whose word its services wait for.
    pub(crate) fn hold(&self) -> Hold {
        match &self.held_by {
            None => Hold::Nobodys,
            Some(by) if by.starts_with(HALT_SIGN) => Hold::OfAHalt,
            Some(_) => Hold::OfAPerson,
        }
    }

    /// Nobody holds it any more: what was left of each time then is left of it now.
    fn let_go(&mut self, at_us: i64) {
        self.held_by = None;
        self.shut.clear();
        if let Some(since_us) = self.stands_since_us.take() {
            for part in self.parts.values_mut() {
                part.stood(at_us.saturating_sub(since_us).max(0));
            }
        }
    }

    /// Takes in how it stands now that a controller is back: no event says what is left of a watch.
    pub(crate) fn goes_on(&mut self, view: &DeploymentView, now_us: i64) {
        let now_us = self.clock_us(now_us);
        for (service, part) in &mut self.parts {
            let rollout = view.rollouts.get(service);
            let rollout = rollout.filter(|it| it.phase == RolloutPhase::Baking);
            let left = rollout.filter(|it| it.weight == part.weight);
            if let Some(left) = left.and_then(|it| it.remaining_ms) {
                part.goes_on(Millis::from_millis(left), now_us);
            }
        }
    }

    /// Takes in one event.
    pub(crate) fn apply(&mut self, event: &Event) {
        for fact in &event.facts {
            self.of_the_whole(fact, event.at_us);
            self.of_a_service(fact, event.at_us);
        }
    }

    fn of_the_whole(&mut self, fact: &Fact, at_us: i64) {
        match fact {
            Fact::DeploymentStarted { .. } => self.started_us = at_us,
            Fact::Held { by } => {
                (self.state, self.held_by) = (DeploymentState::Held, Some(by.clone()));
                self.stands_since_us.get_or_insert(at_us);
            }
            Fact::Resumed { .. } | Fact::Expedited { .. } => {
                self.state = DeploymentState::Running;
                self.let_go(at_us);
            }
            Fact::GateShut {
                gate,
                score,
                then: Below::Hold,
            } => self.gate(gate, Some(score)),
            Fact::GatePassed { gate, .. } => self.gate(gate, None),
            Fact::AbortRequested { .. } | Fact::Superseded { .. } => {
                self.state = DeploymentState::Returning;
                self.let_go(at_us);
                self.stopped = true;
                self.unnamed = false;
            }
            Fact::Renamed { .. } => self.renamed = true,
            Fact::RenameFailed { .. } => self.unnamed = true,
            Fact::Repaired { .. } => self.mended(),
            Fact::Promoted { .. } => self.state = DeploymentState::Settling,
            Fact::Ended { outcome } => {
                self.state = DeploymentState::Ended(*outcome);
                self.ended_us = Some(at_us);
            }
            Fact::RolloutPassed { service } => {
                for part in self.parts.values_mut() {
                    part.waits_for.retain(|need| need != service);
                }
            }
            Fact::PhaseEntered { .. }
            | Fact::Because { .. }
            | Fact::InstanceStarted { .. }
            | Fact::CommandStarted { .. }
            | Fact::Reported { .. }
            | Fact::InstanceReady { .. }
            | Fact::NotReady { .. }
            | Fact::InstanceLost { .. }
            | Fact::TrafficShifted { .. }
            | Fact::BakeStarted { .. }
            | Fact::RolloutFailed { .. }
            | Fact::RolloutReturned { .. }
            | Fact::WentPast { .. }
            | Fact::SlotDrained { .. }
            | Fact::SlotRetired { .. }
            | Fact::InstanceKilled { .. }
            | Fact::FailedKept { .. }
            | Fact::TriggerFired { .. }
            | Fact::Judged { .. }
            | Fact::EvidenceAwaited { .. }
            | Fact::EvidenceMissing { .. }
            | Fact::Scored { .. }
            | Fact::GateShut { .. }
            | Fact::Sight { .. }
            | Fact::Heard { .. }
            | Fact::TripwireFired { .. }
            | Fact::TripwireWithheld { .. }
            | Fact::Proved { .. }
            | Fact::Removed { .. }
            | Fact::Stuck { .. } => {}
        }
    }

    fn mended(&mut self) {
        self.unnamed = false;
        for part in self.parts.values_mut() {
            part.stuck = None;
        }
    }

    fn of_a_service(&mut self, fact: &Fact, at_us: i64) {
        let clock_us = self.clock_us(at_us);
        let Some(part) = service_of(fact).and_then(|service| self.parts.get_mut(service)) else {
            return;
        };
        match fact {
            Fact::PhaseEntered { phase, .. } => part.enter(*phase, at_us),
            Fact::InstanceStarted {
                instance, address, ..
            } => {
                part.instances.insert(instance.clone(), *address);
            }
            Fact::Reported { report, .. } => part.hear(report),
            Fact::NotReady { instance, saw, .. } => {
                part.unready.insert(instance.clone(), saw.clone());
            }
            Fact::InstanceReady { instance, .. } => {
                part.unready.remove(instance);
                // An instance that lost and regained readiness is told again.
                part.ready = part.ready.saturating_add(1).min(part.wanted);
            }
            Fact::InstanceLost { .. } => part.lose(fact),
            Fact::TrafficShifted { version, to, .. } => {
                // A return is told as the old slot's share.
                part.weight = if *version == part.to { *to } else { to.rest() };
            }
            Fact::BakeStarted { within, .. } => part.bake = Some((clock_us, *within)),
            Fact::EvidenceAwaited { .. } => part.awaits(fact, clock_us),
            Fact::EvidenceMissing { .. } => (part.evidence, part.asks) = (None, true),
            Fact::RolloutPassed { .. } => part.pass(at_us),
            Fact::RolloutFailed { why, .. } => part.why = Some(why.clone()),
            Fact::RolloutReturned { .. } => part.enter(RolloutPhase::Returned, at_us),
            Fact::SlotDrained { cut, .. } => part.cut = part.cut.saturating_add(*cut),
            Fact::Stuck { why, .. } => {
                part.enter(RolloutPhase::Stuck, at_us);
                part.stuck = Some(why.clone());
            }
            Fact::TripwireWithheld { saw, .. } => part.withheld = Some(saw.clone()),
            Fact::TripwireFired { .. } => part.withheld = None,
            Fact::SlotRetired { slot, .. } => part.retire(*slot),
            Fact::Proved { proof, .. } => part.proof = Some(proof.clone()),
            Fact::TriggerFired { .. }
            | Fact::Judged { .. }
            | Fact::Scored { .. }
            | Fact::GateShut { .. }
            | Fact::GatePassed { .. }
            | Fact::Sight { .. }
            | Fact::Heard { .. }
            | Fact::Removed { .. }
            | Fact::Renamed { .. }
            | Fact::RenameFailed { .. }
            | Fact::FailedKept { .. }
            | Fact::InstanceKilled { .. }
            | Fact::DeploymentStarted { .. }
            | Fact::Because { .. }
            | Fact::CommandStarted { .. }
            | Fact::Held { .. }
            | Fact::Resumed { .. }
            | Fact::Expedited { .. }
            | Fact::WentPast { .. }
            | Fact::AbortRequested { .. }
            | Fact::Superseded { .. }
            | Fact::Repaired { .. }
            | Fact::Promoted { .. }
            | Fact::Ended { .. } => {}
        }
        if matches!(fact, Fact::RolloutFailed { .. }) && self.state != DeploymentState::Settling {
            self.state = DeploymentState::Returning;
            self.let_go(at_us);
        }
    }

    /// The services that failed by themselves, not because another did.
    pub(crate) fn failed(&self) -> impl Iterator<Item = (&ServiceName, &Part, &ReturnReason)> {
        self.parts.iter().filter_map(|(service, part)| {
            let why = part.own_failure(service)?;
            Some((service, part, why))
        })
    }
}

/// The service that a fact is about.
pub(crate) fn service_of(fact: &Fact) -> Option<&ServiceName> {
    match fact {
        Fact::PhaseEntered { service, .. }
        | Fact::InstanceStarted { service, .. }
        | Fact::CommandStarted { service, .. }
        | Fact::Reported { service, .. }
        | Fact::InstanceReady { service, .. }
        | Fact::NotReady { service, .. }
        | Fact::InstanceLost { service, .. }
        | Fact::TrafficShifted { service, .. }
        | Fact::BakeStarted { service, .. }
        | Fact::RolloutPassed { service }
        | Fact::RolloutFailed { service, .. }
        | Fact::RolloutReturned { service }
        | Fact::SlotDrained { service, .. }
        | Fact::SlotRetired { service, .. }
        | Fact::InstanceKilled { service, .. }
        | Fact::FailedKept { service, .. }
        | Fact::WentPast { service, .. }
        | Fact::TriggerFired { service, .. }
        | Fact::Judged { service, .. }
        | Fact::EvidenceAwaited { service, .. }
        | Fact::EvidenceMissing { service, .. }
        | Fact::Sight { service, .. }
        | Fact::Heard { service, .. }
        | Fact::TripwireFired { service, .. }
        | Fact::TripwireWithheld { service, .. }
        | Fact::Proved { service, .. }
        | Fact::Removed { service }
        | Fact::Renamed { service, .. }
        | Fact::RenameFailed { service, .. }
        | Fact::Stuck { service, .. } => Some(service),
        Fact::GateShut { gate, .. } | Fact::GatePassed { gate, .. } => {
            gate.step.as_ref().map(|step| &step.service)
        }
        Fact::DeploymentStarted { .. }
        | Fact::Scored { .. }
        | Fact::Because { .. }
        | Fact::Held { .. }
        | Fact::Resumed { .. }
        | Fact::Expedited { .. }
        | Fact::AbortRequested { .. }
        | Fact::Superseded { .. }
        | Fact::Repaired { .. }
        | Fact::Promoted { .. }
        | Fact::Ended { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use windlass_model::{Tally, Version};

    use super::*;
    use crate::ui::sample;

    #[test]
    fn what_the_router_counts_of_the_new_version_is_known_and_of_no_other() {
        let mut picture = sample::told(&sample::good_story()[..6]);
        assert!(picture.has_traffic());
        let version = |text: &str, answers| windlass_api::VersionFigures {
            version: Some(Version(text.to_owned())),
            answers,
            connect_failures: 2,
            broken: 1,
        };
        let key = ServiceKey {
            app: picture.app.clone(),
            environment: picture.environment.clone(),
            service: sample::service("auth"),
        };
        let versions = vec![
            version("1.4.1", [0, 900, 0, 0, 9]),
            version("1.4.2", [0, 90, 3, 2, 5]),
        ];
        let figures = FiguresView {
            services: [(key, versions)].into(),
            ..FiguresView::default()
        };
        picture.count(&figures);
        let counted = |service| picture.parts[&sample::service(service)].counted;
        let seen = Tally {
            requests: 102,
            errors: 8,
        };
        assert_eq!((counted("auth"), counted("api")), (Some(seen), None));
        picture.count(&FiguresView::default());
        let counted = picture.parts[&sample::service("auth")].counted;
        assert_eq!(counted, Some(Tally::default()), "nobody asks for it");
    }

    #[test]
    fn a_controller_that_is_back_says_what_is_left_of_a_watch() {
        let mut picture = sample::told(&sample::good_story()[..6]);
        let mut view = sample::deployment("dep_01k0a");
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        let auth = auth.expect("a service");
        auth.phase = RolloutPhase::Baking;
        auth.remaining_ms = Some(25_000);
        let left = |picture: &Progress| picture.parts[&sample::service("auth")].bake;
        let before = left(&picture);
        picture.goes_on(&view, sample::at(60_000));
        assert_eq!(left(&picture), before, "that is another share");
        let auth = view.rollouts.get_mut(&sample::service("auth"));
        auth.expect("a service").weight = Percent::new(25).expect("a share");
        picture.goes_on(&view, sample::at(60_000));
        let now = (sample::at(60_000), Millis::from_secs(25));
        assert_eq!(left(&picture), Some(now));
    }

    #[test]
    fn a_good_deployment_is_told_by_its_facts() {
        let picture = sample::told(&sample::good_story());
        assert!(picture.has_ended());
        let auth = &picture.parts[&sample::service("auth")];
        assert_eq!((auth.ready, auth.wanted), (2, 2));
        assert_eq!(auth.weight, Percent::FULL);
        let api = &picture.parts[&sample::service("api")];
        assert!(api.waits_for.is_empty(), "auth has passed");
    }

    #[test]
    fn a_halt_is_no_word_of_a_person_about_this_deployment() {
        let mut event = sample::held();
        let told = |event: &Event| sample::told(std::slice::from_ref(event));
        assert!(told(&event).waits_for_a_person());
        event.facts = vec![Fact::Held {
            by: format!("{HALT_SIGN}mira)"),
        }];
        assert!(!told(&event).waits_for_a_person());
        assert!(!sample::untold().waits_for_a_person());
    }

    #[test]
    fn while_it_is_held_no_time_runs_and_the_rest_of_it_runs_afterwards() {
        let mut picture = sample::told(&sample::good_story()[..6]);
        let auth = sample::service("auth");
        let left = |picture: &Progress, now_us| {
            let (since_us, within) = picture.parts[&auth].bake.expect("it is watched");
            let within_us = i64::try_from(within.as_millis() * 1_000).unwrap();
            since_us + within_us - picture.clock_us(now_us)
        };
        let mut event = sample::held();
        let at_us = event.at_us;
        let before = left(&picture, at_us);
        picture.apply(&event);
        let later_us = at_us + 90_000_000;
        assert_eq!(left(&picture, later_us), before, "nothing runs");
        event.at_us = later_us;
        event.facts = vec![Fact::Resumed {
            by: "mira".to_owned(),
        }];
        picture.apply(&event);
        assert_eq!(left(&picture, later_us), before, "the rest begins now");
        assert_eq!(left(&picture, later_us + 1_000), before - 1_000);
    }

    #[test]
    fn what_a_person_lets_skip_the_rest_is_held_no_more() {
        let mut event = sample::held();
        let mut picture = sample::told(std::slice::from_ref(&event));
        event.facts = vec![Fact::Expedited {
            by: "mira".to_owned(),
        }];
        picture.apply(&event);
        assert_eq!(picture.state, DeploymentState::Running);
        assert_eq!(picture.hold(), Hold::Nobodys);
    }

    #[test]
    fn new_names_that_the_router_does_not_take_are_stuck_until_somebody_asks_again() {
        let mut event = sample::held();
        let mut picture = sample::told(&[]);
        let mut tells = |fact| {
            event.facts = vec![fact];
            picture.apply(&event);
            picture.has_stuck()
        };
        let failed = || Fact::RenameFailed {
            service: ServiceName::new("site").unwrap(),
            from: ServiceName::new("web").unwrap(),
            saw: "the router is not there".to_owned(),
        };
        let by = || "mira".to_owned();
        assert!(tells(failed()));
        let how = windlass_model::Repair::Retry;
        assert!(!tells(Fact::Repaired { by: by(), how }));
        assert!(tells(failed()));
        assert!(!tells(Fact::AbortRequested { by: by() }));
    }

    #[test]
    fn the_service_that_failed_by_itself_is_known() {
        let picture = sample::told(&sample::bad_story());
        let failed: Vec<_> = picture.failed().map(|(name, _, _)| name.as_str()).collect();
        assert_eq!(failed, ["api"]);
        let auth = &picture.parts[&sample::service("auth")];
        assert_eq!(auth.weight, Percent::ZERO, "its traffic was taken back");
    }
}
