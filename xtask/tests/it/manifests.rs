//! Every member takes the workspace's lints, so that `unsafe` and the rest are refused everywhere.

use crate::tree::{assert_none, manifests, read, root};

/// What is missing from a manifest.
fn missing(manifest: &str) -> Vec<&'static str> {
    let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
    let has_lints = lines
        .windows(2)
        .any(|pair| pair == ["[lints]", "workspace = true"]);
    let has_licence = lines.contains(&"license.workspace = true");
    let mut missing = Vec::new();
    if !has_lints {
        missing.push("the workspace's lints");
    }
    if !has_licence {
        missing.push("the workspace's licence");
    }
    missing
}

#[test]
fn every_member_takes_the_workspaces_lints_and_licence() {
    let root = root();
    let mut found = Vec::new();
    for package in manifests().packages {
        let path = package.manifest_path.as_std_path();
        let path = path
            .strip_prefix(&root)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned();
        found.extend(
            missing(&read(&path))
                .iter()
                .map(|what| format!("{path}: {what}")),
        );
    }
    assert_none(&found);
}

#[test]
fn unsafe_code_is_forbidden_for_all() {
    assert!(
        read("Cargo.toml")
            .lines()
            .any(|line| line == "unsafe_code = \"forbid\"")
    );
}

#[test]
fn a_manifest_without_them_is_seen() {
    assert_eq!(missing("[package]\nname = \"x\"\n").len(), 2);
    assert!(missing("license.workspace = true\n[lints]\nworkspace = true\n").is_empty());
}
