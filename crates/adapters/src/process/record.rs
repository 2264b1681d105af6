//! What is kept about a release besides its files: 0600, and gone with it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use windlass_model::{
    Digest, InstallationId, Instance, Program, Release, ServiceKey, ServiceSpec, SlotId,
};

use super::command::KeptCommand;

/// What starting a release needs besides its files and the journalled specification.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReleaseRecord {
    pub(super) release: Release,
    pub(super) program: KeptProgram,
    /// Values of foreign names. Secrets: this type has no `Debug`.
    pub(super) values: BTreeMap<String, String>,
    /// PATH, HOME and LANG.
    pub(super) surroundings: BTreeMap<String, String>,
    pub(super) need_urls: BTreeMap<String, String>,
    /// Where the programs of a command lie; `program` is its first one.
    #[serde(default)]
    pub(super) command: Option<KeptCommand>,
}

impl ReleaseRecord {
    /// Its program, where that lies outside of the folder, as one from PATH does: the script of a command too.
    pub(super) fn outside(&self) -> Option<Program> {
        let (path, sha256) = match (&self.command, &self.program) {
            (Some(command), _) => command.outside()?,
            (None, KeptProgram::Outside { path, sha256 }) => (path, sha256),
            (None, KeptProgram::Kept { .. }) => return None,
        };
        Some(Program {
            path: path.display().to_string(),
            sha256: sha256.clone(),
        })
    }
}

/// Where the program lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "where", rename_all = "snake_case")]
pub(super) enum KeptProgram {
    /// In the copy, at this path.
    Kept { path: String },
    /// Elsewhere; it was this when the release was kept.
    Outside { path: PathBuf, sha256: Digest },
}

/// Whose an instance is. `instance.json` in its folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InstanceRecord {
    pub(super) instance: Instance,
    pub(super) service: ServiceKey,
    pub(super) release: Release,
    /// Whether a listening socket is expected of it.
    pub(super) listens: bool,
    /// The installation that started it.
    pub(super) installation: InstallationId,
    /// None in what an older Windlass wrote.
    #[serde(default)]
    pub(super) told: Option<Told>,
}

/// Enough to take the instance over without a journal. Templates, never the values of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// The slot it belongs to.
    pub(super) slot: SlotId,
    /// How it was asked to run.
    pub(super) spec: ServiceSpec,
}
