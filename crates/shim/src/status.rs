//! `status.json`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use windlass_control::ShimStatus;

/// Replaces `status.json`: written beside, synced, renamed, so that a reader sees the old or the
/// new one and never a part.
pub(crate) fn write(folder: &Path, status: &ShimStatus) -> io::Result<()> {
    let beside = folder.join("status.json.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(&serde_json::to_vec(status)?)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join("status.json"))
}
