//! The refusals of a rollback, each with its code.

use windlass_api::{Exit, Problem};
use windlass_model::{AppName, DeploymentId, EnvironmentName, ServiceName, Version, harmless};

use crate::handle::RollbackAt;

/// There is no promotion to go back from.
pub(crate) fn nothing_promoted(app: &AppName, environment: &EnvironmentName) -> Problem {
    let title = format!("no promoted deployment of {app} in {environment} is known");
    Problem::new(409, "WL0344", Exit::Refused, title)
        .hint("name a service: windlass rollback SERVICE --to VERSION")
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
pub(crate) fn runs_meanwhile(holder: &DeploymentId, to: &Version) -> Problem {
    let title = format!("deployment {holder} runs: a rollback to {to} can't begin");
    Problem::new(409, "WL0353", Exit::Refused, title)
        .detail("nothing was changed")
        .hint(format!(
            "stop it first: windlass abort {holder}, then windlass rollback --to {to}"
        ))
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
