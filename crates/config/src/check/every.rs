//! All checks on all environments.

use std::collections::BTreeMap;

use super::{
    addresses, commands, evidence, needs, ordered, probes, renames, strategies, variables, watched,
};
use crate::environment::View;
use crate::problem::Problem;
use crate::reader::Reader;

/// Checks every environment of the file, so that a file that is fine for one is fine for all.
///
/// A problem that only some of them have says in which.
pub(crate) fn every_environment(views: &[View], reader: &mut Reader<'_>) {
    let before = std::mem::take(&mut reader.problems);
    // Keyed without the hint: "did you mean" stops being asked after a while.
    let mut seen: BTreeMap<Problem, (Option<String>, Vec<&View>)> = BTreeMap::new();
    for view in views {
        needs::check(view, reader);
        addresses::check(view, reader);
        ordered::check(view, reader);
        commands::check(view, reader);
        watched::check(view, reader);
        strategies::check(view, reader);
        evidence::check(view, reader);
        variables::check(view, reader);
        probes::check(view, reader);
        renames::check(view, reader);
        for mut problem in reader.problems.drain(..) {
            let hint = problem.hint.take();
            let (_, having) = seen.entry(problem).or_insert_with(|| (hint, Vec::new()));
            having.push(view);
        }
    }
    reader.problems = before;
    for (mut problem, (hint, having)) in seen {
        problem.hint = hint;
        if having.len() < views.len()
            && let Some(first) = having.first()
        {
            problem.message = format!("{} (in environment `{}`)", problem.message, first.name);
        }
        reader.problems.push(problem);
    }
}
