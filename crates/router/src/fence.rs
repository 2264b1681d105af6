//! The highest epoch that was heard, in a file of its own.
//!
//! The table has it too. But a table may be damaged, and its second with it, and a router that begins empty
//! for that reason must refuse an older controller all the same.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use windlass_model::Epoch;

use crate::sealed::{intact, sealed};
use crate::whole::write_whole;

/// What stands in the file. It is read by others too, as the epoch of a table is.
#[derive(Serialize, Deserialize)]
struct Heard {
    epoch: Epoch,
}

fn path(folder: &Path) -> PathBuf {
    folder.join("epoch.json")
}

/// What was kept; the one before all where there is nothing, or nothing that can be read.
pub(crate) fn kept(folder: &Path) -> Epoch {
    let path = path(folder);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Epoch::default(),
        Err(why) => {
            tracing::error!(%why, "could not read {}", path.display());
            return Epoch::default();
        }
    };
    let heard = intact(&bytes).and_then(|json| serde_json::from_slice(json).ok());
    heard.map_or_else(
        || {
            tracing::error!(
                "{} is damaged: the epoch in it counts no more",
                path.display()
            );
            Epoch::default()
        },
        |Heard { epoch }| epoch,
    )
}

/// Keeps it.
pub(crate) fn keep(folder: &Path, epoch: Epoch) -> io::Result<()> {
    let json = serde_json::to_vec(&Heard { epoch })?;
    write_whole(&path(folder), &sealed(&json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_and_what_is_damaged_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(kept(folder.path()), Epoch::default());
        keep(folder.path(), Epoch(7)).expect("kept");
        assert_eq!(kept(folder.path()), Epoch(7));
        let good = std::fs::read(path(folder.path())).expect("there");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(path(folder.path()), bad).expect("written");
            assert_eq!(kept(folder.path()), Epoch::default(), "bit at {at}");
        }
    }
}
