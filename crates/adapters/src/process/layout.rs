//! Where everything lies.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use windlass_edge::EdgeError;
use windlass_model::{Digest, InstanceId, Release};

use super::fail::{machine, malformed};

/// Longest path of a Unix socket, in bytes.
const LONGEST_SOCKET: usize = 107;

/// Paths below the state folder and the folder of sockets.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) state: PathBuf,
    pub(super) run: PathBuf,
}

impl Layout {
    pub(super) fn releases(&self) -> PathBuf {
        self.state.join("releases")
    }

    pub(super) fn release(&self, artefact: &Digest) -> PathBuf {
        self.releases().join(artefact.as_str())
    }

    pub(super) fn files(&self, artefact: &Digest) -> PathBuf {
        self.release(artefact).join("files")
    }

    pub(super) fn record(&self, release: &Release) -> PathBuf {
        self.release(&release.artefact)
            .join("identities")
            .join(format!("{}.json", release.identity))
    }

    pub(super) fn instances(&self) -> PathBuf {
        self.state.join("instances")
    }

    pub(super) fn instance(&self, id: &InstanceId) -> PathBuf {
        self.instances().join(id.as_str())
    }

    /// Where the instance's shim listens.
    pub(super) fn socket(&self, id: &InstanceId) -> Result<PathBuf, EdgeError> {
        let path = self.run.join(format!("{id}.sock"));
        if path.as_os_str().len() > LONGEST_SOCKET {
            return Err(super::fail::rejected(format!(
                "the path of a socket is over {LONGEST_SOCKET} bytes: {}",
                path.display()
            )));
        }
        Ok(path)
    }
}

/// Makes a folder for the own user only; one that is there is fine.
pub(crate) fn private_folder(path: &Path) -> Result<(), EdgeError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| machine(format!("can't make the folder {}", path.display()), e))
}

/// Puts `value` at `path`, mode 0600: a reader sees the whole or nothing. Not synced.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), EdgeError> {
    put(path, value, |_| Ok(()))
}

/// The same, and it survives a power loss.
pub(crate) fn write_json_durably<T: Serialize>(path: &Path, value: &T) -> Result<(), EdgeError> {
    put(path, value, File::sync_all)?;
    let folder = path.parent().unwrap_or(path);
    sync_folder(folder).map_err(|e| machine(format!("can't sync {}", folder.display()), e))
}

fn put<T: Serialize>(
    path: &Path,
    value: &T,
    sync: fn(&File) -> io::Result<()>,
) -> Result<(), EdgeError> {
    let write = || -> io::Result<()> {
        let beside = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(&serde_json::to_vec(value)?)?;
        sync(&file)?;
        fs::rename(&beside, path)
    };
    write().map_err(|e| machine(format!("can't write {}", path.display()), e))
}

/// Reads what [`write_json`] put there; none if there is nothing, or nothing survived a power loss.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EdgeError> {
    let bytes = match fs::read(path) {
        Ok(bytes) if bytes.is_empty() => return Ok(None),
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(machine(format!("can't read {}", path.display()), e)),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|e| malformed(format!("can't read {}", path.display()), e))
}

/// Makes a folder's entries survive a power loss.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
