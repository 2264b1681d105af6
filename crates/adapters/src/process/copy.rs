//! Copies what was scanned into the place of a release.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::syncfs;
use uuid::Uuid;
use windlass_edge::EdgeError;
use windlass_model::Digest;

use super::fail::{conflict, machine};
use super::layout::{Layout, private_folder, sync_folder, write_json_durably};
use super::manifest::{Entry, Scan};

/// What a copy in the making is called, before its id.
pub(super) const INCOMING: &str = ".incoming-";

/// What a release on its way out is called, before its id.
pub(super) const OUTGOING: &str = ".outgoing-";

/// Up to so many files are synced one by one; more by one sync of the whole file system.
const SYNCED_SINGLY: usize = 64;

/// Makes `scan` a release: copied beside, made read-only, synced, compared with what was scanned,
/// and renamed into place.
pub(super) fn copy(layout: &Layout, scan: &Scan<'_>, artefact: &Digest) -> Result<(), EdgeError> {
    let beside = layout
        .releases()
        .join(format!("{INCOMING}{}", Uuid::new_v4().simple()));
    let outcome = fill(layout, scan, artefact, &beside);
    if outcome.is_err() {
        remove(&beside)?;
    }
    outcome
}

fn fill(
    layout: &Layout,
    scan: &Scan<'_>,
    artefact: &Digest,
    beside: &Path,
) -> Result<(), EdgeError> {
    private_folder(&beside.join("identities"))?;
    let files = beside.join("files");
    copy_files(scan, &files).map_err(|e| machine("can't copy what the release consists of", e))?;
    let mut copied = Scan::new(files, PathBuf::new());
    copied.take("")?;
    if copied.manifest.digest() != *artefact {
        return Err(conflict("files changed while they were being kept"));
    }
    write_json_durably(&beside.join("manifest.json"), &scan.manifest)?;
    let place = || -> io::Result<()> {
        sync_folder(beside)?;
        fs::rename(beside, layout.release(artefact))?;
        sync_folder(&layout.releases())
    };
    place().map_err(|e| machine("can't put the release into its place", e))
}

fn copy_files(scan: &Scan<'_>, files: &Path) -> io::Result<()> {
    fs::create_dir(files)?;
    let singly = scan.sources.len() <= SYNCED_SINGLY;
    let mut folders = vec![files.to_owned()];
    for (path, entry) in &scan.manifest.entries {
        let place = files.join(path);
        match entry {
            Entry::Folder => {
                fs::create_dir(&place)?;
                folders.push(place);
            }
            Entry::Link { target } => symlink(target, &place)?,
            Entry::File { executable, .. } => {
                let source = scan.sources.get(path).ok_or(io::ErrorKind::NotFound)?;
                fs::copy(source, &place)?;
                let mode = if *executable { 0o555 } else { 0o444 };
                fs::set_permissions(&place, Permissions::from_mode(mode))?;
                if singly {
                    File::open(&place)?.sync_all()?;
                }
            }
        }
    }
    // The deepest first: nothing can be put into a folder once it is read-only.
    for folder in folders.iter().rev() {
        fs::set_permissions(folder, Permissions::from_mode(0o555))?;
        if singly {
            sync_folder(folder)?;
        }
    }
    if !singly {
        syncfs(File::open(files)?)?;
    }
    Ok(())
}

/// Removes a folder of read-only folders; one that is gone is fine.
pub(super) fn remove(path: &Path) -> Result<(), EdgeError> {
    let failed = |e| machine(format!("can't remove {}", path.display()), e);
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        match fs::set_permissions(&folder, Permissions::from_mode(0o700)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(failed)?,
        }
        for found in fs::read_dir(&folder).map_err(failed)? {
            let found = found.map_err(failed)?;
            if found.file_type().map_err(failed)?.is_dir() {
                open.push(found.path());
            }
        }
    }
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(e)),
        Ok(()) | Err(_) => Ok(()),
    }
}
