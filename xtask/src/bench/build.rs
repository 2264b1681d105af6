//! Builds what is measured, or finds it where somebody else has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::bench::registry::Product;
use crate::dist;
use crate::workspace::Workspace;

/// What a bench measures: the binary that is given with the programs beside it, or all of it built as it
/// ships.
///
/// # Errors
/// It can't be built, or is not there.
pub(crate) fn product(workspace: &Workspace, binary: Option<&Path>) -> anyhow::Result<Product> {
    let scratch = scratch(workspace)?;
    match binary {
        Some(binary) => there(binary, scratch),
        None => beside(workspace, dist::binary(workspace)?, scratch),
    }
}

/// A folder for what a bench leaves nothing of.
fn scratch(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let scratch = workspace.target.join("bench");
    fs::create_dir_all(&scratch).with_context(|| format!("make {}", scratch.display()))?;
    Ok(scratch)
}

/// This binary in place of the one that ships, with the programs beside that.
///
/// # Errors
/// They can't be built.
pub(crate) fn in_place(workspace: &Workspace, binary: PathBuf) -> anyhow::Result<Product> {
    beside(workspace, binary, scratch(workspace)?)
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

/// A binary, and the programs beside it, built without what was learnt of the binary: they are what it is measured by.
fn beside(workspace: &Workspace, binary: PathBuf, scratch: PathBuf) -> anyhow::Result<Product> {
    let mut command = dist::shipped();
    command
        .args(["--package", "windlass-store", "--example", "commit"])
        .args(["--package", "windlass-engine", "--example", "plan"])
        .args(["--package", "windlass-load"])
        .args(["--example", "origin", "--example", "sockets"]);
    let examples = dist::build(workspace, "build examples", command)?;
    Ok(Product {
        binary,
        commit: dist::built(&examples, "commit")?,
        compile: dist::built(&examples, "plan")?,
        origin: dist::built(&examples, "origin")?,
        sockets: dist::built(&examples, "sockets")?,
        scratch,
    })
}

/// Builds one example as the product is built; where it is.
pub(crate) fn example(
    workspace: &Workspace,
    package: &str,
    example: &str,
) -> anyhow::Result<PathBuf> {
    let mut command = dist::shipped();
    command.args(["--package", package, "--example", example]);
    let artifacts = dist::build(workspace, "build example", command)?;
    dist::built(&artifacts, example)
}
