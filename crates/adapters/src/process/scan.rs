//! What is to be kept, read into a manifest.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use windlass_edge::EdgeError;
use windlass_kept::{Digests, Entry, Manifest, hash_file};

use super::fail::rejected;

/// Most files and folders in one release.
const MOST_ENTRIES: usize = 100_000;

/// Most bytes in one release.
const MOST_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Reads a folder, or parts of it, into a manifest.
pub(super) struct Scan<'d> {
    /// The folder all paths belong to, without symbolic links.
    folder: PathBuf,
    /// Never entered: our own state, where it lies inside the folder.
    avoid: PathBuf,
    /// Spares reading what has not changed.
    digests: Option<&'d Digests>,
    bytes: u64,
    pub(super) manifest: Manifest,
    /// Where the content of each path is read from.
    pub(super) sources: BTreeMap<String, PathBuf>,
}

impl<'d> Scan<'d> {
    /// Reads every file, whatever is known of it.
    pub(super) fn new(folder: PathBuf, avoid: PathBuf) -> Self {
        Self {
            folder,
            avoid,
            digests: None,
            bytes: 0,
            manifest: Manifest::default(),
            sources: BTreeMap::new(),
        }
    }

    /// Reads only files that have changed since they were last read.
    pub(super) fn knowing(mut self, digests: &'d Digests) -> Self {
        self.digests = Some(digests);
        self
    }

    /// Takes in `path`, already relative and without `..`, with everything below it. The path itself
    /// may be a symbolic link: its content is taken. Links below it stay links.
    pub(super) fn take(&mut self, path: &str) -> Result<(), EdgeError> {
        let source = fs::canonicalize(self.folder.join(path))
            .map_err(|e| rejected(format!("{path} can't be kept: it can't be read")).because(e))?;
        if !source.starts_with(&self.folder) {
            return Err(rejected(format!(
                "{path} can't be kept: it leads out of the folder, to {}",
                source.display()
            )));
        }
        for (end, _) in path.match_indices('/') {
            let parent = path.get(..end).unwrap_or_default();
            match self.manifest.entries.get(parent) {
                // Reached through a link that is kept, with what it leads to.
                Some(Entry::Link { .. }) => return Ok(()),
                Some(Entry::Folder | Entry::File { .. }) => {}
                None => self.add(parent.to_owned(), Entry::Folder)?,
            }
        }
        let mut open = vec![(path.to_owned(), source)];
        while let Some((path, source)) = open.pop() {
            self.take_one(path, source, &mut open)?;
        }
        Ok(())
    }

    fn take_one(
        &mut self,
        path: String,
        source: PathBuf,
        open: &mut Vec<(String, PathBuf)>,
    ) -> Result<(), EdgeError> {
        let unreadable = |e| rejected(format!("{path} can't be kept")).because(e);
        let metadata = fs::symlink_metadata(&source).map_err(unreadable)?;
        let kind = metadata.file_type();
        if kind.is_symlink() {
            let target = fs::read_link(&source).map_err(unreadable)?;
            let target = target.into_os_string().into_string().map_err(|raw| {
                let target = raw.to_string_lossy();
                rejected(format!(
                    "{path} leads to {target:?}, a name that is no text"
                ))
            })?;
            return self.add(path, Entry::Link { target });
        }
        if kind.is_dir() {
            if source == self.avoid {
                return Ok(());
            }
            for found in fs::read_dir(&source).map_err(unreadable)? {
                let found = found.map_err(unreadable)?;
                let name = found.file_name().into_string().map_err(|raw| {
                    let name = raw.to_string_lossy();
                    rejected(format!("{path}/{name} can't be kept: its name is no text"))
                })?;
                let below = match path.as_str() {
                    "" => name,
                    above => format!("{above}/{name}"),
                };
                open.push((below, found.path()));
            }
            return match path.as_str() {
                "" => Ok(()),
                _ => self.add(path, Entry::Folder),
            };
        }
        if !kind.is_file() {
            return Err(rejected(format!(
                "{path} can't be kept: it is neither a file, a folder nor a link"
            )));
        }
        // Before it is read: a limit that takes minutes to notice is none.
        self.count(metadata.len())?;
        let hashed = match self.digests {
            Some(digests) => digests.of(&source),
            None => hash_file(&source),
        };
        let (sha256, size) = hashed.map_err(unreadable)?;
        let executable = metadata.permissions().mode() & 0o111 != 0;
        self.sources.insert(path.clone(), source);
        self.add(
            path,
            Entry::File {
                executable,
                size,
                sha256,
            },
        )
    }

    fn count(&mut self, bytes: u64) -> Result<(), EdgeError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MOST_BYTES {
            return Err(rejected(
                "a release is at most 4 GiB: list what is needed in `files:`",
            ));
        }
        Ok(())
    }

    fn add(&mut self, path: String, entry: Entry) -> Result<(), EdgeError> {
        self.manifest.entries.insert(path, entry);
        if self.manifest.entries.len() > MOST_ENTRIES {
            return Err(rejected(
                "a release is at most 100 000 files: list what is needed in `files:`",
            ));
        }
        Ok(())
    }
}
