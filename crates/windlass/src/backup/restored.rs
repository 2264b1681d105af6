//! What a restored state directory remembers of its backup.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The file in the state directory.
pub(super) const RESTORED: &str = "restored.json";

/// Which backup it was.
#[derive(Serialize, Deserialize)]
struct Restored {
    /// When it was made, in microseconds since 1970 UTC.
    made_us: i64,
}

/// Writes it: a deployment that was open then finds nothing here of what it had begun.
pub(super) fn note(state: &Path, made_us: i64) -> io::Result<()> {
    let text = serde_json::to_vec(&Restored { made_us })?;
    fs::write(state.join(RESTORED), text)
}

/// When the backup was made that a state directory was restored from; none where it was not, or where nobody can
/// tell any more: then a deployment that was open is taken back by what is seen.
pub(crate) fn restored_us(state: &Path) -> Option<i64> {
    let text = fs::read(state.join(RESTORED)).ok()?;
    let restored: Restored = serde_json::from_slice(&text).ok()?;
    Some(restored.made_us)
}
