//! Which crate may know which; the direction block of `docs/architecture.md` as a table.

use cargo_metadata::DependencyKind;

use crate::purity::pure::PURE_CRATES;
use crate::tree::{Source, assert_none, manifests, sources};

/// A crate and the workspace's crates that it may know in its own source.
type May = (&'static str, &'static [&'static str]);

/// Everything may know the nouns; the rest is listed. What is not here is forbidden.
const TABLE: [May; 25] = [
    ("windlass-model", &[]),
    ("windlass-config", &["model"]),
    ("windlass-engine", &["model"]),
    ("windlass-analysis", &["model"]),
    ("windlass-control", &["model"]),
    ("windlass-edge", &["model", "control"]),
    // It speaks `api::Event`, the one type that every subscriber shares.
    (
        "windlass-runtime",
        &["model", "engine", "analysis", "control", "edge", "api"],
    ),
    ("windlass-store", &["model", "edge"]),
    (
        "windlass-adapters",
        &["model", "control", "edge", "kept", "reports", "tls"],
    ),
    ("windlass-adapter-*", &["model", "edge"]),
    (
        "windlass-router",
        &["model", "control", "analysis", "tls", "acme"],
    ),
    ("windlass-tls", &[]),
    ("windlass-acme", &["model", "tls"]),
    ("windlass-reports", &[]),
    ("windlass-kept", &["model"]),
    ("windlass-shim", &["model", "control", "kept"]),
    ("windlass-load", &["model"]),
    ("windlass-api", &["model"]),
    ("windlass-client", &["model", "api", "tls"]),
    (
        "windlass-server",
        &["model", "api", "config", "runtime", "tls"],
    ),
    ("windlass-tui", &["model", "api", "client"]),
    // Made for tests, so it may know what it stands in for.
    (
        "windlass-testkit",
        &["model", "analysis", "control", "edge", "engine", "runtime"],
    ),
    // The binary names concrete adapters and wires all of it; nobody knows the binary.
    ("windlass", BINARY),
    // Its bench of the router is that router's controller.
    ("xtask", &["control", "load", "model"]),
    ("windlass-*", &["model"]),
];

const BINARY: &[&str] = &[
    "model",
    "analysis",
    "config",
    "engine",
    "control",
    "edge",
    "runtime",
    "store",
    "adapters",
    "adapter-*",
    "router",
    "tls",
    "acme",
    "shim",
    "load",
    "api",
    "client",
    "server",
    "tui",
];

/// The binary; nobody knows it, not even tests.
const BINARY_NAME: &str = "windlass";

/// What only tests may know.
const TESTS_ONLY: &str = "windlass-testkit";

/// One line of a manifest that names another crate of the workspace.
#[derive(Clone, Debug)]
struct Edge {
    from: String,
    to: String,
    kind: DependencyKind,
}

fn edges() -> Vec<Edge> {
    let metadata = manifests();
    let own: Vec<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut edges = Vec::new();
    for package in &metadata.packages {
        for dependency in package
            .dependencies
            .iter()
            .filter(|d| own.contains(&d.name))
        {
            edges.push(Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                kind: dependency.kind,
            });
        }
    }
    edges
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

/// The last line is the fallback: a crate that the table does not name yet may know the nouns only.
fn allowed(from: &str) -> &'static [&'static str] {
    TABLE
        .iter()
        .find(|(pattern, _)| matches(pattern, from))
        .map_or(&[], |(_, may)| *may)
}

fn is_allowed(edge: &Edge) -> bool {
    let is_listed = || {
        allowed(&edge.from)
            .iter()
            .any(|may| matches(&format!("windlass-{may}"), &edge.to))
    };
    match edge.kind {
        // Tests may look from above; those of a crate that decides must stay as quick to build as it is.
        DependencyKind::Development if !PURE_CRATES.contains(&edge.from.as_str()) => {
            edge.to != BINARY_NAME
        }
        _ => edge.to != TESTS_ONLY && is_listed(),
    }
}

fn forbidden(edges: &[Edge]) -> Vec<String> {
    let told = |edge: &Edge| format!("{} -> {} ({:?})", edge.from, edge.to, edge.kind);
    edges
        .iter()
        .filter(|edge| !is_allowed(edge))
        .map(told)
        .collect()
}

/// Sources outside `tests/` that speak of what only tests may know.
fn uses_testkit(source: &Source) -> bool {
    let own = source.path.starts_with("crates/testkit/");
    !own && !source.is_test() && source.text.contains(concat!("windlass_", "testkit"))
}

#[test]
fn no_crate_knows_more_than_it_may() {
    let edges = edges();
    assert!(edges.len() > 20, "hardly any edge was found: {edges:?}");
    assert_none(&forbidden(&edges));
}

#[test]
fn only_integration_tests_use_the_testkit() {
    let users: Vec<String> = sources()
        .into_iter()
        .filter(uses_testkit)
        .map(|source| source.path)
        .collect();
    assert_none(&users);
}

#[test]
fn each_forbidden_edge_is_seen() {
    let edge = |from: &str, to: &str, kind| Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        kind,
    };
    let bad = [
        edge("windlass-model", "windlass-config", DependencyKind::Normal),
        edge("windlass-engine", "windlass-edge", DependencyKind::Normal),
        edge("windlass-store", "windlass-runtime", DependencyKind::Normal),
        edge("windlass-router", "windlass-edge", DependencyKind::Normal),
        edge(
            "windlass-runtime",
            "windlass-testkit",
            DependencyKind::Normal,
        ),
        edge(
            "windlass-adapters",
            "windlass-router",
            DependencyKind::Normal,
        ),
        edge("windlass-client", "windlass", DependencyKind::Normal),
        edge("windlass-load", "windlass", DependencyKind::Development),
        edge(
            "windlass-engine",
            "windlass-testkit",
            DependencyKind::Development,
        ),
        edge("windlass-new", "windlass-engine", DependencyKind::Normal),
        edge("xtask", "windlass", DependencyKind::Build),
    ];
    assert_eq!(forbidden(&bad).len(), bad.len(), "{:?}", forbidden(&bad));
    let good = [
        edge("windlass-runtime", "windlass-api", DependencyKind::Normal),
        edge(
            "windlass-adapters",
            "windlass-shim",
            DependencyKind::Development,
        ),
        edge(
            "windlass-server",
            "windlass-client",
            DependencyKind::Development,
        ),
        edge(
            "windlass-runtime",
            "windlass-testkit",
            DependencyKind::Development,
        ),
        edge(
            "windlass-adapter-kubernetes",
            "windlass-edge",
            DependencyKind::Normal,
        ),
        edge(
            "windlass",
            "windlass-adapter-kubernetes",
            DependencyKind::Normal,
        ),
    ];
    assert_none(&forbidden(&good));
}

#[test]
fn a_source_that_uses_the_testkit_is_seen() {
    let text = concat!("use windlass_", "testkit::Fake;");
    assert!(uses_testkit(&Source::made_up(
        "crates/runtime/src/lib.rs",
        text
    )));
    assert!(!uses_testkit(&Source::made_up(
        "crates/runtime/tests/it/main.rs",
        text
    )));
}
