//! Whether the journal's files are still those that were opened.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use windlass_edge::{EdgeError, ErrorKind, Retry};

use crate::error::TRY_AGAIN;

/// The file that a store was opened on, and its WAL. An open file goes on without its name: what is
/// written to it then is lost with the process, so that nothing may be committed to it.
#[derive(Debug)]
pub(crate) struct Footing {
    journal: Stood,
    wal: Stood,
}

/// A file as it stood at its path.
#[derive(Debug)]
struct Stood {
    path: PathBuf,
    opened: (u64, u64),
}

impl Stood {
    fn at(path: PathBuf) -> Result<Self, EdgeError> {
        match which(&path) {
            Ok(opened) => Ok(Self { path, opened }),
            Err(cause) => Err(lost(&path).because(cause)),
        }
    }

    fn check(&self) -> Result<(), EdgeError> {
        match which(&self.path) {
            Ok(now) if now == self.opened => Ok(()),
            Ok(_) => Err(lost(&self.path)),
            Err(cause) => Err(lost(&self.path).because(cause)),
        }
    }
}

fn which(path: &Path) -> io::Result<(u64, u64)> {
    let seen = std::fs::metadata(path)?;
    Ok((seen.dev(), seen.ino()))
}

impl Footing {
    /// What stands at `path` now, after the first commit of this opening: the WAL is there by then
    /// and stays until the last connection is closed.
    ///
    /// # Errors
    /// `Unreachable` when it is gone already.
    pub(crate) fn of(path: &Path) -> Result<Self, EdgeError> {
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        Ok(Self {
            journal: Stood::at(path.to_owned())?,
            wal: Stood::at(wal.into())?,
        })
    }

    /// Whether both still stand there. Costs two looks at a folder.
    ///
    /// # Errors
    /// `Unreachable` when another file stands there, or none: it may be put back.
    pub(crate) fn check(&self) -> Result<(), EdgeError> {
        self.journal.check()?;
        self.wal.check()
    }
}

fn lost(path: &Path) -> EdgeError {
    let what = format!(
        "the journal {} was removed or replaced while the controller has it open",
        path.display()
    );
    EdgeError::new(ErrorKind::Unreachable, Retry::After(TRY_AGAIN), what)
}
