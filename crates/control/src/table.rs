//! The table as it lies on disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_model::{Epoch, Route, ServiceKey};

use crate::{Generation, Passage, Tripwire};

/// Format of the file; a reader refuses a higher one whole.
pub const TABLE_FORMAT: u32 = 1;

/// The last good table. The file is one line of SHA-256 in hex over the rest, then this as JSON;
/// it is written beside, synced and renamed, so that there is always a whole one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// [`TABLE_FORMAT`] of the writer.
    pub format: u32,
    /// The highest epoch seen.
    pub epoch: Epoch,
    /// Per service.
    pub services: BTreeMap<ServiceKey, TableEntry>,
    /// What the file of a router that runs alone said when it began; none: a controller decides. While
    /// the file says the same of a service, the split in effect outlives a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<BTreeMap<ServiceKey, Route>>,
}

/// One service's entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Its generation.
    pub generation: Generation,
    /// Where its requests go.
    pub route: Route,
    /// What is armed.
    #[serde(default)]
    pub tripwire: Option<Tripwire>,
    /// Whether requests pass to it.
    #[serde(default, skip_serializing_if = "Passage::is_open")]
    pub passage: Passage,
    /// When it opens by itself: calendar time, microseconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_us: Option<i64>,
}
