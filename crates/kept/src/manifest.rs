//! What a release consists of, and its digest.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use windlass_model::Digest;

/// One path of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A folder.
    Folder,
    /// A file.
    File {
        /// Whether it may be run.
        executable: bool,
        /// Its bytes.
        size: u64,
        /// Their digest.
        sha256: Digest,
    },
    /// A symbolic link.
    Link {
        /// What it names.
        target: String,
    },
}

/// Every path of a release, relative to its root, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest {
    /// Each with what it is.
    pub entries: BTreeMap<String, Entry>,
}

impl Manifest {
    /// The digest of paths, kinds, executable bits, contents and link targets. Owners, times and
    /// other mode bits do not count.
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        // No path or target holds a NUL, so that no two manifests read the same.
        hash.update(b"windlass release 1\0");
        for (path, entry) in &self.entries {
            let (kind, what) = match entry {
                Entry::Folder => ("folder", ""),
                Entry::File {
                    executable: true,
                    sha256,
                    ..
                } => ("program", sha256.as_str()),
                Entry::File { sha256, .. } => ("file", sha256.as_str()),
                Entry::Link { target } => ("link", target.as_str()),
            };
            for field in [path.as_str(), kind, what] {
                hash.update(field.as_bytes());
                hash.update([0]);
            }
        }
        finish(hash)
    }

    /// Bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.entries
            .values()
            .map(|entry| match entry {
                Entry::File { size, .. } => *size,
                Entry::Folder | Entry::Link { .. } => 0,
            })
            .sum()
    }
}

/// The hash as the model's digest.
///
/// # Panics
/// Never: 32 bytes are 64 hex characters.
pub fn finish(hash: Sha256) -> Digest {
    Digest::parse(&HEXLOWER.encode(&hash.finalize())).expect("32 bytes are 64 hex characters")
}
