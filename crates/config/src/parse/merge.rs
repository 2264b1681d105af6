//! `<<`: keys taken from other maps, as YAML 1.1 has it and people with anchors expect it.

use std::collections::BTreeMap;

use crate::problem::{MERGE, Problem};
use crate::tree::{Entry, Kind, Node, Span};

/// The key, when it stands without quotes.
pub(super) const KEY: &str = "<<";

/// Adds the entries of `from`, a map or a list of maps, that `entries` has not: what a map says
/// itself counts, then the first map of a list.
///
/// What is merged was paid for when its alias was read.
pub(super) fn merge(
    from: Node,
    entries: &mut Vec<Entry>,
    first: &mut BTreeMap<String, Span>,
    problems: &mut Vec<Problem>,
) {
    let maps = match from.kind {
        Kind::List(items) => items,
        Kind::Map(_) | Kind::Scalar(_) => vec![from],
    };
    for map in maps {
        let Kind::Map(theirs) = map.kind else {
            let message = "`<<` takes the keys of a map, and this is none";
            let hint = "write `<<: *name`, or `<<: [*one, *other]`, with the anchors of maps";
            problems.push(Problem::at(MERGE, map.span, message).hint(hint));
            continue;
        };
        for entry in theirs {
            if !first.contains_key(&entry.key) {
                first.insert(entry.key.clone(), entry.key_span);
                entries.push(entry);
            }
        }
    }
}
