//! Whom services need: names that exist, and no circles.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::ServiceName;

use crate::environment::View;
use crate::field::At;
use crate::problem::{CYCLE, NEEDS_ITSELF, UNKNOWN_NEED};
use crate::reader::Reader;

/// Most services of a circle written out in a message.
const MOST_SHOWN: usize = 12;

type Edges<'v> = BTreeMap<&'v ServiceName, Vec<&'v At<ServiceName>>>;

pub(crate) fn check(view: &View, reader: &mut Reader<'_>) {
    let mut edges = Edges::new();
    for (name, draft) in &view.services {
        let needs = draft.needs.good().map(Vec::as_slice).unwrap_or_default();
        for need in needs {
            if need.value == *name {
                let message = format!("`{name}` needs itself");
                reader.refuse_for(NEEDS_ITSELF, need.span, message, "remove it from `needs`");
            } else if view.services.contains_key(&need.value) {
                edges.entry(name).or_default().push(need);
            } else {
                unknown(need, view, reader);
            }
        }
    }
    circles(&edges, reader);
}

fn unknown(need: &At<ServiceName>, view: &View, reader: &mut Reader<'_>) {
    let message = format!("there is no service `{}`", need.value);
    let names = view.services.keys().map(ServiceName::as_str);
    let hint = match reader.nearest(need.value.as_str(), names) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`needs` names services of this file".to_owned(),
    };
    reader.refuse_for(UNKNOWN_NEED, need.span, message, hint);
}

/// Walks depth first, and reports a circle where an edge leads back onto the path; of circles made
/// of services already reported only the first.
fn circles(edges: &Edges<'_>, reader: &mut Reader<'_>) {
    let mut done: BTreeSet<&ServiceName> = BTreeSet::new();
    let mut reported: BTreeSet<&ServiceName> = BTreeSet::new();
    for start in edges.keys() {
        if done.contains(start) {
            continue;
        }
        // Each entry: a service and how many of its edges were followed.
        let mut path: Vec<(&ServiceName, usize)> = vec![(start, 0)];
        let mut on_path: BTreeSet<&ServiceName> = BTreeSet::from([*start]);
        while let Some((name, followed)) = path.last_mut() {
            let Some(need) = edges.get(name).and_then(|needs| needs.get(*followed)) else {
                on_path.remove(*name);
                done.insert(*name);
                path.pop();
                continue;
            };
            *followed += 1;
            let next = &need.value;
            if on_path.contains(next) {
                let circle: Vec<&ServiceName> = path
                    .iter()
                    .map(|(name, _)| *name)
                    .skip_while(|name| *name != next)
                    .collect();
                if !circle.iter().all(|name| reported.contains(name)) {
                    refuse(&circle, need, reader);
                    reported.extend(circle);
                }
            } else if !done.contains(next) {
                on_path.insert(next);
                path.push((next, 0));
            }
        }
    }
}

fn refuse(circle: &[&ServiceName], closing: &At<ServiceName>, reader: &mut Reader<'_>) {
    let mut names: Vec<&str> = circle.iter().map(|name| name.as_str()).collect();
    if names.len() > MOST_SHOWN {
        names.truncate(MOST_SHOWN);
        names.push("…");
    }
    names.push(closing.value.as_str());
    let message = format!(
        "services need each other in a circle: {}",
        names.join(" -> ")
    );
    let hint = "a service begins when what it needs has passed: remove one of these needs";
    reader.refuse_for(CYCLE, closing.span, message, hint);
}
