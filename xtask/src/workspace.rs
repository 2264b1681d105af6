//! Where the workspace is and what belongs to it.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Deserialize;

use crate::stage::cargo;

/// What the chores need to know about the tree; the same from any folder of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
}

impl Workspace {
    /// Asks cargo, from the folder of this package so that the caller's folder does not matter.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let output = cargo(&["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(here)
            .output()
            .context("run cargo metadata")?;
        anyhow::ensure!(
            output.status.success(),
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        serde_json::from_slice(&output.stdout).context("read cargo metadata")
    }

    /// The names of the workspace's own packages.
    pub(crate) fn packages(&self) -> Vec<&str> {
        self.packages
            .iter()
            .map(|package| package.name.as_str())
            .collect()
    }
}
