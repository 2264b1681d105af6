//! schemathesis, in a Python environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::stage::Stage;
use crate::workspace::Workspace;

/// The version that is run, so that two runs find the same.
const VERSION: &str = "schemathesis==4.32.5";

/// Its program, installed if it is not there yet.
///
/// # Errors
/// There is no Python, or PyPI can't be reached; the error says what checks the same without.
pub(super) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.target.join("api-fuzz").join("python");
    let program = folder.join("bin/schemathesis");
    if is_there(&folder) {
        return Ok(program);
    }
    let installed = make(workspace, &folder);
    installed.with_context(|| {
        format!(
            "{VERSION} can't be installed: it needs python3 with its venv module, and PyPI. Nothing was \
             checked. Without it: cargo nextest run -p windlass -E 'test(document::)'"
        )
    })?;
    Ok(program)
}

fn is_there(folder: &Path) -> bool {
    let asked = Command::new(folder.join("bin/schemathesis"))
        .arg("--version")
        .output();
    let wanted = VERSION.rsplit('=').next().unwrap_or_default();
    asked.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains(wanted))
}

fn make(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(folder);
    Stage::new("python", &workspace.root, venv).run()?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", VERSION]);
    Stage::new("schemathesis", &workspace.root, pip).run()
}
