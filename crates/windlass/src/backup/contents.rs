//! What a backup holds.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use windlass_store::Checked;

/// The form of the file; a newer one is refused.
pub(super) const FORMAT: u32 = 1;

/// The journal in it.
pub(super) const JOURNAL: &str = "windlass.db";

/// The last entry: without it the file is cut off.
pub(super) const LAST: &str = "contents.json";

/// The last entry of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contents {
    pub(crate) format: u32,
    /// The version of Windlass that wrote it.
    pub(crate) version: String,
    /// When the journal was copied, in microseconds since 1970 UTC.
    pub(crate) made_us: i64,
    /// What the copied journal holds.
    pub(crate) journal: Checked,
    /// How many releases are in it.
    pub(crate) releases: u64,
    /// How many files, the journal with them.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// SHA-256 of all that comes before it.
    pub(crate) digest: String,
}

/// Releases that are kept in a state directory.
pub(super) fn releases(state: &Path) -> u64 {
    let kept = fs::read_dir(state.join("releases"));
    kept.map_or(0, |entries| entries.flatten().count() as u64)
}
