//! Builds what ships.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use serde::Deserialize;

use crate::dist::names;
use crate::say;
use crate::stage::{Stage, cargo};
use crate::workspace::Workspace;

/// What was counted of the code while requests passed, from the root of the tree: the compiler lays the code out for
/// them (<https://doc.rust-lang.org/rustc/profile-guided-optimization.html>). What nothing was counted of is built as
/// it would be without, and so is everything whose name has changed since (`names.rs`).
pub(super) const PROFILE: &str = "xtask/src/dist/requests.profdata";

/// Flags for the compiler in the form in which one may have blanks in it.
const FLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";
/// What stands between two of them.
const BETWEEN: &str = "\x1f";

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
    if let Some(why) = names::stale(workspace)? {
        say::aside(&format!(
            "== this build makes little use of what was counted, or none: {why}; cargo xtask learn counts anew"
        ));
    }
    let known = format!("-Cprofile-use={}", workspace.root.join(PROFILE).display());
    let artifacts = build(workspace, "build", of_binary(&known))?;
    built(&artifacts, "windlass")
}

/// What builds the binary alone, with one flag more for the compiler: what tests and examples bring in would change it.
/// Flags that the environment has stay; those of a file of cargo's do not, as with any that stand in the environment.
pub(super) fn of_binary(flag: &str) -> Command {
    let mut command = shipped();
    let set = [FLAGS, "RUSTFLAGS"].map(|name| std::env::var(name).ok());
    command
        .args(["--package", "windlass", "--bin", "windlass"])
        .env(FLAGS, with_flag(set, flag));
    say::aside(&format!("== with {flag}"));
    command
}

/// A call of cargo that builds as what ships is built; what, is still to be said.
pub(crate) fn shipped() -> Command {
    cargo(&["build", "--locked", "--profile", "dist"])
}

/// What somebody has set already, in the one form or in the other, and a flag.
fn with_flag([encoded, plain]: [Option<String>; 2], flag: &str) -> String {
    let plain = plain.unwrap_or_default();
    let set = encoded.unwrap_or_else(|| plain.split_whitespace().collect::<Vec<_>>().join(BETWEEN));
    if set.is_empty() {
        flag.to_owned()
    } else {
        format!("{set}{BETWEEN}{flag}")
    }
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
    fn flags_that_are_set_stay_in_whichever_form() {
        let set = |text: &str| Some(text.to_owned());
        for (encoded, plain, all) in [
            (None, None, "-Cnew=a b"),
            (None, set(""), "-Cnew=a b"),
            (None, set(" -Cold=1  -g "), "-Cold=1\x1f-g\x1f-Cnew=a b"),
            (set("-Cold=c d"), set("-Cnot"), "-Cold=c d\x1f-Cnew=a b"),
        ] {
            assert_eq!(with_flag([encoded, plain], "-Cnew=a b"), all);
        }
    }
}
