//! Copies what was scanned into the place of a release.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::syncfs;
use uuid::Uuid;
use windlass_edge::EdgeError;
use windlass_kept::{Digests, Entry, compare};
use windlass_model::Digest;

use super::fail::{conflict, machine};
use super::layout::{Layout, private_folder, sync_folder, write_json_durably};
use super::scan::Scan;

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
                copy_file(scan, path, &place, *executable)?;
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

fn copy_file(scan: &Scan<'_>, path: &str, place: &Path, executable: bool) -> io::Result<()> {
    let source = scan.sources.get(path).ok_or(io::ErrorKind::NotFound)?;
    fs::copy(source, place)?;
    let mode = if executable { 0o555 } else { 0o444 };
    fs::set_permissions(place, Permissions::from_mode(mode))
}

/// Makes good what was damaged of a release that is kept already, from what was scanned. What is whole stays as
/// it is: somebody may run it.
pub(super) fn mend(
    layout: &Layout,
    scan: &Scan<'_>,
    artefact: &Digest,
    digests: &Digests,
) -> Result<(), EdgeError> {
    let release = layout.release(artefact);
    if compare(&release, digests).is_empty() {
        return Ok(());
    }
    private_folder(&release.join("identities"))?;
    write_json_durably(&release.join("manifest.json"), &scan.manifest)?;
    let unlike = compare(&release, digests);
    let unlike: BTreeSet<PathBuf> = unlike.into_iter().map(|unlike| unlike.path).collect();
    mend_files(scan, &layout.files(artefact), &unlike)
        .map_err(|e| machine("can't make good what is damaged of a kept release", e))?;
    match compare(&release, digests).first() {
        None => {
            tracing::warn!("release {artefact} was damaged, and is kept anew");
            Ok(())
        }
        Some(_changed) => Err(conflict("files changed while they were being kept")),
    }
}

fn mend_files(scan: &Scan<'_>, files: &Path, unlike: &BTreeSet<PathBuf>) -> io::Result<()> {
    let root = (files.to_owned(), &Entry::Folder);
    let entries = scan.manifest.entries.iter();
    let all = entries.map(|(path, entry)| (files.join(path), entry));
    let mut folders = Vec::new();
    // What is above comes before what is below it.
    for (place, entry) in std::iter::once(root).chain(all) {
        let is_whole = !unlike.contains(&place);
        if !is_whole {
            clear(&place)?;
        }
        match entry {
            Entry::Folder => {
                if !is_whole {
                    fs::create_dir(&place)?;
                }
                fs::set_permissions(&place, Permissions::from_mode(0o755))?;
                folders.push(place);
            }
            Entry::Link { target } if !is_whole => symlink(target, &place)?,
            Entry::File { executable, .. } if !is_whole => {
                let path = place.strip_prefix(files).map_err(io::Error::other)?;
                copy_file(scan, &path.to_string_lossy(), &place, *executable)?;
            }
            Entry::Link { .. } | Entry::File { .. } => {}
        }
    }
    for folder in folders.iter().rev() {
        fs::set_permissions(folder, Permissions::from_mode(0o555))?;
    }
    syncfs(File::open(files)?)?;
    Ok(())
}

/// Removes whatever lies in a place.
fn clear(place: &Path) -> io::Result<()> {
    match fs::symlink_metadata(place) {
        Ok(seen) if seen.is_dir() => remove(place).map_err(io::Error::other),
        Ok(_) => fs::remove_file(place),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
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
