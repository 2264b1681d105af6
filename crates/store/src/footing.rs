//! Whether the journal's file is still the one that was opened.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use windlass_edge::{EdgeError, ErrorKind, Retry};

/// The file that a store was opened on. An open file goes on without its name: what is written to it
/// then is lost with the process, so that nothing may be begun on it.
#[derive(Clone, Debug)]
pub(crate) struct Footing {
    path: PathBuf,
    opened: (u64, u64),
}

fn which(path: &Path) -> io::Result<(u64, u64)> {
    let seen = std::fs::metadata(path)?;
    Ok((seen.dev(), seen.ino()))
}

impl Footing {
    /// What stands at `path` now.
    pub(crate) fn of(path: &Path) -> Result<Self, EdgeError> {
        let opened = which(path).map_err(|cause| lost(path).because(cause))?;
        Ok(Self {
            path: path.to_owned(),
            opened,
        })
    }

    /// Refuses when another file stands there, or none.
    pub(crate) fn check(&self) -> Result<(), EdgeError> {
        match which(&self.path) {
            Ok(now) if now == self.opened => Ok(()),
            Ok(_) => Err(lost(&self.path)),
            Err(cause) => Err(lost(&self.path).because(cause)),
        }
    }
}

fn lost(path: &Path) -> EdgeError {
    let what = format!(
        "the journal {} was removed or replaced while the controller has it open",
        path.display()
    );
    EdgeError::new(ErrorKind::Conflict, Retry::Never, what)
}
