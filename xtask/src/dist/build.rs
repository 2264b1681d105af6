//! Builds what ships.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use crate::say;
use crate::stage::{Stage, cargo};
use crate::workspace::Workspace;

/// What was counted of the code while requests passed, from the root of the tree: the compiler lays the code out for
/// them (<https://doc.rust-lang.org/rustc/profile-guided-optimization.html>). What nothing was counted of is built as
/// it would be without.
pub(crate) const PROFILE: &str = "xtask/src/dist/requests.profdata";

/// The compiler that it was counted with: another one names everything differently, and knows nothing of it.
pub(crate) const LEARNT_WITH: &str = "xtask/src/dist/learnt-with.txt";

/// Flags that the person who builds gives to the compiler.
const FLAGS: &str = "RUSTFLAGS";

/// One thing that cargo built.
#[derive(Deserialize)]
pub(crate) struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds the binary that ships, and says where it is.
///
/// # Errors
/// It can't be built.
pub(crate) fn run() -> anyhow::Result<()> {
    let binary = binary(&Workspace::find()?)?;
    say::line(&binary.display().to_string());
    Ok(())
}

/// Builds the one binary as it ships; where it is.
///
/// # Errors
/// It can't be built.
pub(crate) fn binary(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let learnt_with = fs::read_to_string(workspace.root.join(LEARNT_WITH));
    let learnt_with = learnt_with.with_context(|| format!("read {LEARNT_WITH}"))?;
    let compiler = compiler(workspace)?;
    if learnt_with.trim() != compiler {
        say::aside(&format!(
            "== what the compiler was to know of requests, {} has learnt; for {compiler} it is nothing: cargo xtask learn",
            learnt_with.trim()
        ));
    }
    let known = format!("-Cprofile-use={}", workspace.root.join(PROFILE).display());
    let artifacts = build(workspace, "build", of_binary(&known))?;
    built(&artifacts, "windlass")
}

/// The compiler, as it calls itself.
///
/// # Errors
/// It is not there.
pub(super) fn compiler(workspace: &Workspace) -> anyhow::Result<String> {
    let asked = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("--version")
        .current_dir(&workspace.root)
        .output();
    let told = asked.context("ask the compiler for its version")?.stdout;
    Ok(String::from_utf8_lossy(&told).trim().to_owned())
}

/// What builds the binary alone, with one flag more for the compiler: what tests and examples bring in would change it.
pub(super) fn of_binary(flag: &str) -> Command {
    let mut command = shipped();
    command
        .args(["--package", "windlass", "--bin", "windlass"])
        .env(FLAGS, beside(std::env::var_os(FLAGS), flag));
    command
}

/// A call of cargo that builds as what ships is built; what, is still to be said.
pub(crate) fn shipped() -> Command {
    cargo(&["build", "--locked", "--profile", "dist"])
}

/// What somebody has set already, and a flag.
fn beside(set: Option<OsString>, flag: &str) -> OsString {
    let mut flags = set.unwrap_or_default();
    if !flags.is_empty() {
        flags.push(" ");
    }
    flags.push(flag);
    flags
}

/// Builds; what cargo says of each thing that it built.
///
/// # Errors
/// It can't be built.
pub(crate) fn build(
    workspace: &Workspace,
    name: &'static str,
    mut command: Command,
) -> anyhow::Result<Vec<Artifact>> {
    command.args(["--message-format", "json-render-diagnostics"]);
    let messages = Stage::new(name, &workspace.root, command).capture()?;
    let artifacts = messages.lines().map(serde_json::from_str);
    Ok(artifacts.filter_map(Result::ok).collect())
}

/// Where cargo put the program of this name.
///
/// # Errors
/// It built none.
pub(crate) fn built(artifacts: &[Artifact], name: &str) -> anyhow::Result<PathBuf> {
    let mut named = artifacts
        .iter()
        .filter(|artifact| artifact.target.name == name);
    named
        .find_map(|artifact| artifact.executable.clone())
        .with_context(|| format!("cargo built no program {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_are_set_stay() {
        assert_eq!(beside(None, "-Cnew"), "-Cnew");
        assert_eq!(beside(Some("-Cold=1".into()), "-Cnew"), "-Cold=1 -Cnew");
    }
}
