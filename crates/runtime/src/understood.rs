//! What the router that runs does not understand yet: it may be older than this controller, which leaves
//! it as it is.

use std::collections::BTreeSet;
use std::rc::Rc;

use windlass_api::{Exit, Problem};
use windlass_control::{Level, RouterProgram, needs};
use windlass_model::{Change, Plan, PlanKind, RolloutPlan, ServiceSpec};

use crate::asking;
use crate::controller::Shared;

/// Refuses a plan of which the router would pass something over, before anything moves. What a service has
/// already is no reason: it was asked before, and a release that mends something must not wait. Nor is
/// anything where it goes back: that was served here before, and an emergency waits for no upgrade.
pub(crate) async fn refuse_older_router(shared: &Rc<Shared>, plan: &Plan) -> Result<(), Problem> {
    if plan.kind == PlanKind::Rollback {
        return Ok(());
    }
    let rollouts = plan.rollouts.iter();
    let new: Vec<_> = rollouts
        .flat_map(|(service, part)| new(part).into_iter().map(move |need| (service, need)))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    // One that does not answer says nothing against it: the deployment meets that soon enough.
    let Ok(table) = asking::in_effect(shared).await else {
        return Ok(());
    };
    let router = table.program;
    let beyond = new.iter().filter(|(_, (_, level))| *level > router.level);
    let beyond: Vec<_> = beyond.collect();
    if beyond.is_empty() {
        return Ok(());
    }
    let features: BTreeSet<String> = beyond.iter().map(|(_, need)| quoted(need)).collect();
    let lines: Vec<String> = beyond
        .iter()
        .map(|(service, need)| format!("{service} asks for {}", quoted(need)))
        .collect();
    Err(too_old(&router, &features, &lines))
}

fn quoted((feature, _): &(&str, Level)) -> String {
    format!("`{feature}`")
}

/// What a rollout asks of the router that its service did not before.
fn new(part: &RolloutPlan) -> BTreeSet<(&'static str, Level)> {
    if matches!(part.change, Change::Remove) {
        return BTreeSet::new();
    }
    let before = part.stable.as_ref().map(|slot| asked(&slot.spec));
    let before = before.unwrap_or_default();
    asked(&part.spec).difference(&before).copied().collect()
}

fn asked(spec: &ServiceSpec) -> BTreeSet<(&'static str, Level)> {
    let listen = spec.listen.iter();
    listen.flat_map(|it| needs(it, &spec.traffic)).collect()
}

/// The router is older than what is asked of it.
fn too_old(router: &RouterProgram, features: &BTreeSet<String>, lines: &[String]) -> Problem {
    let features: Vec<&str> = features.iter().map(String::as_str).collect();
    let title = format!(
        "the router that runs is too old for {}",
        features.join(" and ")
    );
    let version = |program: &RouterProgram| match &program.version {
        Some(version) => format!("Windlass {version}"),
        None => "an earlier Windlass".to_owned(),
    };
    let whose = format!(
        "the router is {}, the controller {}; nothing was changed",
        version(router),
        version(&RouterProgram::own())
    );
    Problem::new(409, "WL0464", Exit::Refused, title)
        .detail(format!("{}\n{whose}", lines.join("\n")))
        .hint("renew the router, which no request notices, then try again: windlass router upgrade")
}
