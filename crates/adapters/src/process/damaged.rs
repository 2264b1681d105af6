//! Kept releases that are not what they were when they were kept.

use std::fs;
use std::path::Path;

use windlass_kept::{Digests, compare};
use windlass_model::Digest;

use super::layout::read_json;
use super::record::ReleaseRecord;

/// A kept release that is not what was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedRelease {
    /// What its folder is named by.
    pub artefact: Digest,
    /// The versions that it was kept as.
    pub versions: Vec<String>,
    /// The first path of it that differs, what became of that, and how many others differ.
    pub saw: String,
}

/// Reads every release that is kept below `state`, and tells of each that is not what was kept. Blocking;
/// changes nothing.
pub fn damaged_releases(state: &Path) -> Vec<DamagedRelease> {
    let kept = fs::read_dir(state.join("releases")).into_iter().flatten();
    let folders = kept.flatten().map(|entry| entry.path());
    // A copy in the making, or on its way out, is none.
    let mut folders: Vec<_> = folders.filter(|folder| is_release(folder)).collect();
    folders.sort();
    let all = folders.iter();
    all.filter_map(|folder| damaged(folder)).collect()
}

fn is_release(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    // What a command is made of is not copied: of that only values are kept.
    name.is_some_and(|name| Digest::parse(name).is_ok()) && !is_command(folder)
}

fn records(folder: &Path) -> Vec<ReleaseRecord> {
    let found = fs::read_dir(folder.join("identities"))
        .into_iter()
        .flatten();
    let read = found
        .flatten()
        .filter_map(|entry| read_json(&entry.path()).ok()?);
    read.collect()
}

fn is_command(folder: &Path) -> bool {
    records(folder)
        .iter()
        .any(|record| record.command.is_some())
}

fn damaged(folder: &Path) -> Option<DamagedRelease> {
    let unlike = compare(folder, &Digests::default());
    let first = unlike.first()?;
    // Whoever drops it meanwhile needs it no more.
    if !folder.exists() {
        return None;
    }
    let mut versions: Vec<String> = records(folder)
        .iter()
        .map(|record| record.release.version.0.clone())
        .collect();
    versions.sort();
    versions.dedup();
    let more = match unlike.len() {
        1 => String::new(),
        all => format!(", and {} more", all - 1),
    };
    Some(DamagedRelease {
        artefact: Digest::parse(folder.file_name()?.to_str()?).ok()?,
        versions,
        saw: format!("{first}{more}"),
    })
}
