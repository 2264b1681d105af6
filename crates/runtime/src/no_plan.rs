//! Why there is no plan for what is asked for, all of it at once.

use windlass_api::{Exit, Problem};
use windlass_engine::plan::PlanProblem;

use crate::occupied::Occupied;

/// All that makes a plan impossible: places that are taken, versions that don't fit, and the rest; at least one
/// is there. The hint is about the only kind there is.
pub(crate) fn of(taken: &Occupied, labels: &[PlanProblem], others: &[PlanProblem]) -> Problem {
    let found = labels.iter().chain(others).map(ToString::to_string);
    let lines: Vec<String> = taken.lines.iter().cloned().chain(found).collect();
    let next = match (taken.lines.as_slice(), labels, others) {
        (_, [], []) => another_place(taken),
        ([], _, []) => {
            "versions are said in `release: { version: … }` or with --set SERVICE=VERSION"
                .to_owned()
        }
        (_, _, _) => "change what is named, then look: windlass plan".to_owned(),
    };
    refused(&lines, &next)
}

/// Services or listeners that make a plan impossible.
pub(crate) fn no_plan(found: &[PlanProblem]) -> Problem {
    of(&Occupied::default(), &[], found)
}

/// Who has the place is looked at where it lives: whoever asked looks elsewhere.
fn another_place(taken: &Occupied) -> String {
    let another = "give it another address, host or path, or";
    let mut holders = taken.holders.iter();
    match (holders.next(), holders.next()) {
        (None, _) => format!("{another} free this one; then look: windlass plan"),
        (Some(only), None) => {
            format!("{another} look at who has it: windlass -e {only} status --all")
        }
        (Some(_), Some(_)) => format!("{another} look at who has it: windlass status --all"),
    }
}

fn refused(lines: &[String], next: &str) -> Problem {
    let title = "there is no plan for this";
    Problem::new(422, "WL0310", Exit::Configuration, title)
        .detail(lines.join("\n"))
        .hint(format!("nothing was changed; {next}"))
}
