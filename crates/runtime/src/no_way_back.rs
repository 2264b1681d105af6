//! The refusals of a rollback, each with its code.

use windlass_api::{Exit, Problem};
use windlass_model::{DeploymentId, Environment, ServiceName, Version, harmless};

use crate::at::RollbackAt;
use crate::controller::Shared;
use crate::{problems, taken_down};

/// There is no promotion to go back from.
pub(crate) fn nothing_promoted(shared: &Shared, place: &Environment) -> Problem {
    let what = format!("{} in {}", place.app, place.environment);
    if let Some(down) = place.taken_down(known(place)) {
        return taken_down::refused(shared, &what, down);
    }
    let title = format!("no promoted deployment of {what} is known");
    let runs = place.services.values().any(|state| state.stable.is_some());
    Problem::new(409, "WL0344", Exit::Refused, title).hint(if runs {
        "name a service: windlass rollback SERVICE --to VERSION"
    } else {
        "nothing runs that could go back: windlass deploy"
    })
}

/// Services that were stable once: one that never was says nothing about what became of the others.
fn known(place: &Environment) -> impl Iterator<Item = &ServiceName> {
    let services = place.services.iter();
    let known = services.filter(|(_, state)| state.stable.is_some() || state.down.is_some());
    known.map(|(service, _)| service)
}

/// Nothing runs of a service.
pub(crate) fn not_running(shared: &Shared, place: &Environment, service: &ServiceName) -> Problem {
    let kept = place.services.get(service);
    let kept = kept.and_then(|state| state.failed.as_ref());
    if let Some(kept) = kept {
        return problems::only_failed(service, &kept.by);
    }
    match place.taken_down([service]) {
        Some(down) => taken_down::refused(shared, service.as_str(), down),
        None => problems::unknown_service(service, place.services.keys()),
    }
}

/// Nothing that a rollback may go to; `near` is a version that was probably meant.
pub(crate) fn nothing_to_go_back_to(
    at: &RollbackAt,
    candidates: &[String],
    near: Option<&str>,
) -> Problem {
    let of = match &at.service {
        Some(service) => format!("{service} in {}", at.environment),
        None => format!("{} in {}", at.app, at.environment),
    };
    let title = match &at.to {
        Some(to) => format!("there is no release {to} of {of} to go back to"),
        None => format!("there is no release of {of} to go back to"),
    };
    let problem = Problem::new(409, "WL0345", Exit::Refused, title);
    let problem = problem.detail(candidates.join("\n"));
    let listed = candidates.iter().any(|line| line.starts_with("windlass "));
    problem.hint(match near {
        Some(near) => {
            let near = harmless(near);
            format!("nothing was changed; did you mean {near}? type one that is listed")
        }
        None if listed => "nothing was changed; type one that is listed".to_owned(),
        None => "nothing was changed and nothing else is kept; change the release and: \
                 windlass deploy"
            .to_owned(),
    })
}

/// The kept files of a release are not what was promoted.
pub(crate) fn not_verified(
    service: &ServiceName,
    version: &Version,
    why: &str,
    candidates: &[String],
) -> Problem {
    let title = format!("{service} {version} can't be started again: {why}");
    Problem::new(409, "WL0346", Exit::Refused, title)
        .detail(candidates.join("\n"))
        .hint("nothing was changed; type another one that is listed, or: windlass deploy")
}

/// A version is gone back to from what is stable, not from the middle of a deployment.
pub(crate) fn runs_meanwhile(
    holder: &DeploymentId,
    (service, to): (Option<&ServiceName>, &Version),
) -> Problem {
    let service = service.map_or_else(String::new, |service| format!("{service} "));
    let title = format!("deployment {holder} runs: a rollback to {to} can't begin");
    Problem::new(409, "WL0353", Exit::Refused, title)
        .detail("nothing was changed")
        .hint(format!(
            "stop it first: windlass abort {holder}, then windlass rollback {service}--to {to}"
        ))
}

/// What would be done is not what was shown and agreed to.
pub(crate) fn not_as_shown() -> Problem {
    let title = "what a rollback would do has changed since it was shown";
    Problem::new(409, "WL0305", Exit::Refused, title)
        .detail("nothing was changed")
        .hint("look again: windlass rollback")
}

/// A rollback of a service while a deployment runs that does nothing to it.
pub(crate) fn not_of(holder: &DeploymentId, service: &ServiceName) -> Problem {
    let title = format!("deployment {holder} runs, and does nothing to {service}");
    Problem::new(409, "WL0353", Exit::Refused, title)
        .detail("nothing was changed")
        .hint(format!(
            "wait for its end (windlass events {holder} --follow) or stop it (windlass abort {holder}), \
             then windlass rollback {service}"
        ))
}

/// A rollback of a service whose turn has not come: it would abort what the others do.
pub(crate) fn untouched(holder: &DeploymentId, service: &ServiceName) -> Problem {
    let title = format!(
        "deployment {holder} runs, and has done nothing to {service} yet: only its other services would go \
         back"
    );
    Problem::new(409, "WL0353", Exit::Refused, title)
        .detail("nothing was changed")
        .hint(format!(
            "stop the whole deployment: windlass abort {holder}; or wait for its end: windlass events \
             {holder} --follow, then windlass rollback {service}"
        ))
}
