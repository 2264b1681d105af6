//! The names of points: the same in every run of the same plan, so no ids of instances are in them.

use windlass_engine::deployment::{Action, Deployment, Event};
use windlass_engine::rollout::{self, Rollout};
use windlass_model::{Instance, InstanceId, ServiceName, Slot, SlotId, TimerId};

/// What the name of an action of the deployment itself starts with.
const DEPLOYMENT: &str = "deployment";

/// The name of an action.
pub(super) fn of_action(deployment: &Deployment, action: &Action) -> String {
    match action {
        Action::ConfirmPromotion => promotion(),
        Action::Arm(_) => format!("{DEPLOYMENT}/arm"),
        Action::Rename(_) => rename(),
        Action::Prove(_) => prove(),
        Action::Rollout {
            service, action, ..
        } => {
            let what = match action {
                rollout::Action::StartInstance(start) => {
                    start_of(deployment, service, &start.instance.id)
                }
                rollout::Action::StopInstance { instance } => {
                    stop_of(deployment, service, instance)
                }
                rollout::Action::KeepInstance { instance } => {
                    return keep(deployment, service, instance);
                }
                rollout::Action::ApplyRoute { attempt, .. } => route(*attempt),
                rollout::Action::AwaitDrain { slot, .. } => drain_of(deployment, service, *slot),
                rollout::Action::StartTimer { timer, .. } => timed(*timer),
            };
            format!("{service}/{what}")
        }
    }
}

/// The name of the action that an event is the outcome of; none for what nobody asked for.
pub(super) fn of_outcome(deployment: &Deployment, event: &Event) -> Option<String> {
    let (service, event) = match event {
        Event::PromotionConfirmed => return Some(promotion()),
        Event::Renamed | Event::RenameFailed { .. } => return Some(rename()),
        Event::Proved { .. } => return Some(prove()),
        Event::Rollout { service, event } => (service, event),
        Event::Began
        | Event::Reported { .. }
        | Event::Heard { .. }
        | Event::HoldRequested { .. }
        | Event::ResumeRequested { .. }
        | Event::AbortRequested { .. }
        | Event::PromoteRequested { .. }
        | Event::SupersedeRequested { .. }
        | Event::RepairRequested { .. }
        | Event::Tripped { .. }
        | Event::TripWithheld { .. }
        | Event::Scored { .. }
        | Event::TakenDown { .. } => return None,
    };
    let what = match event {
        rollout::Event::InstanceStarted { instance }
        | rollout::Event::AddressTaken { instance, .. }
        | rollout::Event::StartFailed { instance, .. } => start_of(deployment, service, instance),
        rollout::Event::InstanceStopped { instance, .. }
        | rollout::Event::StopFailed { instance, .. } => stop_of(deployment, service, instance),
        rollout::Event::RouteApplied { attempt } | rollout::Event::RouteFailed { attempt, .. } => {
            route(*attempt)
        }
        rollout::Event::SlotDrained { slot, .. } => drain_of(deployment, service, *slot),
        rollout::Event::TimerFired { timer } => timed(*timer),
        rollout::Event::NeedsPassed
        | rollout::Event::ProbeFailed { .. }
        | rollout::Event::InstanceReady { .. }
        | rollout::Event::InstanceLost { .. }
        | rollout::Event::Triggered { .. }
        | rollout::Event::Judged { .. }
        | rollout::Event::Scored { .. }
        | rollout::Event::RanUnseen { .. }
        | rollout::Event::SightLost
        | rollout::Event::SightBack
        | rollout::Event::Held
        | rollout::Event::Resumed
        | rollout::Event::Expedited
        | rollout::Event::ReturnRequested { .. }
        | rollout::Event::ReturnTurn
        | rollout::Event::Retried
        | rollout::Event::DoneByHand { .. }
        | rollout::Event::Promoted => return None,
    };
    Some(format!("{service}/{what}"))
}

/// The name of telling an instance that it is to be kept, which has no outcome.
pub(super) fn keep(
    deployment: &Deployment,
    service: &ServiceName,
    instance: &InstanceId,
) -> String {
    format!("{service}/keep {}", place(deployment, service, instance))
}

fn promotion() -> String {
    format!("{DEPLOYMENT}/promotion")
}

fn rename() -> String {
    format!("{DEPLOYMENT}/rename")
}

fn prove() -> String {
    format!("{DEPLOYMENT}/prove")
}

fn route(attempt: u32) -> String {
    format!("route {attempt}")
}

fn timed(timer: TimerId) -> String {
    format!("timer {timer}")
}

fn start_of(deployment: &Deployment, service: &ServiceName, instance: &InstanceId) -> String {
    format!("start {}", place(deployment, service, instance))
}

fn stop_of(deployment: &Deployment, service: &ServiceName, instance: &InstanceId) -> String {
    format!("stop {}", place(deployment, service, instance))
}

fn drain_of(deployment: &Deployment, service: &ServiceName, slot: SlotId) -> String {
    let rollout = deployment.rollouts.get(service);
    let role = match rollout {
        Some(rollout) if rollout.candidate.id == slot => "candidate",
        Some(_) | None => "old",
    };
    format!("drain {role}")
}

/// The instance's slot by its role, and its number there.
fn place(deployment: &Deployment, service: &ServiceName, instance: &InstanceId) -> String {
    let rollout = deployment.rollouts.get(service);
    rollout
        .and_then(|rollout| place_in(rollout, instance))
        .unwrap_or_else(|| "other".to_owned())
}

fn place_in(rollout: &Rollout, instance: &InstanceId) -> Option<String> {
    let slots: [(&str, &[Instance]); 5] = [
        ("candidate", &rollout.candidate.instances),
        ("back", &rollout.back),
        ("old", instances(rollout.plan.stable.as_ref())),
        ("standby", instances(rollout.plan.standby.as_ref())),
        ("failed", instances(rollout.plan.failed.as_ref())),
    ];
    slots.into_iter().find_map(|(role, instances)| {
        let number = instances.iter().position(|one| one.id == *instance)?;
        Some(format!("{role}.{number}"))
    })
}

fn instances(slot: Option<&Slot>) -> &[Instance] {
    slot.map(|slot| slot.instances.as_slice())
        .unwrap_or_default()
}
