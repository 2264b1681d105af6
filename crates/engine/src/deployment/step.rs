//! Advancing a deployment by one event.

use windlass_model::{DeploymentState, Fact, Outcome, ReturnReason, ServiceName};

use super::advance::advance;
use super::command::{Accepted, Command, accepts};
use super::state::{Action, Course, Deployment, Event, Stepped};
use crate::rollout::{self, Phase};

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
        self.actions
            .extend(stepped.actions.into_iter().map(|action| Action::Rollout {
                service: service.clone(),
                action,
            }));
    }

    fn finish(self) -> Stepped {
        Stepped {
            deployment: self.deployment,
            actions: self.actions,
            facts: self.facts,
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
            });
        }
        Event::Rollout { service, event } => {
            if !event.is_word_of_deployment() {
                turn.rollout(service, event);
            }
        }
        Event::HoldRequested { by } => command(&mut turn, Command::Hold, by),
        Event::ResumeRequested { by } => command(&mut turn, Command::Resume, by),
        Event::AbortRequested { by } => command(&mut turn, Command::Abort, by),
        Event::PromoteRequested { by } => command(&mut turn, Command::Promote, by),
        Event::PromotionConfirmed => confirmed(&mut turn),
        Event::TakenDown { .. } => {
            taken_down(&mut turn);
            return turn.finish();
        }
    }
    advance(&mut turn);
    turn.finish()
}

fn command(turn: &mut Turn, command: Command, by: &str) {
    if accepts(turn.deployment.state(), command) != Accepted::Yes {
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
            turn.facts.push(Fact::Resumed { by });
            turn.every_rollout(&rollout::Event::Resumed);
        }
        Command::Promote => {
            turn.facts.push(Fact::Expedited { by });
            turn.deployment.held = false;
            turn.every_rollout(&rollout::Event::Expedited);
        }
        Command::Abort => {
            turn.deployment.held = false;
            // Past the commit point there is no way back: what is stuck there is tried again.
            if turn.deployment.course != Course::Promoted {
                turn.deployment.course = Course::Returning;
            }
            turn.facts.push(Fact::AbortRequested { by: by.clone() });
            let why = ReturnReason::Aborted { by };
            turn.every_rollout(&rollout::Event::ReturnRequested { why });
        }
    }
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

/// Ends what is stuck; anything else goes its own way.
fn taken_down(turn: &mut Turn) {
    if turn.deployment.state() != DeploymentState::Stuck {
        return;
    }
    let outcome = match turn.deployment.course {
        Course::Promoted => Outcome::Promoted,
        Course::Forward | Course::Promoting | Course::Returning | Course::Ended(_) => {
            Outcome::Failed
        }
    };
    turn.deployment.course = Course::Ended(outcome);
    turn.facts.push(Fact::Ended { outcome });
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
                .map(|action| Action::Rollout {
                    service: service.clone(),
                    action,
                })
        })
        .collect();
    if deployment.course == Course::Promoting {
        actions.push(Action::ConfirmPromotion);
    }
    actions
}
