//! The refusal of what can't be kept.

use std::collections::BTreeMap;

use windlass_api::{Exit, Problem};
use windlass_edge::{EdgeError, ErrorKind};
use windlass_model::ServiceName;

/// Releases that can't be kept; `taken`: listeners that would not do either; `places`: where the file says
/// what each service runs.
pub(crate) fn not_kept(
    failed: &[(ServiceName, EdgeError)],
    (taken, places): (&[String], &BTreeMap<ServiceName, String>),
) -> Problem {
    let lines: Vec<String> = failed
        .iter()
        .map(|(service, error)| {
            let place = places.get(service).map(|place| format!("{place}: "));
            let place = place.unwrap_or_default();
            format!("{place}{service}: {}", error.chain())
        })
        .chain(taken.iter().cloned())
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
    .hint(if rejected {
        "mend what is named, then: windlass deploy"
    } else {
        "make room or mend what is named; windlass doctor looks at the disk"
    })
}
