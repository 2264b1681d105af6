//! The product with crash points in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use crate::stage::{Stage, cargo};
use crate::workspace::Workspace;

/// What is swept.
#[derive(Debug)]
pub(super) struct Product {
    /// The binary with crash points.
    pub(super) binary: PathBuf,
    /// Where labs are laid out.
    pub(super) scratch: PathBuf,
}

#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds it.
///
/// # Errors
/// It can't be built, or has no crash points.
pub(super) fn build(workspace: &Workspace) -> anyhow::Result<Product> {
    let scratch = workspace.target.join("sweep");
    fs::create_dir_all(&scratch).with_context(|| format!("make {}", scratch.display()))?;
    let command = cargo(&[
        "build",
        "--locked",
        "--package",
        "windlass",
        "--bin",
        "windlass",
        "--features",
        "crash-points",
        "--message-format",
        "json-render-diagnostics",
    ]);
    let messages = Stage::new("build sweep", &workspace.root, command).capture()?;
    let mut artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    let built = artifacts
        .find(|artifact| artifact.target.name == "windlass" && artifact.executable.is_some())
        .and_then(|artifact| artifact.executable)
        .context("cargo built no program windlass")?;
    let binary = scratch.join("windlass");
    take(&built, &binary)?;
    Ok(Product { binary, scratch })
}

/// Moves the binary out of the place where people and tests expect the one without crash points; the
/// next build puts that one there. Without its symbols it is a third of the size.
fn take(built: &Path, binary: &Path) -> anyhow::Result<()> {
    // A lab may still run the last one: it is replaced, not written into.
    if binary.exists() {
        fs::remove_file(binary).with_context(|| format!("remove {}", binary.display()))?;
    }
    let stripped = Command::new("strip")
        .arg("-o")
        .arg(binary)
        .arg(built)
        .status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(built, binary).with_context(|| format!("copy {}", built.display()))?;
    }
    fs::remove_file(built).with_context(|| format!("remove {}", built.display()))
}
