//! Histories that no world would produce: answers in any order, repeated, late, for whatever may be
//! meant. The engine stays within its invariants all the same.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use windlass_engine::deployment::{Action, Course, Deployment, Event, resume, step};
use windlass_engine::rollout::{Action as Asked, Begun, Event as Said, Rollout};
use windlass_model::{
    Environment, InstanceEnd, InstanceId, Millis, PlanKind, Repair, ReturnReason, RolloutPhase,
    ServiceName, SlotId, TimerId, Trigger,
};

use crate::builders::{Kind, local};
use crate::judge::Judge;
use crate::properties::{a_rollback, an_app};
use crate::removal::removal;
use crate::rollback::rollback;
use crate::world::by;

/// One thing to happen, chosen before anything is known.
#[derive(Clone, Debug)]
enum Pick {
    /// The answer to one of the actions that wait for one.
    Answer { which: usize, well: bool },
    /// An instance becomes ready.
    Ready { which: usize },
    /// Any event whatsoever.
    Any {
        which: usize,
        of: usize,
        number: u32,
    },
    /// An event once more.
    Again { which: usize },
    /// A person's word.
    Command { which: usize },
}

fn a_pick() -> impl Strategy<Value = Pick> {
    let which = || 0_usize..1_000;
    prop_oneof![
        12 => (which(), prop::bool::weighted(0.9)).prop_map(|(which, well)| Pick::Answer { which, well }),
        6 => which().prop_map(|which| Pick::Ready { which }),
        2 => (which(), which(), 0_u32..12).prop_map(|(which, of, number)| Pick::Any { which, of, number }),
        2 => which().prop_map(|which| Pick::Again { which }),
        1 => which().prop_map(|which| Pick::Command { which }),
    ]
}

fn choose<T: Clone>(from: &[T], which: usize) -> Option<T> {
    from.get(which.checked_rem(from.len())?).cloned()
}

fn instances(deployment: &Deployment, service: &ServiceName) -> Vec<InstanceId> {
    let rollout = &deployment.rollouts[service];
    let slots = rollout.plan.stable.iter().chain(&rollout.plan.standby);
    let before = slots.flat_map(|slot| &slot.instances);
    let all = before
        .chain(&rollout.candidate.instances)
        .chain(&rollout.back);
    all.map(|i| i.id.clone()).collect()
}

fn answer(action: &Action, well: bool) -> Event {
    let (service, action) = match action {
        Action::Rollout {
            service, action, ..
        } => (service, action),
        // Arming has no answer; a confirmation comes too late then.
        Action::ConfirmPromotion | Action::Arm(_) => return Event::PromotionConfirmed,
        Action::Rename(_) if well => return Event::Renamed,
        Action::Rename(_) => {
            return Event::RenameFailed {
                saw: "no".to_owned(),
            };
        }
        Action::Prove(_) => {
            return Event::Proved {
                proofs: BTreeMap::new(),
            };
        }
    };
    let why = "no".to_owned();
    let event = match action.clone() {
        Asked::StartInstance(start) if well => Said::InstanceStarted {
            instance: start.instance.id,
        },
        Asked::StartInstance(start) => Said::AddressTaken {
            next: local(start.instance.address.port() + 1),
            instance: start.instance.id,
        },
        Asked::ApplyRoute { attempt, .. } if well => Said::RouteApplied { attempt },
        Asked::ApplyRoute { attempt, .. } => Said::RouteFailed { attempt, why },
        Asked::AwaitDrain { slot, .. } => Said::SlotDrained { slot, cut: 1 },
        Asked::StopInstance { instance } if well => Said::InstanceStopped {
            instance,
            killed_after: None,
            last_lines: Vec::new(),
        },
        Asked::StopInstance { instance } => Said::StopFailed { instance, why },
        // Has no answer; being ready is news of the same instance.
        Asked::KeepInstance { instance } => Said::InstanceReady { instance },
        Asked::StartTimer { timer, .. } => Said::TimerFired { timer },
    };
    Event::Rollout {
        service: service.clone(),
        event,
    }
}

fn any(which: usize, number: u32, instance: InstanceId) -> Said {
    let why = "no".to_owned();
    let every = [
        Said::NeedsPassed,
        Said::InstanceStarted {
            instance: instance.clone(),
        },
        Said::AddressTaken {
            instance: instance.clone(),
            next: local(60_000),
        },
        Said::StartFailed {
            instance: instance.clone(),
            why: why.clone(),
        },
        Said::ProbeFailed {
            instance: instance.clone(),
            saw: "x".repeat(1_000),
        },
        Said::InstanceReady {
            instance: instance.clone(),
        },
        Said::InstanceLost {
            instance: instance.clone(),
            end: InstanceEnd::Unknown,
            last_lines: Vec::new(),
        },
        Said::RanUnseen {
            instance: instance.clone(),
            ran: Millis::from_secs(u64::from(number)),
        },
        Said::RouteApplied { attempt: number },
        Said::RouteFailed {
            attempt: number,
            why: why.clone(),
        },
        Said::SlotDrained {
            slot: SlotId(number % 3),
            cut: 0,
        },
        Said::InstanceStopped {
            instance: instance.clone(),
            killed_after: Some(Millis::from_secs(number.into())),
            last_lines: vec!["the end".to_owned()],
        },
        Said::StopFailed { instance, why },
        Said::TimerFired {
            timer: TimerId(number),
        },
        Said::Held,
        Said::Resumed,
        Said::Expedited,
        Said::ReturnRequested {
            why: ReturnReason::Aborted { by: by() },
        },
        Said::ReturnTurn,
        Said::Retried,
        Said::DoneByHand {
            by: "mira".to_owned(),
        },
        Said::Triggered {
            slot: SlotId(number % 3),
            trigger: Trigger::Crash.into(),
            saw: "x".repeat(1_000),
        },
        Said::Promoted,
    ];
    every[which % every.len()].clone()
}

fn event(now: &Deployment, journal: &[Event], pick: &Pick) -> Option<Event> {
    let services: Vec<ServiceName> = now.rollouts.keys().cloned().collect();
    Some(match *pick {
        Pick::Answer { which, well } => answer(&choose(&resume(now), which)?, well),
        Pick::Ready { which } => {
            let service = choose(&services, which)?;
            let started: Vec<InstanceId> = now.rollouts[&service]
                .health
                .started
                .iter()
                .cloned()
                .collect();
            let instance = choose(&started, which / 7)?;
            let event = Said::InstanceReady { instance };
            Event::Rollout { service, event }
        }
        Pick::Any { which, of, number } => {
            let service = choose(&services, of)?;
            let instance = choose(&instances(now, &service), of / 3)?;
            let event = any(which, number, instance);
            Event::Rollout { service, event }
        }
        Pick::Again { which } => choose(journal, which)?,
        Pick::Command { which } => match which % 20 {
            0..=2 => Event::HoldRequested { by: by() },
            3..=6 => Event::ResumeRequested { by: by() },
            7 => Event::AbortRequested { by: by() },
            8 | 9 => Event::PromoteRequested { by: by() },
            10 => Event::PromotionConfirmed,
            11 => Event::TakenDown { by: by() },
            12 => Event::SupersedeRequested { by: by() },
            13 => Event::RepairRequested {
                by: by(),
                how: Repair::Done,
            },
            14 => Event::RepairRequested {
                by: by(),
                how: Repair::Abandon,
            },
            15 => Event::Renamed,
            16 => Event::Tripped {
                service: choose(&services, which / 20)?,
                took_back: services,
                saw: "x".repeat(1_000),
            },
            17 => Event::TripWithheld {
                service: choose(&services, which / 20)?,
                saw: "x".repeat(1_000),
            },
            18 => Event::Proved {
                proofs: BTreeMap::new(),
            },
            _ => Event::RepairRequested {
                by: by(),
                how: Repair::Retry,
            },
        },
    })
}

fn lives((base, opened): &(Environment, Deployment), picks: &[Pick]) -> (Deployment, Vec<Event>) {
    let mut judge = Judge::new(base, opened);
    let mut now = opened.clone();
    let mut journal = Vec::new();
    let first = Some(Event::Began);
    let mut picked = picks.iter();
    let mut next = first;
    while let Some(event) = next {
        let stepped = step(now.clone(), &event);
        judge.sees(&now, &event, &stepped);
        commit_point_holds(&now, &stepped.deployment);
        now = stepped.deployment;
        journal.push(event);
        next = picked.find_map(|pick| self::event(&now, &journal, pick));
    }
    (now, journal)
}

/// What is decided stays decided.
fn commit_point_holds(before: &Deployment, now: &Deployment) {
    match before.course {
        Course::Ended(_) => assert_eq!(before, now, "the end is the end"),
        Course::Promoted => {
            assert!(matches!(now.course, Course::Promoted | Course::Ended(_)));
            for (service, rollout) in &now.rollouts {
                let was = &before.rollouts[service];
                assert_eq!(rollout.returned_because, was.returned_because);
            }
        }
        Course::Returning => {
            assert!(matches!(now.course, Course::Returning | Course::Ended(_)));
        }
        Course::Forward | Course::Promoting => {}
    }
    let moves = |rollout: &Rollout| {
        rollout.has_begun(Begun::Routing) || rollout.has_begun(Begun::StoppingOld)
    };
    if now.plan.kind == PlanKind::Rollback && now.rollouts.values().any(moves) {
        let back = |rollout: &Rollout| rollout.shown() == RolloutPhase::Returning;
        assert!(!now.rollouts.values().any(back), "a rollback never returns");
        assert_ne!(now.course, Course::Returning, "a rollback never returns");
    }
}

/// What happens is replayed from any point to where it ended.
fn replays(begin: &(Environment, Deployment), picks: &[Pick]) -> Result<(), TestCaseError> {
    let (now, journal) = lives(begin, picks);
    let half = journal.len() / 2;
    let fold = |from: Deployment, events: &[Event]| {
        events
            .iter()
            .fold(from, |now, event| step(now, event).deployment)
    };
    let middle = fold(begin.1.clone(), &journal[..half]);
    prop_assert_eq!(fold(middle, &journal[half..]), now);
    Ok(())
}

proptest! {
    #![proptest_config(crate::properties::config())]

    #[test]
    fn no_order_of_events_breaks_an_invariant(app in an_app(), picks in vec(a_pick(), 1..160)) {
        replays(&(app.environment(), app.deployment()), &picks)?;
    }

    #[test]
    fn no_order_of_events_breaks_a_rollback(
        (app, back) in a_rollback(),
        picks in vec(a_pick(), 1..120),
    ) {
        let world = rollback(&app, back);
        replays(&(world.base, world.deployment), &picks)?;
    }

    #[test]
    fn no_order_of_events_breaks_a_removal(listens: bool, picks in vec(a_pick(), 1..60)) {
        let world = removal(if listens { Kind::Canary } else { Kind::Worker });
        replays(&(world.base, world.deployment), &picks)?;
    }
}
