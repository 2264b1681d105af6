//! The crates that decide bring in nothing that looks at the world.

#[path = "../../src/pure.rs"]
pub(crate) mod pure;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata};

use crate::tree::{assert_none, graph};
use pure::{PURE_CRATES, WORLDLY};

/// Each package's normal dependencies, by name.
type Needs = BTreeMap<String, BTreeSet<String>>;

fn needs(metadata: &Metadata) -> Needs {
    let name = |id| metadata[id].name.to_string();
    let nodes = &metadata
        .resolve
        .as_ref()
        .expect("the graph is resolved")
        .nodes;
    let mut needs = Needs::new();
    for node in nodes {
        let normal = node
            .deps
            .iter()
            .filter(|dep| {
                dep.dep_kinds
                    .iter()
                    .any(|kind| kind.kind == DependencyKind::Normal)
            })
            .map(|dep| name(&dep.pkg));
        needs.entry(name(&node.id)).or_default().extend(normal);
    }
    needs
}

/// The ways by which a pure crate reaches a worldly one.
fn reached(needs: &Needs) -> Vec<String> {
    let mut found = Vec::new();
    for start in PURE_CRATES.iter().filter(|name| needs.contains_key(**name)) {
        let mut seen = BTreeSet::new();
        let mut open = vec![vec![(*start).to_owned()]];
        while let Some(way) = open.pop() {
            let Some(last) = way.last() else { continue };
            if !seen.insert(last.clone()) {
                continue;
            }
            if WORLDLY.contains(&last.as_str()) {
                found.push(way.join(" -> "));
            }
            for next in needs.get(last).into_iter().flatten() {
                let mut longer = way.clone();
                longer.push(next.clone());
                open.push(longer);
            }
        }
    }
    found
}

#[test]
fn no_crate_that_decides_brings_in_a_runtime_or_any_io() {
    let needs = needs(&graph());
    assert!(
        needs.contains_key("windlass-engine"),
        "the engine is not in the graph"
    );
    assert_none(&reached(&needs));
}

#[test]
fn a_runtime_three_crates_below_is_seen() {
    let pair = |from: &str, to: &str| (from.to_owned(), BTreeSet::from([to.to_owned()]));
    let needs = Needs::from([
        pair("windlass-engine", "innocent"),
        pair("innocent", "deeper"),
        pair("deeper", "tokio"),
        pair("windlass-store", "sqlx"),
    ]);
    assert_eq!(
        reached(&needs),
        ["windlass-engine -> innocent -> deeper -> tokio"]
    );
}
