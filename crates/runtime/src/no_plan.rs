//! Why there is no plan for what is asked for, all of it at once.

use windlass_api::{Exit, Problem};
use windlass_engine::plan::PlanProblem;

/// All that makes a plan impossible: listeners that are taken, versions that don't fit, and the rest; at least one
/// is there.
pub(crate) fn of(taken: &[String], labels: &[PlanProblem], others: &[PlanProblem]) -> Problem {
    match (taken, labels, others) {
        (_, [], []) => self::taken(taken),
        ([], _, []) => self::labels(labels),
        ([], [], _) => no_plan(others),
        (_, _, _) => {
            let found = labels.iter().chain(others).map(ToString::to_string);
            let lines: Vec<String> = taken.iter().cloned().chain(found).collect();
            no_plan(others).detail(lines.join("\n"))
        }
    }
}

/// Listeners that another application, environment or program has.
pub(crate) fn taken(lines: &[String]) -> Problem {
    Problem::new(
        422,
        "WL0310",
        Exit::Configuration,
        "an address can't be listened on",
    )
    .detail(lines.join("\n"))
    .hint(
        "nothing was changed; give it another address, host or path, or look at what runs: windlass status",
    )
}

/// Versions that don't fit what they name.
fn labels(found: &[PlanProblem]) -> Problem {
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    let title = "a version does not fit what it names";
    Problem::new(422, "WL0310", Exit::Configuration, title)
        .detail(lines.join("\n"))
        .hint("nothing was changed; versions are said in `release: { version: … }` or with --set SERVICE=VERSION")
}

/// Services or listeners that make a plan impossible.
pub(crate) fn no_plan(found: &[PlanProblem]) -> Problem {
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    Problem::new(
        422,
        "WL0310",
        Exit::Configuration,
        "there is no plan for this",
    )
    .detail(lines.join("\n"))
    .hint("nothing was changed; change what is named, then look: windlass plan")
}
