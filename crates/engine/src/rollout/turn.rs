//! One step in the making.

use std::collections::BTreeSet;

use windlass_model::{
    Fact, Instance, InstanceId, Millis, ReturnReason, RolloutPhase, Route, StuckReason, TimerId,
};

use super::action::{Action, Start};
use super::state::{Asked, Begun, Phase, Return, Rollout, Stage};
use super::wait::Wait;

/// Work time routers have to confirm a route.
pub(crate) const SHIFT_WITHIN: Millis = Millis::from_secs(30);

/// Work time between two tries of an action on a way back.
pub(crate) const RETRY_AFTER: Millis = Millis::from_secs(1);

/// The next state, what to do, and what became true.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Stepped {
    /// The next state.
    pub rollout: Rollout,
    /// What to do, in order.
    pub actions: Vec<Action>,
    /// What became true, in order.
    pub facts: Vec<Fact>,
}

/// A step in the making: phases change the rollout and collect actions and facts here.
pub(crate) struct Turn {
    pub(crate) rollout: Rollout,
    pub(crate) actions: Vec<Action>,
    pub(crate) facts: Vec<Fact>,
}

impl Turn {
    pub(crate) fn new(rollout: Rollout) -> Self {
        Self {
            rollout,
            actions: Vec::new(),
            facts: Vec::new(),
        }
    }

    pub(crate) fn finish(self) -> Stepped {
        Stepped {
            rollout: self.rollout,
            actions: self.actions,
            facts: self.facts,
        }
    }

    pub(crate) fn enter(&mut self, phase: Phase) {
        let before = self.rollout.shown();
        self.rollout.phase = phase;
        let now = self.rollout.shown();
        if before != now {
            if matches!(now, RolloutPhase::Starting | RolloutPhase::Returning) {
                self.rollout.said.begin();
            }
            let service = self.rollout.service.clone();
            self.facts.push(Fact::PhaseEntered {
                service,
                phase: now,
            });
        }
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(crate) fn timer(&mut self) -> TimerId {
        self.rollout.counters.timers = self.rollout.counters.timers.next();
        self.rollout.counters.timers
    }

    /// A running wait; a paused one while held.
    pub(crate) fn wait(&mut self, within: Millis) -> Wait {
        let mut wait = Wait::paused(within);
        if !self.rollout.held {
            self.run(&mut wait);
        }
        wait
    }

    pub(crate) fn run(&mut self, wait: &mut Wait) {
        let timer = self.timer();
        let action = wait.start(timer);
        self.act(action);
    }

    /// A timer after which a failed action is asked for again.
    pub(crate) fn retry_timer(&mut self) -> TimerId {
        let timer = self.timer();
        self.act(Action::StartTimer {
            timer,
            after: RETRY_AFTER,
        });
        timer
    }

    /// Asks for `route` under a new attempt number.
    pub(crate) fn apply(&mut self, route: Option<Route>, returning: bool) -> u32 {
        self.rollout.counters.attempt = self.rollout.counters.attempt.saturating_add(1);
        self.rollout.begun.insert(Begun::Routing);
        let attempt = self.rollout.counters.attempt;
        self.act(Action::ApplyRoute {
            attempt,
            returning,
            route,
        });
        attempt
    }

    /// Asks to stop `instances`; returns their ids.
    pub(crate) fn stop(&mut self, instances: Vec<InstanceId>) -> BTreeSet<InstanceId> {
        for instance in &instances {
            self.act(Action::StopInstance {
                instance: instance.clone(),
            });
        }
        instances.into_iter().collect()
    }

    /// Asks to start those of the candidate's instances that are new.
    pub(crate) fn start_fresh(&mut self) {
        let starts: Vec<Action> = self
            .rollout
            .fresh()
            .into_iter()
            .map(|i| self.rollout.start_action(i))
            .collect();
        self.actions.extend(starts);
    }

    /// Asks for a route of the way forward. That of a rollback is a return: nothing stops it.
    pub(crate) fn apply_forward(&mut self, route: Option<Route>) -> u32 {
        self.apply(route, self.rollout.is_rollback())
    }

    /// Something went wrong on the way forward: goes back for `why`; a rollback, which comes from
    /// what is bad, holds where it is.
    pub(crate) fn fail(&mut self, why: ReturnReason) {
        if !self.rollout.is_rollback() {
            return self.go_back(why);
        }
        let service = self.rollout.service.clone();
        self.facts.push(Fact::RolloutFailed {
            service: service.clone(),
            why: why.clone(),
        });
        self.rollout.returned_because = Some(why.clone());
        self.rollout.held = false;
        self.stuck(StuckReason::RollbackFailed(why));
    }

    /// Can go neither on nor back without a person.
    pub(crate) fn stuck(&mut self, why: StuckReason) {
        let service = self.rollout.service.clone();
        self.facts.push(Fact::Stuck {
            service,
            why: why.clone(),
        });
        self.enter(Phase::Stuck(why));
    }

    /// Goes back for `why`, as soon as the deployment says that it is its turn.
    pub(crate) fn go_back(&mut self, why: ReturnReason) {
        let service = self.rollout.service.clone();
        self.facts.push(Fact::RolloutFailed {
            service,
            why: why.clone(),
        });
        self.rollout.returned_because = Some(why);
        // It was said of what is left now.
        self.rollout.word = None;
        self.rollout.counters.retries = 0;
        self.way_back();
    }

    /// Waits for its turn to go back.
    pub(crate) fn way_back(&mut self) {
        // A hold stops work time of the way forward only.
        self.rollout.held = false;
        let back = Return {
            // Work time begins with its turn: until then others answer for theirs.
            wait: Wait::paused(self.rollout.plan.spec.rollback_within),
            stage: Stage::Turn,
            retry: None,
            trouble: None,
        };
        self.enter(Phase::Returning(back));
    }
}

impl Rollout {
    /// How `instance`, of the candidate or of the old slot started again, is started.
    pub(crate) fn start_action(&self, instance: &Instance) -> Action {
        let number = |list: &[Instance]| list.iter().position(|i| i.id == instance.id);
        let new = || {
            let at = number(&self.candidate.instances).unwrap_or_default();
            (at, &self.candidate, self.keeps_candidate())
        };
        let old = number(&self.back).zip(self.old());
        let run = self.run(old.is_some());
        let (ordinal, slot, keep) = old.map_or_else(new, |(at, old)| (at, old, true));
        let by = run.as_ref().map_or(slot, |(_, by)| by);
        Action::StartInstance(Box::new(Start {
            instance: instance.clone(),
            release: by.release.clone(),
            spec: by.spec.clone(),
            ordinal: u16::try_from(ordinal).unwrap_or(u16::MAX),
            slot: slot.id,
            keep: keep && run.is_none(),
            again: self.asked.contains(&Asked::Again),
            run: run.map(|(run, _)| run),
        }))
    }
}
