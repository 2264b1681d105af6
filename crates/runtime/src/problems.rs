//! The refusals of the controller, each with its code.

use windlass_api::{DeploymentView, Exit, Problem};
use windlass_edge::{EdgeError, ErrorKind};
use windlass_engine::plan::PlanProblem;
use windlass_model::{AppName, DeploymentId, DeploymentState, Outcome, Plan, PlanId, ServiceName};

/// The controller is ending.
pub(crate) fn stopping() -> Problem {
    Problem::new(
        503,
        "WL0301",
        Exit::Unreachable,
        "the controller is stopping",
    )
    .hint("run the command again; it starts a new one")
}

/// Too many requests wait.
pub(crate) fn busy() -> Problem {
    Problem::new(429, "WL0302", Exit::Unreachable, "the controller is busy").hint("try again")
}

/// The store failed.
pub(crate) fn store(error: &EdgeError) -> Problem {
    Problem::new(
        500,
        "WL0303",
        Exit::Stuck,
        "the journal could not be read or written",
    )
    .detail(error.chain())
    .hint("look at the disk of the state directory; nothing was changed")
}

/// Another deployment holds the lock.
pub(crate) fn locked(holder: &DeploymentId) -> Problem {
    Problem::new(
        409,
        "WL0304",
        Exit::Refused,
        format!("deployment {holder} is running"),
    )
    .hint(format!("follow it with: windlass events {holder} --follow"))
}

/// The plan's revision moved.
pub(crate) fn stale(plan: &Plan, now: u64) -> Problem {
    let title = format!(
        "plan {} is stale: what is stable has changed since",
        plan.id
    );
    Problem::new(409, "WL0305", Exit::Refused, title)
        .detail(format!("planned at revision {}, now {now}", plan.revision))
        .hint("run windlass plan again")
}

/// No such plan.
pub(crate) fn unknown_plan(id: &PlanId) -> Problem {
    Problem::new(404, "WL0306", Exit::Usage, format!("there is no plan {id}"))
        .hint("plans are kept for 30 days; run windlass plan")
}

/// No such deployment.
pub(crate) fn unknown_deployment(id: &DeploymentId) -> Problem {
    Problem::new(
        404,
        "WL0307",
        Exit::Usage,
        format!("there is no deployment {id}"),
    )
    .hint("windlass list shows them")
}

/// No such service.
pub(crate) fn unknown_service(name: &str) -> Problem {
    Problem::new(
        404,
        "WL0308",
        Exit::Usage,
        format!("nothing runs of a service {name}"),
    )
    .hint("windlass status shows what runs")
}

/// The application belongs to another folder.
pub(crate) fn other_folder(app: &AppName, known: &str, now: &str) -> Problem {
    Problem::new(
        409,
        "WL0309",
        Exit::Refused,
        format!("{app} was deployed from another folder"),
    )
    .detail(format!("known: {known}\nnow:   {now}"))
    .hint("if it has moved: windlass deploy --move; otherwise give this one another `app`")
}

/// Labels or listeners that make a plan impossible.
pub(crate) fn no_plan(found: &[PlanProblem]) -> Problem {
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    Problem::new(
        422,
        "WL0310",
        Exit::Configuration,
        "there is no plan for this",
    )
    .detail(lines.join("\n"))
}

/// Releases that can't be kept.
pub(crate) fn not_kept(failed: &[(ServiceName, EdgeError)]) -> Problem {
    let lines: Vec<String> = failed
        .iter()
        .map(|(service, error)| format!("{service}: {}", error.chain()))
        .collect();
    let rejected = failed
        .iter()
        .all(|(_, error)| error.kind == ErrorKind::Rejected);
    let (status, exit) = if rejected {
        (422, Exit::Configuration)
    } else {
        (500, Exit::Stuck)
    };
    Problem::new(
        status,
        "WL0311",
        exit,
        "a release could not be kept; nothing was changed",
    )
    .detail(lines.join("\n"))
}

/// No address is left.
pub(crate) fn no_address(error: &EdgeError) -> Problem {
    Problem::new(
        503,
        "WL0312",
        Exit::Refused,
        "there is no free address for an instance",
    )
    .detail(error.chain())
}

/// A command that no longer applies.
pub(crate) fn not_now(why: &str) -> Problem {
    Problem::new(
        409,
        "WL0313",
        Exit::Refused,
        format!("that does not apply: {why}"),
    )
}

/// The same for a deployment whose loop has ended.
pub(crate) fn over(view: &DeploymentView) -> Problem {
    let how = match view.state {
        DeploymentState::Ended(Outcome::Promoted) => "it was promoted",
        DeploymentState::Ended(Outcome::PartlyPromoted) => "it was promoted in part",
        DeploymentState::Ended(Outcome::RolledBack) => "it went back to the previous releases",
        DeploymentState::Ended(Outcome::Failed) => "it failed, and nothing ran before",
        DeploymentState::Stuck => "it is stuck",
        DeploymentState::Running
        | DeploymentState::Held
        | DeploymentState::Returning
        | DeploymentState::Settling => "it is ending",
    };
    not_now("it has ended").detail(how)
}

/// A damaged journal.
pub(crate) fn unreadable(id: &DeploymentId, why: &str) -> Problem {
    Problem::new(
        500,
        "WL0314",
        Exit::Stuck,
        format!("the journal of {id} can't be read"),
    )
    .detail(why)
}

/// Something would not go down.
pub(crate) fn not_down(what: &str, error: &EdgeError) -> Problem {
    Problem::new(
        500,
        "WL0315",
        Exit::Stuck,
        format!("{what} could not be ended"),
    )
    .detail(error.chain())
    .hint("run windlass down again; it goes on where it stopped")
}

/// The router can't be asked.
pub(crate) fn no_router(error: &EdgeError) -> Problem {
    Problem::new(502, "WL0316", Exit::Stuck, "the router can't be asked").detail(error.chain())
}
