//! The targets of `fuzz/`: no member of the workspace, so that no other stage compiles them.

use std::fs;

use anyhow::Context as _;

use crate::stage::{Stage, cargo};
use crate::workspace::Workspace;

/// The stage, and the suite that it shows.
pub(super) const FUZZ: &str = "fuzz";

/// Checks all of them, with the versions of the workspace.
///
/// # Errors
/// One does not compile.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = workspace.root.join("fuzz");
    // What libfuzzer needs is added to it; nothing else may be newer than what is tested.
    let (ours, theirs) = ("Cargo.lock", folder.join("Cargo.lock"));
    fs::copy(workspace.root.join(ours), &theirs)
        .with_context(|| format!("write {}", theirs.display()))?;
    let mut command = cargo(&["check", "--bins", "--target-dir"]);
    command.arg(workspace.target.join(FUZZ));
    Stage::new(FUZZ, &folder, command)
        .with("RUSTFLAGS", "--deny warnings")
        .run()
}
