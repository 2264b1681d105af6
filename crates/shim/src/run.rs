//! Start-up of a shim, and why it may fail.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{getpid, set_child_subreaper, setsid};
use windlass_control::ShimSpec;

use crate::keeper::Keeper;

/// Why a shim can't keep its group.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// The instance's folder or a file in it.
    #[error("can't use {path}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `spec.json` is not one.
    #[error("can't read {path}")]
    Spec {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Another shim keeps this instance.
    #[error("another shim keeps {path}")]
    Taken {
        /// The instance's folder.
        path: PathBuf,
    },
    /// The kernel refused a session of its own, the role of a subreaper, or signals.
    #[error("can't become the parent of a group")]
    Role(#[source] io::Error),
    /// The socket for requests.
    #[error("can't listen at {path}")]
    Listen {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `poll` failed: nothing more can be seen.
    #[error("can't wait for events")]
    Wait(#[source] io::Error),
}

/// Keeps the instance whose folder this is: starts its group, restarts it by the policy given,
/// answers at its socket, and returns after a `Stop` (or SIGTERM) when no descendant is left.
///
/// Blocks. Changes the whole calling process: a session of its own, subreaper, signal handlers; it
/// is meant to be all that the process does, in one thread.
///
/// # Errors
/// [`ShimError`] when the folder is unusable or already kept. A program that can't be started is no
/// error: it is the instance's state.
pub fn run(folder: &Path) -> Result<(), ShimError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| ShimError::Folder { path, source }
    };
    let folder = fs::canonicalize(folder).map_err(at(folder))?;
    let lock = lock(&folder)?;
    let path = folder.join("spec.json");
    let text = fs::read(&path).map_err(at(&path))?;
    let spec: ShimSpec =
        serde_json::from_slice(&text).map_err(|source| ShimError::Spec { path, source })?;
    take_role().map_err(ShimError::Role)?;
    let outcome = Keeper::new(folder, spec)?.keep();
    // Held to the end: whoever gets it knows that this shim is gone.
    drop(lock);
    outcome
}

/// The lock of one living shim per folder. Closed by the group at its start, not inherited.
fn lock(folder: &Path) -> Result<File, ShimError> {
    let path = folder.join("lock");
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path);
    let file = opened.map_err(|source| ShimError::Folder { path, source })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(_held) => Err(ShimError::Taken {
            path: folder.to_owned(),
        }),
    }
}

fn take_role() -> io::Result<()> {
    setsid()?;
    set_child_subreaper(Some(getpid()))?;
    // No folder is kept busy by this process.
    std::env::set_current_dir("/")
}
