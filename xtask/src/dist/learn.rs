//! Has the compiler learn how what ships is used: a binary that counts serves the load of the bench, and what it
//! counted is kept with the sources.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::bench;
use crate::dist::build::{LEARNT_WITH, PROFILE, build, built, compiler, of_binary};
use crate::say;
use crate::setup::on_path;
use crate::stage::Stage;
use crate::workspace::Workspace;

/// What reads the counts, of the package `llvm-19`. The compiler's own LLVM may be newer: it writes the same form.
const MERGE: &str = "llvm-profdata-19";
/// Counts, and keeps what was counted.
///
/// # Errors
/// The tool that reads the counts is not there, or something can't be built or run.
pub(crate) fn learn() -> anyhow::Result<()> {
    anyhow::ensure!(
        on_path(MERGE),
        "{MERGE} is not on PATH: install the Debian package llvm-19"
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
    // The programs that the compiler ran while it built have counted too.
    forget(&counts)?;
    bench::play(&bench::in_place(&workspace, counting)?)?;
    merge(&workspace, &counts)?;
    let compiler = compiler(&workspace)?;
    fs::write(workspace.root.join(LEARNT_WITH), format!("{compiler}\n"))
        .with_context(|| format!("write {LEARNT_WITH}"))?;
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
fn merge(workspace: &Workspace, counts: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(MERGE);
    command
        .args(["merge", "--sparse", "--output", PROFILE])
        .arg(counts);
    Stage::new("merge", &workspace.root, command).run()
}
