//! One rollout, led by hand from row to row.

use windlass_engine::rollout::{Event, Phase, Rollout, Stage, resume, step};
use windlass_model::{Fact, InstanceEnd, ReturnReason, RolloutPhase, SlotId, TimerId};

use crate::builders::{App, Kind, instance_id, local, name};
use crate::show;

/// The service that walks alone.
pub(crate) const API: &str = "api";

/// A rollout and what it told last.
#[derive(Clone)]
pub(crate) struct Walk {
    pub(crate) rollout: Rollout,
    pub(crate) facts: Vec<Fact>,
}

pub(crate) fn started(instance: &str) -> Event {
    Event::InstanceStarted {
        instance: instance_id(API, instance),
    }
}

pub(crate) fn ready(instance: &str) -> Event {
    Event::InstanceReady {
        instance: instance_id(API, instance),
    }
}

pub(crate) fn lost(instance: &str) -> Event {
    Event::InstanceLost {
        instance: instance_id(API, instance),
        end: InstanceEnd::Exited(1),
        last_lines: Vec::new(),
    }
}

pub(crate) fn not_started(instance: &str) -> Event {
    Event::StartFailed {
        instance: instance_id(API, instance),
        why: "no such program".to_owned(),
    }
}

pub(crate) fn taken(instance: &str, next: u16) -> Event {
    Event::AddressTaken {
        instance: instance_id(API, instance),
        next: local(next),
    }
}

pub(crate) fn stopped(instance: &str) -> Event {
    Event::InstanceStopped {
        instance: instance_id(API, instance),
        killed_after: None,
        last_lines: Vec::new(),
    }
}

pub(crate) fn not_stopped(instance: &str) -> Event {
    Event::StopFailed {
        instance: instance_id(API, instance),
        why: "it stays".to_owned(),
    }
}

pub(crate) fn applied(attempt: u32) -> Event {
    Event::RouteApplied { attempt }
}

pub(crate) fn refused(attempt: u32) -> Event {
    Event::RouteFailed {
        attempt,
        why: "refused".to_owned(),
    }
}

pub(crate) fn drained(slot: u32) -> Event {
    Event::SlotDrained {
        slot: SlotId(slot),
        cut: 0,
    }
}

pub(crate) fn fired(timer: u32) -> Event {
    Event::TimerFired {
        timer: TimerId(timer),
    }
}

pub(crate) fn unready(instance: &str) -> Event {
    Event::InstanceLost {
        instance: instance_id(API, instance),
        end: InstanceEnd::Unready("HTTP 503".to_owned()),
        last_lines: Vec::new(),
    }
}

pub(crate) fn return_requested() -> Event {
    Event::ReturnRequested {
        why: ReturnReason::Aborted {
            by: "ada".to_owned(),
        },
    }
}

impl Walk {
    /// A rollout of `api` that has not begun.
    pub(crate) fn of(kind: Kind) -> Self {
        Self::app(&App::of(API, kind))
    }

    /// The rollout of `api` in `app`.
    pub(crate) fn app(app: &App) -> Self {
        let mut rollouts = app.deployment().rollouts;
        Self {
            rollout: rollouts.remove(&name(API)).expect("api changes"),
            facts: Vec::new(),
        }
    }

    /// This rollout, wherever it stands.
    pub(crate) fn with(rollout: Rollout) -> Self {
        Self {
            rollout,
            facts: Vec::new(),
        }
    }

    /// Hears one event; returns what it asks for.
    pub(crate) fn hears(&mut self, event: &Event) -> Vec<String> {
        let stepped = step(self.rollout.clone(), event);
        self.rollout = stepped.rollout;
        self.facts = stepped.facts;
        let service = &self.rollout.service;
        let shown = stepped.actions.iter().map(|a| show::action(service, a));
        shown.collect()
    }

    /// Hears events in order, whatever it asks for.
    pub(crate) fn after(mut self, events: &[Event]) -> Self {
        for event in events {
            self.hears(event);
        }
        self
    }

    /// Hears an event that must change nothing.
    pub(crate) fn ignores(&mut self, event: &Event) {
        let before = self.rollout.clone();
        assert_eq!(self.hears(event), Vec::<String>::new(), "{event:?}");
        assert_eq!(self.rollout, before, "{event:?}");
        assert_eq!(self.facts, [], "{event:?}");
    }

    /// Lets work time pass until the present wait is over; returns what is asked for then.
    pub(crate) fn waits_out(&mut self) -> Vec<String> {
        for _ in 0..1_000 {
            let before = self.rollout.shown();
            let timer = self.running_timer().expect("a running timer");
            let asked = self.hears(&fired(timer));
            let slices = asked.len() == 1 && asked[0].starts_with("timer ");
            if !slices || self.rollout.shown() != before {
                return asked;
            }
        }
        panic!("the wait never ends");
    }

    /// The timer of the present wait.
    pub(crate) fn running_timer(&self) -> Option<u32> {
        let wait = match &self.rollout.phase {
            Phase::StoppingOld(windlass_engine::rollout::StoppingOld::Closing { wait, .. })
            | Phase::Starting { wait, .. }
            | Phase::Shifting { wait, .. }
            | Phase::Baking { wait } => wait,
            Phase::Returning(back) => &back.wait,
            _ => return None,
        };
        wait.timer.map(|timer| timer.0)
    }

    pub(crate) fn phase(&self) -> RolloutPhase {
        self.rollout.shown()
    }

    /// The stage of its way back.
    pub(crate) fn stage(&self) -> Stage {
        match &self.rollout.phase {
            Phase::Returning(back) => back.stage.clone(),
            other => panic!("not on the way back: {other:?}"),
        }
    }

    /// What it would ask for again after a crash.
    pub(crate) fn resumes(&self) -> Vec<String> {
        let service = &self.rollout.service;
        let actions = resume(&self.rollout);
        actions.iter().map(|a| show::action(service, a)).collect()
    }

    /// Why it goes or went back.
    pub(crate) fn reason(&self) -> &ReturnReason {
        let reason = self.rollout.returned_because.as_ref();
        reason.expect("it goes back")
    }
}

/// Asserts the actions, as lines.
#[macro_export]
macro_rules! asks {
    ($asked:expr $(, $line:expr)* $(,)?) => {
        assert_eq!($asked, Vec::<&str>::from([$($line),*]))
    };
}
