//! Files that are there whole, whenever the power fails.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes beside, syncs, renames, syncs the folder: there is always a whole one, the old or the new.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.to_owned().into_os_string();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    let folder = path.parent().unwrap_or(path);
    File::open(folder)?.sync_all()
}
