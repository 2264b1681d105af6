//! Actions as one line each, so that a test can say exactly what it expects.

use windlass_engine::deployment;
use windlass_engine::rollout::{Action, Start};
use windlass_model::{InstanceId, Route, RouteMode, ServiceName};

use crate::builders::release;

/// `new0` of `ins_apinew0`.
pub(crate) fn short(service: &ServiceName, instance: &InstanceId) -> String {
    let whole = instance.as_str();
    let tail = whole.strip_prefix("ins_").unwrap_or(whole);
    tail.strip_prefix(service.as_str())
        .unwrap_or(tail)
        .to_owned()
}

/// `8000 1(old0)=95 2(new0)=5`: listeners, then slots with their instances and weights.
fn route(service: &ServiceName, route: Option<&Route>) -> String {
    let Some(route) = route else {
        return "nothing".to_owned();
    };
    let mut words: Vec<String> = route
        .listeners
        .iter()
        .map(|listener| listener.address.port().to_string())
        .collect();
    if route.mode == RouteMode::Recreating {
        words.push("closed".to_owned());
    }
    if route.traffic.sticky.is_some() {
        words.push("sticky".to_owned());
    }
    for slot in &route.slots {
        let instances: Vec<String> = slot
            .instances
            .iter()
            .map(|i| short(service, &i.id))
            .collect();
        let (id, weight) = (slot.slot, slot.weight.get());
        words.push(format!("{id}({})={weight}", instances.join(" ")));
    }
    words.join(" ")
}

fn start(service: &ServiceName, start: &Start) -> String {
    let Start {
        instance,
        release: what,
        spec: _,
        ordinal,
        slot: _,
        keep,
        again,
        run,
    } = start;
    let version = &what.version;
    assert_eq!(
        *what,
        release(service.as_str(), &version.0),
        "the whole release"
    );
    let keep = match (keep, again) {
        (true, false) => " kept",
        (true, true) => " kept, again",
        (false, true) => " again",
        (false, false) => "",
    };
    let id = short(service, &instance.id);
    if let Some(run) = run {
        let from = run.from.as_deref().unwrap_or("nothing");
        return format!(
            "{} {id} by v{version}: {} from {from}, try {}{keep}",
            run.job, run.version, run.attempt
        );
    }
    format!(
        "start {id} v{version} #{ordinal} at {}{keep}",
        instance.address.port()
    )
}

/// One action of `service`.
pub(crate) fn action(service: &ServiceName, action: &Action) -> String {
    match action {
        Action::StartInstance(what) => start(service, what),
        Action::ApplyRoute {
            attempt,
            returning,
            route: to,
        } => {
            let verb = if *returning { "back" } else { "route" };
            format!("{verb} {attempt}: {}", route(service, to.as_ref()))
        }
        Action::AwaitDrain { slot, within } => format!("drain {slot} within {within}"),
        Action::StopInstance { instance } => format!("stop {}", short(service, instance)),
        Action::KeepInstance { instance } => format!("keep {}", short(service, instance)),
        Action::StartTimer { timer, after } => format!("timer {timer} {after}"),
    }
}

/// One action of a deployment.
pub(crate) fn deployment_action(what: &deployment::Action) -> String {
    match what {
        deployment::Action::Rollout {
            service,
            action: asked,
            wires: _,
        } => format!("{service}: {}", action(service, asked)),
        deployment::Action::ConfirmPromotion => "confirm promotion".to_owned(),
        deployment::Action::Arm(_) => format!("arm {}", wires(what).join("; ")),
        deployment::Action::Rename(names) => {
            let names = names.iter().map(|(to, from)| format!(" {from} to {to}"));
            format!("rename{}", names.collect::<String>())
        }
        deployment::Action::Prove(looks) => {
            let looks = looks.iter().map(|(service, look)| {
                let (at, left) = (&look.at.release.version, &look.left.release.version);
                format!(" {service} at {at} not {left}")
            });
            format!("prove{}", looks.collect::<String>())
        }
    }
}

/// The tripwires of an action: `auth 2 > 5%: api 1=100 2=0, auth 1=100 2=0`, or `auth off`.
pub(crate) fn wires(what: &deployment::Action) -> Vec<String> {
    let (deployment::Action::Rollout { wires, .. } | deployment::Action::Arm(wires)) = what else {
        return Vec::new();
    };
    wires
        .iter()
        .map(|(service, wire)| {
            let Some(wire) = wire else {
                return format!("{service} off");
            };
            let back = wire.way_back.iter().map(|(service, route)| {
                let slots = route.slots.iter();
                let slots = slots.map(|s| format!(" {}={}", s.slot, s.weight.get()));
                format!("{service}{}", slots.collect::<String>())
            });
            let back: Vec<String> = back.collect();
            let above = wire.errors_above.map(|rate| format!(" > {rate}"));
            let above = above.unwrap_or_default();
            let slower = wire
                .slower
                .map(|s| format!(", {} over {} for {}", s.above, s.than, s.lasting));
            let slower = slower.unwrap_or_default();
            format!(
                "{service} {}{above}{slower}: {}",
                wire.slot,
                back.join(", ")
            )
        })
        .collect()
}
