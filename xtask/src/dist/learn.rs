//! Has the compiler learn how what ships is used: a binary that counts serves the load of the bench, and what it
//! counted is kept with the sources.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::bench;
use crate::dist::build::{PROFILE, build, built, of_binary};
use crate::dist::names;
use crate::say;
use crate::setup;
use crate::stage::Stage;
use crate::workspace::Workspace;

/// What reads the counts. It need not be as new as the compiler's own LLVM: Rust 1.95 has 22, and writes what 19 reads.
/// Where that is so no longer it says so, and rustup's `llvm-tools` has the one that fits.
const MERGE: &str = "llvm-profdata-19";

/// What it runs, each with the package that brings it. Tests need no [`MERGE`], so set-up does not install it.
const NEEDS: [(&str, &str); 3] = [
    (MERGE, "llvm-19"),
    ("wrk", "wrk"),
    ("h2load", "nghttp2-client"),
];

/// Counts, and keeps what was counted.
///
/// # Errors
/// Something that it needs is not there, can't be built or run, or counted nothing.
pub(crate) fn learn() -> anyhow::Result<()> {
    for (program, package) in NEEDS {
        anyhow::ensure!(
            setup::on_path(program),
            "{program} is not on PATH: install the Debian package {package}"
        );
    }
    // It would say where the counts go.
    anyhow::ensure!(
        std::env::var_os("LLVM_PROFILE_FILE").is_none(),
        "LLVM_PROFILE_FILE is set"
    );
    let workspace = Workspace::find()?;
    let folder = workspace.target.join("learn");
    let counts = folder.join("counts");
    // A folder of its own: a binary that counts is none that anybody should find where those are that ship.
    let flag = format!("-Cprofile-generate={}", counts.display());
    let mut command = of_binary(&flag);
    command.arg("--target-dir").arg(&folder);
    let counting = built(
        &build(&workspace, "build what counts", command)?,
        "windlass",
    )?;
    let product = bench::in_place(&workspace, counting)?;
    // The programs that the compiler ran while it built have counted too.
    forget(&counts)?;
    bench::play(&product)?;
    merge(&workspace, &folder, &counts)?;
    names::keep(&workspace)?;
    say::aside(&format!("== learnt: {PROFILE}"));
    Ok(())
}

fn forget(counts: &Path) -> anyhow::Result<()> {
    if counts.exists() {
        fs::remove_dir_all(counts).with_context(|| format!("clear {}", counts.display()))?;
    }
    Ok(())
}

/// Keeps what ran: of what did not nothing is known, and it is built as without.
fn merge(workspace: &Workspace, folder: &Path, counts: &Path) -> anyhow::Result<()> {
    // Each router adds its own when it ends.
    anyhow::ensure!(counts.is_dir(), "the routers told no counts");
    let merged = folder.join("requests.profdata");
    let mut command = Command::new(MERGE);
    command
        .args(["merge", "--sparse", "--output"])
        .args([&merged, counts]);
    Stage::new("merge", &workspace.root, command).run()?;
    fs::copy(&merged, workspace.root.join(PROFILE)).with_context(|| format!("write {PROFILE}"))?;
    Ok(())
}
