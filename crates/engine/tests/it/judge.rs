//! Watches every step of a deployment and knows the invariants. Nothing here reads what the engine
//! believes where it can be known from the events alone.

use std::collections::{BTreeMap, BTreeSet};

use windlass_engine::deployment::{
    Accepted, Action, Command, Course, Deployment, Event, Names, Stepped, Wire, resume, step,
};
use windlass_engine::rollout::{self, Phase, Return, Rollout, Stage};
use windlass_model::{
    Change, Environment, Instance, InstanceId, Percent, PlanKind, Route, RouteMode, ScoreStage,
    ServiceName, SlotId,
};

use crate::show;
use crate::world::settled_route;

/// What is known of one service from events and actions.
#[derive(Clone, Debug, Default)]
struct Told {
    ready: BTreeSet<InstanceId>,
    drained: BTreeSet<SlotId>,
    /// The route that is certainly in effect.
    confirmed: Option<Route>,
    confirmed_attempt: u32,
    /// Asked for since; any of them may be in effect.
    asked: BTreeMap<u32, Option<Route>>,
}

impl Told {
    /// Routes that may be in effect.
    fn routes(&self) -> impl Iterator<Item = &Route> {
        self.confirmed
            .iter()
            .chain(self.asked.values().filter_map(Option::as_ref))
    }
}

/// Judges one deployment from its first step on.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    told: BTreeMap<ServiceName, Told>,
    outstanding: Vec<Action>,
    aborted: bool,
}

impl Judge {
    pub(crate) fn new(base: &Environment, deployment: &Deployment) -> Self {
        let told = |(service, rollout): (&ServiceName, &Rollout)| {
            // A rollback to a standby is planned only if that answers.
            let warm = rollout.plan.change == (Change::Restore { warm: true });
            let standby = rollout.plan.standby.iter().filter(|_| warm);
            let old = rollout.old().into_iter().chain(standby);
            let old = old.flat_map(|slot| &slot.instances);
            let state = base.services.get(service);
            let old = old.filter(|i| !stays(rollout, i));
            let told = Told {
                ready: old.map(|i| i.id.clone()).collect(),
                confirmed: state.and_then(settled_route),
                ..Told::default()
            };
            (service.clone(), told)
        };
        Self {
            told: deployment.rollouts.iter().map(told).collect(),
            outstanding: Vec::new(),
            aborted: false,
        }
    }

    /// Sees one step that was just made.
    pub(crate) fn sees(&mut self, before: &Deployment, event: &Event, stepped: &Stepped) {
        let again = step(before.clone(), event);
        assert_eq!(again, *stepped, "the same state and event, the same step");
        self.hears(before, event);
        let now = &stepped.deployment;
        let stop = match event {
            Event::AbortRequested { .. } => Some(Command::Abort),
            Event::SupersedeRequested { .. } => Some(Command::Supersede),
            _ => None,
        };
        self.aborted |= stop.is_some_and(|stop| before.accepts(stop) == Accepted::Yes)
            && before.course != Course::Promoted;
        if !stepped.actions.is_empty() {
            let news = now != before || !stepped.facts.is_empty();
            assert!(news, "actions of no news would never be performed");
        }
        bounded(now, stepped.actions.len());
        for action in &stepped.actions {
            self.outstanding.push(action.clone());
            wires_hold(now, action);
            if let Action::Rollout {
                service, action, ..
            } = action
            {
                self.judges(now, &now.rollouts[service], action);
            }
        }
        if self.aborted {
            let back = matches!(now.course, Course::Returning | Course::Ended(_));
            assert!(back, "an abort wins: {:?}", now.course);
        }
        waits_for_something(now);
        self.resumes_what_is_open(now);
    }

    fn hears(&mut self, before: &Deployment, event: &Event) {
        if *event == Event::PromotionConfirmed {
            self.outstanding.retain(|a| *a != Action::ConfirmPromotion);
        }
        if matches!(event, Event::Renamed | Event::RenameFailed { .. }) {
            let renames = |a: &Action| matches!(a, Action::Rename(_));
            self.outstanding.retain(|a| !renames(a));
        }
        let Event::Rollout { service, event } = event else {
            return;
        };
        let (Some(told), Some(rollout)) =
            (self.told.get_mut(service), before.rollouts.get(service))
        else {
            return;
        };
        match event {
            rollout::Event::InstanceReady { instance } => {
                told.ready.insert(instance.clone());
            }
            rollout::Event::InstanceLost { instance, .. } => {
                told.ready.remove(instance);
            }
            // A late answer to a start is no news.
            rollout::Event::StartFailed { instance, .. }
                if !rollout.health.started.contains(instance) =>
            {
                told.ready.remove(instance);
            }
            rollout::Event::RouteApplied { attempt } => {
                if let Some(route) = told.asked.remove(attempt)
                    && *attempt > told.confirmed_attempt
                {
                    told.confirmed = route;
                    told.confirmed_attempt = *attempt;
                    told.asked.retain(|asked, _| asked > attempt);
                }
            }
            rollout::Event::SlotDrained { slot, .. } => {
                let asked = self.outstanding.iter().any(|a| answers(event, service, a));
                if asked {
                    told.drained.insert(*slot);
                }
            }
            _ => {}
        }
        self.outstanding.retain(|a| !answers(event, service, a));
    }

    fn judges(&mut self, now: &Deployment, rollout: &Rollout, action: &rollout::Action) {
        match action {
            rollout::Action::ApplyRoute {
                attempt,
                returning,
                route,
            } => {
                self.judges_route(now, rollout, *returning, route.as_ref());
                let told = self.told.get_mut(&rollout.service).expect("a service");
                told.asked.insert(*attempt, route.clone());
            }
            rollout::Action::AwaitDrain { slot, .. } => {
                let told = &self.told[&rollout.service];
                let routes = told.routes();
                let drains = routes
                    .into_iter()
                    .all(|route| route.weight(*slot) == Percent::ZERO);
                assert!(drains, "slot {slot} drains, but may get requests");
            }
            rollout::Action::StopInstance { instance } => self.judges_stop(now, rollout, instance),
            rollout::Action::StartInstance(_)
            | rollout::Action::KeepInstance { .. }
            | rollout::Action::StartTimer { .. } => {}
        }
    }

    fn judges_route(
        &self,
        now: &Deployment,
        rollout: &Rollout,
        returning: bool,
        route: Option<&Route>,
    ) {
        let Some(route) = route else { return };
        let told = &self.told[&rollout.service];
        let shown = format!("{}: {route:?}", rollout.service);
        assert!(
            !route.listeners.is_empty() && !route.slots.is_empty(),
            "{shown}"
        );
        let sum: u32 = route.slots.iter().map(|s| u32::from(s.weight.get())).sum();
        let whole = if route.mode == RouteMode::Serve {
            100
        } else {
            0
        };
        assert_eq!(sum, whole, "{shown}");
        let adjusts = matches!(rollout.plan.change, Change::Adjust { .. });
        if adjusts && !returning && now.course != Course::Promoted {
            let mut all = rollout.candidate.instances.iter();
            assert!(all.all(|i| told.ready.contains(&i.id)), "unseen: {shown}");
        }
        for slot in &route.slots {
            let had = told
                .confirmed
                .as_ref()
                .map(|before| before.weight(slot.slot));
            if slot.weight <= had.unwrap_or(Percent::ZERO) {
                continue;
            }
            let is_ready = |i: &Instance| told.ready.contains(&i.id);
            let candidate = is_candidate(rollout, slot.slot);
            let warm = rollout.plan.change == (Change::Restore { warm: true });
            let capacity = if candidate && !warm {
                slot.instances.iter().all(is_ready)
            } else {
                slot.instances.iter().any(is_ready)
            };
            assert!(capacity, "traffic without capacity: {shown}");
            let rollback = now.plan.kind == PlanKind::Rollback;
            let raises = candidate && returning && !rollback;
            assert!(!raises, "a return that raises: {shown}");
        }
        if now.course == Course::Returning || now.plan.kind == PlanKind::Rollback {
            assert!(returning, "nothing goes forward any more: {shown}");
        }
    }

    fn judges_stop(&self, now: &Deployment, rollout: &Rollout, instance: &InstanceId) {
        let told = &self.told[&rollout.service];
        let shown = format!("stop {}", show::short(&rollout.service, instance));
        for route in told.routes() {
            let serves = |slot: &&windlass_model::RouteSlot| {
                slot.weight > Percent::ZERO && slot.instances.iter().any(|i| i.id == *instance)
            };
            assert_eq!(route.slots.iter().find(serves), None, "{shown}");
        }
        let within = |list: &[Instance]| list.iter().any(|i| i.id == *instance);
        if rollout.displaced().any(|slot| within(&slot.instances)) {
            return;
        }
        let in_place = matches!(rollout.plan.change, Change::InPlace { .. });
        let adjusts = matches!(rollout.plan.change, Change::Adjust { .. });
        if let Some(old) = rollout.old().filter(|old| within(&old.instances)) {
            let promoted = now.course == Course::Promoted;
            assert!(in_place || promoted, "{shown} before promotion");
            if old.spec.listen.is_some() && !adjusts {
                assert!(told.drained.contains(&old.id), "{shown} before its drain");
            }
            return;
        }
        if within(&rollout.back) {
            let is_a_run = rollout.plan.spec.command.is_some();
            return assert!(is_a_run, "{shown}: a process of the way back serves");
        }
        assert!(
            within(&rollout.candidate.instances),
            "{shown}: whose is it?"
        );
        let served = rollout.weight > Percent::ZERO && rollout.old().is_some();
        if served && !adjusts {
            let id = rollout.candidate.id;
            assert!(told.drained.contains(&id), "{shown} before its drain");
        }
    }

    /// After a crash exactly what is not answered is asked for again, in the very same words.
    fn resumes_what_is_open(&self, now: &Deployment) {
        for action in resume(now) {
            wires_hold(now, &action);
            let unanswered = self.outstanding.iter().any(|a| is_same(a, &action));
            // These have no answer.
            let told = matches!(
                action,
                Action::Arm(_)
                    | Action::Rollout {
                        action: rollout::Action::KeepInstance { .. },
                        ..
                    }
            );
            assert!(
                unanswered || told,
                "asked for after a crash only: {}",
                show::deployment_action(&action)
            );
        }
    }
}

/// Whether an adjustment keeps this one: it is promoted onto, so that nobody may presume it well.
fn stays(rollout: &Rollout, instance: &Instance) -> bool {
    let adjusts = matches!(rollout.plan.change, Change::Adjust { .. });
    adjusts && rollout.candidate.instances.contains(instance)
}

fn is_candidate(rollout: &Rollout, slot: SlotId) -> bool {
    let adjusts = matches!(rollout.plan.change, Change::Adjust { .. });
    !adjusts && rollout.candidate.id == slot
}

/// Whether both ask for the same. What a swap arms is what stands now, so that one that is asked for
/// again after a crash arms no less than those that came after it.
fn is_same(one: &Action, other: &Action) -> bool {
    match (one, other) {
        (
            Action::Rollout {
                service,
                action,
                wires: _,
            },
            Action::Rollout {
                service: of,
                action: asked,
                wires: _,
            },
        ) => service == of && action == asked,
        _ => one == other,
    }
}

/// Only a raise arms, and a promotion that is called off; and what it arms leads from a candidate that
/// runs to where traffic was.
fn wires_hold(now: &Deployment, action: &Action) {
    let (service, action, wires) = match action {
        Action::Rollout {
            service,
            action,
            wires,
        } => (service, action, wires),
        Action::Arm(wires) => {
            assert_eq!(now.course, Course::Forward, "only if it is off");
            for (watched, wire) in wires {
                let wire = wire.as_ref().expect("it disarms nothing");
                wire_holds(now, (watched, wire), &format!("arm {wires:?}"));
            }
            return;
        }
        Action::Rename(_) | Action::Prove(_) | Action::ConfirmPromotion => return,
    };
    let shown = format!("{service}: {wires:?}");
    let route = matches!(action, rollout::Action::ApplyRoute { .. });
    assert!(route || wires.is_empty(), "{shown}");
    for (watched, wire) in wires {
        let rollout = &now.rollouts[watched];
        assert!(
            rollout.keeps_standby(),
            "nothing to give traffic back to: {shown}"
        );
        let Some(wire) = wire else {
            assert_eq!(watched, service, "only its own: {shown}");
            continue;
        };
        let raises = matches!(
            action,
            rollout::Action::ApplyRoute {
                returning: false,
                ..
            }
        );
        assert!(raises, "{shown}");
        wire_holds(now, (watched, wire), &shown);
    }
}

fn wire_holds(now: &Deployment, (watched, wire): (&ServiceName, &Wire), shown: &str) {
    let rollout = &now.rollouts[watched];
    assert!(
        rollout.keeps_standby(),
        "nothing to give traffic back to: {shown}"
    );
    assert!(now.wired().contains(watched), "{shown}");
    assert_eq!(wire.slot, rollout.candidate.id, "{shown}");
    assert!(!rollout.candidate.instances.is_empty(), "{shown}");
    assert!(wire.way_back.contains_key(watched), "{shown}");
    for (service, route) in &wire.way_back {
        let back = &now.rollouts[service];
        let going = matches!(
            back.phase,
            Phase::Returning(_) | Phase::Returned | Phase::Stuck(_)
        );
        assert!(!going, "{service} goes back already: {shown}");
        let old = back.old().expect("something to go back to");
        assert_eq!(route.weight(old.id), Percent::FULL, "{shown}");
        assert_eq!(route.weight(back.candidate.id), Percent::ZERO, "{shown}");
        let runs = |slot: &windlass_model::RouteSlot| !slot.instances.is_empty();
        assert!(route.slots.iter().all(runs), "{shown}");
    }
}

/// Whether `event` answers `action`, of whatever service it is.
fn answers(event: &rollout::Event, of: &ServiceName, action: &Action) -> bool {
    use rollout::{Action as Asked, Event as Said};
    let Action::Rollout {
        service, action, ..
    } = action
    else {
        return false;
    };
    if service != of {
        return false;
    }
    match (event, action) {
        (
            Said::InstanceStarted { instance }
            | Said::AddressTaken { instance, .. }
            | Said::StartFailed { instance, .. },
            Asked::StartInstance(start),
        ) => start.instance.id == *instance,
        (
            Said::RouteApplied { attempt: said } | Said::RouteFailed { attempt: said, .. },
            Asked::ApplyRoute { attempt, .. },
        ) => said == attempt,
        (Said::SlotDrained { slot: said, .. }, Asked::AwaitDrain { slot, .. }) => said == slot,
        (
            Said::InstanceStopped { instance: said, .. } | Said::StopFailed { instance: said, .. },
            Asked::StopInstance { instance },
        ) => said == instance,
        (Said::TimerFired { timer: said }, Asked::StartTimer { timer, .. }) => said == timer,
        _ => false,
    }
}

/// One event asks for no more than a few actions per instance and service.
fn bounded(now: &Deployment, actions: usize) {
    let instances: usize = now
        .rollouts
        .values()
        .map(|rollout| {
            let plan = &rollout.plan;
            let slots = plan.stable.iter().chain(&plan.standby);
            let slots = slots.chain(&plan.failed);
            let before: usize = slots.map(|slot| slot.instances.len()).sum();
            before + rollout.candidate.instances.len() + rollout.back.len()
        })
        .sum();
    let most = 2 * instances + 4 * now.rollouts.len() + 1;
    assert!(actions <= most, "{actions} actions at once, at most {most}");
}

/// Nothing waits for ever: whoever is not over has a timer or an answer to wait for, or waits for a
/// person or another rollout; what is over waits for nothing.
fn waits_for_something(now: &Deployment) {
    if now.is_ended() {
        assert_eq!(resume(now), [], "what has ended asks for nothing");
        return;
    }
    let asks_for_names = resume(now).iter().any(|a| matches!(a, Action::Rename(_)));
    let wish = now.score_wish();
    let at_its_gate = wish.is_some_and(|wish| wish.stage == ScoreStage::Before);
    assert_eq!(
        asks_for_names,
        now.names == Names::Changing && !at_its_gate,
        "whoever goes back waits for its names too"
    );
    let mut promotable =
        now.course == Course::Forward && !now.held && now.names == Names::Known && !now.proving;
    for rollout in now.rollouts.values() {
        promotable &= matches!(rollout.phase, Phase::Passed | Phase::Returned | Phase::Done)
            && (rollout.phase != Phase::Passed || rollout.is_steady());
        let asked = rollout::resume(rollout);
        let waits = match &rollout.phase {
            Phase::Waiting => {
                now.held
                    || now.names != Names::Known
                    || now.course == Course::Promoting
                    || needs_wait(now, rollout)
            }
            Phase::Holding => (rollout.held && now.held) || !rollout.is_steady(),
            Phase::Passed => asked.is_empty(),
            Phase::Done | Phase::Returned | Phase::Stuck(_) => asked.is_empty(),
            Phase::Returning(Return {
                stage: Stage::Turn, ..
            }) => consumers_wait(now, rollout),
            Phase::Returning(_) => has_timer(&asked),
            Phase::Starting { .. } | Phase::Shifting { .. } | Phase::Baking { .. } => {
                let unsteady =
                    matches!(rollout.phase, Phase::Baking { .. }) && !rollout.is_steady();
                has_timer(&asked) || (rollout.held && now.held) || unsteady
            }
            Phase::Clearing(_) | Phase::StoppingOld(_) | Phase::Settling(_) => !asked.is_empty(),
        };
        assert!(
            waits,
            "{} waits for nothing: {:?}",
            rollout.service, rollout.phase
        );
    }
    assert!(
        !promotable || now.rollouts.is_empty(),
        "nobody asks for the promotion"
    );
}

fn has_timer(asked: &[rollout::Action]) -> bool {
    let timer = |a: &rollout::Action| matches!(a, rollout::Action::StartTimer { .. });
    asked.iter().any(timer)
}

fn needs_wait(now: &Deployment, rollout: &Rollout) -> bool {
    let mut needs = rollout.plan.needs.iter();
    needs.any(|need| !matches!(now.rollouts[need].phase, Phase::Passed | Phase::Done))
}

fn consumers_wait(now: &Deployment, provider: &Rollout) -> bool {
    now.rollouts.values().any(|consumer| {
        consumer.plan.needs.contains(&provider.service) && !consumer.is_out_of_the_way()
    })
}
