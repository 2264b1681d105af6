//! Builds what is measured, or finds it where somebody else has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::registry::Product;
use crate::stage::{Stage, cargo};
use crate::workspace::Workspace;

/// What a bench measures: the binary that is given with the programs beside it, or all of it built as it
/// ships.
///
/// # Errors
/// It can't be built, or is not there.
pub(crate) fn product(workspace: &Workspace, binary: Option<&Path>) -> anyhow::Result<Product> {
    let scratch = workspace.target.join("bench");
    fs::create_dir_all(&scratch).with_context(|| format!("make {}", scratch.display()))?;
    match binary {
        Some(binary) => there(binary, scratch),
        None => shipped(workspace, scratch),
    }
}

/// A binary that somebody has built. Its small programs are where cargo puts them: in a folder beside it.
fn there(binary: &Path, scratch: PathBuf) -> anyhow::Result<Product> {
    let binary = binary
        .canonicalize()
        .with_context(|| format!("find {}", binary.display()))?;
    let example = |name| {
        let path = binary.with_file_name("examples").join(name);
        anyhow::ensure!(path.is_file(), "there is no {}", path.display());
        Ok(path)
    };
    Ok(Product {
        commit: example("commit")?,
        compile: example("plan")?,
        origin: example("origin")?,
        sockets: example("sockets")?,
        binary,
        scratch,
    })
}

/// The binary goes first and alone, as it is built to ship: what tests and examples bring in would
/// change it.
fn shipped(workspace: &Workspace, scratch: PathBuf) -> anyhow::Result<Product> {
    let binary = ["--package", "windlass", "--bin", "windlass"];
    let examples = ["--package", "windlass-store", "--example", "commit"]
        .into_iter()
        .chain(["--package", "windlass-engine", "--example", "plan"])
        .chain(["--package", "windlass-load"])
        .chain(["--example", "origin", "--example", "sockets"]);
    let binary = build(workspace, "build", binary.into_iter())?;
    let examples = build(workspace, "build examples", examples)?;
    Ok(Product {
        binary: built(&binary, "windlass")?,
        commit: built(&examples, "commit")?,
        compile: built(&examples, "plan")?,
        origin: built(&examples, "origin")?,
        sockets: built(&examples, "sockets")?,
        scratch,
    })
}

/// Builds one example as the product is built; where it is.
pub(crate) fn example(
    workspace: &Workspace,
    package: &str,
    example: &str,
) -> anyhow::Result<PathBuf> {
    let what = ["--package", package, "--example", example].into_iter();
    built(&build(workspace, "build example", what)?, example)
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

/// Builds programs of the workspace; what cargo says of each thing that it built.
fn build<'a>(
    workspace: &Workspace,
    name: &'static str,
    what: impl Iterator<Item = &'a str>,
) -> anyhow::Result<Vec<Artifact>> {
    let mut command = cargo(&["build", "--locked", "--profile", "dist"]);
    command.args(what);
    command.args(["--message-format", "json-render-diagnostics"]);
    let messages = Stage::new(name, &workspace.root, command).capture()?;
    let artifacts = messages.lines().map(serde_json::from_str);
    Ok(artifacts.filter_map(Result::ok).collect())
}

/// Where cargo put the program of this name.
fn built(artifacts: &[Artifact], name: &str) -> anyhow::Result<PathBuf> {
    let mut named = artifacts
        .iter()
        .filter(|artifact| artifact.target.name == name);
    named
        .find_map(|artifact| artifact.executable.clone())
        .with_context(|| format!("cargo built no program {name}"))
}
