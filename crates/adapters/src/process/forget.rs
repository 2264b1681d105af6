//! Drops what nobody needs. Blocking.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use uuid::Uuid;
use windlass_control::ShimSpec;
use windlass_edge::EdgeError;
use windlass_model::{InstanceId, Release};

use super::copy::{INCOMING, OUTGOING, remove};
use super::fail::machine;
use super::gone::{Remains, remains};
use super::layout::{Layout, read_json};
use super::record::InstanceRecord;

/// Drops traces of instances that are not in `instances`, then releases that neither `needed` nor a
/// living instance names. Returns the instances it dropped. Goes on after a failure and returns the
/// first.
pub(super) fn forget(
    layout: &Layout,
    needed: &[Release],
    instances: &[InstanceId],
) -> (BTreeSet<InstanceId>, Result<(), EdgeError>) {
    let mut kept: BTreeSet<(String, String)> = needed.iter().map(names).collect();
    let mut dropped = BTreeSet::new();
    let mut outcome = Ok(());
    let wanted: BTreeSet<&str> = instances.iter().map(InstanceId::as_str).collect();
    for folder in entries(&layout.instances()) {
        let name = folder
            .file_name()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        let id = InstanceId::parse(name).ok();
        if wanted.contains(name) {
            continue;
        }
        match drop_instance(&folder) {
            Ok(true) => dropped.extend(id),
            Ok(false) => {
                tracing::warn!(
                    instance.id = name,
                    "instance {name} lives and is not journalled"
                );
                let record: Option<InstanceRecord> =
                    read_json(&folder.join("instance.json")).unwrap_or_default();
                kept.extend(record.iter().map(|record| names(&record.release)));
            }
            Err(e) => outcome = outcome.and(Err(e)),
        }
    }
    for folder in entries(&layout.releases()) {
        outcome = outcome.and(thin_out(layout, &folder, &kept));
    }
    (dropped, outcome)
}

fn names(release: &Release) -> (String, String) {
    let artefact = release.artefact.as_str().to_owned();
    (artefact, release.identity.as_str().to_owned())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    found.map(|entry| entry.path()).collect()
}

/// Removes the folder of an instance of which nothing lives; says whether it did.
fn drop_instance(folder: &Path) -> Result<bool, EdgeError> {
    let lock = OpenOptions::new().write(true).open(folder.join("lock"));
    let held =
        lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err());
    if held {
        return Ok(false);
    }
    let spec: Option<ShimSpec> = read_json(&folder.join("spec.json")).unwrap_or_default();
    // A state that can't be read tells of nothing that could be adopted.
    if let Ok(Remains::Known(known)) = remains(folder)
        && !known.survivors().is_empty()
    {
        return Ok(false);
    }
    if let Some(spec) = spec {
        unlink(&spec.socket)?;
    }
    remove(folder)?;
    Ok(true)
}

/// Removes a file that may be gone already.
pub(super) fn unlink(path: &Path) -> Result<(), EdgeError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(machine(format!("can't remove {}", path.display()), e))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Drops a release, or what it keeps for identities that are not needed, or an unfinished copy.
fn thin_out(
    layout: &Layout,
    folder: &Path,
    kept: &BTreeSet<(String, String)>,
) -> Result<(), EdgeError> {
    let name = folder
        .file_name()
        .and_then(OsStr::to_str)
        .unwrap_or_default();
    if name.starts_with(INCOMING) || name.starts_with(OUTGOING) {
        return remove(folder);
    }
    if !kept.iter().any(|(artefact, _)| artefact == name) {
        // Out of its place first: a release is there whole, or not at all.
        let out = layout
            .releases()
            .join(format!("{OUTGOING}{}", Uuid::new_v4().simple()));
        fs::rename(folder, &out)
            .map_err(|e| machine(format!("can't remove {}", folder.display()), e))?;
        return remove(&out);
    }
    for record in entries(&folder.join("identities")) {
        let identity = record
            .file_stem()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        if !kept.contains(&(name.to_owned(), identity.to_owned())) {
            unlink(&record)?;
        }
    }
    Ok(())
}
