//! What programs and scripts printed last, by who it was.

use windlass_api::DeploymentView;
use windlass_model::{Job, ServiceName};

use super::words::harmless;
use crate::follow::Part;

/// Who printed what an instance of a service has printed.
pub(super) fn whose(service: &ServiceName, is_a_command: bool, job: Option<&Job>) -> String {
    match job {
        Some(job) => format!("the {job} of {service}"),
        // By an older controller, which does not tell.
        None if is_a_command => format!("the script of {service}"),
        None => service.to_string(),
    }
}

/// What the script of a way back that is stuck has printed last.
pub(super) fn printed_back(
    view: &DeploymentView,
    service: &ServiceName,
    part: &Part,
) -> Vec<String> {
    let Some(now) = view.rollouts.get(service) else {
        return Vec::new();
    };
    // Those of the way forward are told with its failure.
    let told = &part.last_lines;
    let of = now.last_lines.iter();
    let of = of
        .filter(|(instance, _)| now.jobs.contains_key(*instance) && !told.contains_key(*instance));
    let lines = of.flat_map(|(instance, printed)| {
        let whose = whose(service, true, now.jobs.get(instance));
        last_lines(&whose, printed).collect::<Vec<_>>()
    });
    lines.map(|line| format!("  {line}")).collect()
}

/// What an instance that ended printed last, below a line that says whose lines these are; nothing where that
/// was nothing.
pub(super) fn last_lines(whose: &str, printed: &[String]) -> impl Iterator<Item = String> {
    let head = (!printed.is_empty()).then(|| format!("{whose} printed last:"));
    let lines = printed.iter().map(|line| format!("  {}", harmless(line)));
    head.into_iter().chain(lines)
}
