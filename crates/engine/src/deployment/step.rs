//! Advancing a deployment by one event.

use windlass_model::{Fact, Follow, Past, ReturnReason, ServiceName, Then};

use super::advance::{advance, goes_back};
use super::command::{Accepted, Command};
use super::state::{Action, Course, Deployment, Event, Stepped};
use super::{prove, rename, repair, scoring, trip, wires};
use crate::rollout::{self, Phase, Rollout};

/// A step in the making.
pub(super) struct Turn {
    pub(super) deployment: Deployment,
    pub(super) actions: Vec<Action>,
    pub(super) facts: Vec<Fact>,
}

impl Turn {
    /// Steps one rollout and collects what it asks for.
    pub(super) fn rollout(&mut self, service: &ServiceName, event: &rollout::Event) {
        let Some(before) = self.deployment.rollouts.remove(service) else {
            return;
        };
        let stepped = rollout::step(before, event);
        self.deployment
            .rollouts
            .insert(service.clone(), stepped.rollout);
        self.facts.extend(stepped.facts);
        for action in stepped.actions {
            self.actions
                .push(wires::with(&self.deployment, service, action));
        }
    }

    fn finish(self) -> Stepped {
        Stepped {
            deployment: self.deployment,
            actions: self.actions,
            facts: self.facts,
        }
    }

    /// Notes what each rollout goes past, by this person's word.
    fn goes_past(&mut self, which: impl Fn(&Rollout, String) -> Option<Past>, by: &str) {
        for (service, rollout) in &mut self.deployment.rollouts {
            if let Some(past) = which(rollout, by.to_owned()) {
                rollout.past.push(past.clone());
                let service = service.clone();
                self.facts.push(Fact::WentPast { service, past });
            }
        }
    }

    /// Steps every rollout.
    pub(super) fn every_rollout(&mut self, event: &rollout::Event) {
        let all: Vec<ServiceName> = self.deployment.rollouts.keys().cloned().collect();
        for service in all {
            self.rollout(&service, event);
        }
    }
}

/// Advances a deployment by one event.
///
/// Total: an event that no longer applies changes nothing and asks for nothing.
pub fn step(deployment: Deployment, event: &Event) -> Stepped {
    let was = deployment.course;
    let was_asked = *event != Event::Began && rename::asked(&deployment).is_some();
    let mut turn = Turn {
        deployment,
        actions: Vec::new(),
        facts: Vec::new(),
    };
    if turn.deployment.is_ended() {
        return turn.finish();
    }
    match event {
        Event::Began => {
            let plan = &turn.deployment.plan;
            let services = plan.rollouts.keys().cloned().collect();
            turn.facts.push(Fact::DeploymentStarted {
                plan: plan.id.clone(),
                services,
                programs: None,
            });
        }
        Event::Rollout { service, event } => {
            if !event.is_word_of_deployment() {
                trip::forget_withheld(&mut turn, service, event);
                turn.rollout(service, event);
                hold_if_asked(&mut turn);
            }
        }
        Event::Reported { service, reports } => return said(turn, service, |it| it.hear(reports)),
        Event::Heard { service, lost } => {
            return said(turn, service, |it| it.heard(lost.as_deref()));
        }
        Event::HoldRequested { by } => command(&mut turn, Command::Hold, by),
        Event::ResumeRequested { by } => command(&mut turn, Command::Resume, by),
        Event::AbortRequested { by } => command(&mut turn, Command::Abort, by),
        Event::PromoteRequested { by } => command(&mut turn, Command::Promote, by),
        Event::SupersedeRequested { by } => command(&mut turn, Command::Supersede, by),
        Event::RepairRequested { by, how } => command(&mut turn, Command::Repair(*how), by),
        Event::Tripped {
            service,
            took_back,
            saw,
        } => trip::tripped(&mut turn, service, (took_back, saw)),
        Event::TripWithheld { service, saw } => trip::withheld(&mut turn, service, saw),
        Event::Proved { proofs } => {
            prove::proved(&mut turn, proofs);
            return turn.finish();
        }
        Event::Scored { of, score } => scoring::scored(&mut turn, of, score),
        Event::Renamed => rename::known(&mut turn),
        Event::RenameFailed { saw } => rename::failed(&mut turn, saw),
        Event::PromotionConfirmed => confirmed(&mut turn),
        Event::TakenDown { .. } => {
            repair::taken_down(&mut turn);
            return turn.finish();
        }
    }
    if turn.deployment.is_ended() {
        return turn.finish();
    }
    if !was_asked {
        turn.actions.extend(rename::asked(&turn.deployment));
    }
    advance(&mut turn);
    if was == Course::Promoting && turn.deployment.course == Course::Forward {
        // The shell may have disarmed them already.
        turn.actions.extend(wires::again(&turn.deployment));
    }
    turn.finish()
}

/// What is said of a run is told, and moves nothing.
fn said<F: IntoIterator<Item = Fact>>(
    mut turn: Turn,
    service: &ServiceName,
    say: impl FnOnce(&mut Rollout) -> F,
) -> Stepped {
    if let Some(rollout) = turn.deployment.rollouts.get_mut(service) {
        let facts = say(rollout);
        turn.facts.extend(facts);
    }
    turn.finish()
}

/// A trigger that has just fired, or evidence that is missing, may ask to wait for a person.
fn hold_if_asked(turn: &mut Turn) {
    if let Some(by) = turn.facts.iter().find_map(asks_to_hold) {
        command(turn, Command::Hold, &by);
    }
}

/// What asks to wait, if the fact is one that does.
fn asks_to_hold(fact: &Fact) -> Option<String> {
    if let Fact::TriggerFired { trigger, .. } = fact {
        return (trigger.then == Then::Hold).then(|| format!("the trigger `{trigger}`"));
    }
    let Fact::EvidenceMissing {
        service,
        verdict,
        then: Follow::Hold,
        ..
    } = fact
    else {
        return None;
    };
    Some(format!("the analysis of {service} ({verdict})"))
}

fn command(turn: &mut Turn, command: Command, by: &str) {
    if turn.deployment.accepts(command) != Accepted::Yes {
        return;
    }
    let by = by.to_owned();
    match command {
        Command::Hold => {
            turn.deployment.held = true;
            // A promotion that was being confirmed waits too: its confirmation comes too late.
            turn.deployment.course = Course::Forward;
            turn.facts.push(Fact::Held { by });
            turn.every_rollout(&rollout::Event::Held);
        }
        Command::Resume => {
            turn.deployment.held = false;
            scoring::let_go(turn, &by);
            turn.facts.push(Fact::Resumed { by: by.clone() });
            turn.goes_past(Rollout::let_past, &by);
            turn.every_rollout(&rollout::Event::Resumed);
        }
        Command::Promote => {
            scoring::let_go(turn, &by);
            turn.facts.push(Fact::Expedited { by: by.clone() });
            turn.deployment.held = false;
            turn.goes_past(Rollout::skipped, &by);
            turn.every_rollout(&rollout::Event::Expedited);
        }
        Command::Abort => {
            turn.facts.push(Fact::AbortRequested { by: by.clone() });
            stop(turn, ReturnReason::Aborted { by });
        }
        Command::Supersede => {
            turn.facts.push(Fact::Superseded { by: by.clone() });
            stop(turn, ReturnReason::Superseded { by });
        }
        Command::Repair(how) => {
            turn.facts.push(Fact::Repaired {
                by: by.clone(),
                how,
            });
            repair::repair(turn, how, &by);
        }
    }
}

/// Everything goes back.
fn stop(turn: &mut Turn, why: ReturnReason) {
    turn.deployment.held = false;
    turn.deployment.course = Course::Returning;
    rename::again(turn);
    turn.every_rollout(&rollout::Event::ReturnRequested { why });
}

fn confirmed(turn: &mut Turn) {
    if turn.deployment.course != Course::Promoting {
        return;
    }
    turn.deployment.course = Course::Promoted;
    let passed: Vec<ServiceName> = turn
        .deployment
        .rollouts
        .iter()
        .filter(|(_, rollout)| rollout.phase == Phase::Passed)
        .map(|(service, _)| service.clone())
        .collect();
    turn.facts.push(Fact::Promoted {
        services: passed.clone(),
    });
    for service in passed {
        turn.rollout(&service, &rollout::Event::Promoted);
    }
}

/// The actions whose answers this deployment waits for, after a crash.
pub fn resume(deployment: &Deployment) -> Vec<Action> {
    if deployment.is_ended() {
        return Vec::new();
    }
    let mut actions: Vec<Action> = deployment
        .rollouts
        .iter()
        .flat_map(|(service, rollout)| {
            rollout::resume(rollout)
                .into_iter()
                .map(|action| wires::with(deployment, service, action))
        })
        .collect();
    actions.extend(rename::asked(deployment));
    // A promotion may have been called off, and the controller have died before it armed them again.
    let mut rollouts = deployment.rollouts.values();
    let was_due = rollouts.all(|rollout| rollout.phase == Phase::Passed || goes_back(rollout));
    if deployment.course == Course::Forward && was_due {
        actions.extend(wires::again(deployment));
    }
    if deployment.course == Course::Promoting {
        actions.push(Action::ConfirmPromotion);
    }
    if deployment.proving {
        actions.push(Action::Prove(prove::due(deployment)));
    }
    actions
}
