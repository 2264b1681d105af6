//! Whether what is kept of a release is what was kept.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::digests::Digests;
use crate::manifest::{Entry, Manifest};

/// A path of a release that is not as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    /// Where it lies.
    pub path: PathBuf,
    /// What became of it.
    pub how: How,
}

/// What became of a kept path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It is not there.
    Gone,
    /// It is another kind of thing, or has other bytes.
    Changed,
    /// It can't be read; holds why.
    Unreadable(String),
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.how {
            How::Gone => write!(f, "{path} is gone"),
            How::Changed => write!(f, "{path} was changed since it was kept"),
            How::Unreadable(why) => write!(f, "{path} can't be read: {why}"),
        }
    }
}

/// What in the folder of a release, `releases/DIGEST`, is not as it was kept: nothing, where all of it is. What
/// a program has added to its own copy, as one may that runs as root, is no part of the release.
pub fn compare(release: &Path, digests: &Digests) -> Vec<Unlike> {
    let manifest = match manifest(release) {
        Ok(manifest) => manifest,
        Err(unlike) => return vec![unlike],
    };
    let files = release.join("files");
    let root = is_like(&files, &Entry::Folder, digests);
    let entries = manifest.entries.iter();
    let entries = entries.map(|(path, entry)| (files.join(path), entry));
    let all = std::iter::once((files.clone(), root)).chain(entries.map(|(place, entry)| {
        let like = is_like(&place, entry, digests);
        (place, like)
    }));
    let unlike = all.filter_map(|(path, like)| {
        let how = like.err()?;
        Some(Unlike { path, how })
    });
    unlike.collect()
}

/// Lets `digests` know a release that somebody has just compared, so that it need not be read for that again.
pub fn trust(release: &Path, digests: &Digests) {
    // One without a manifest is compared, and found unlike, when it matters.
    let Ok(manifest) = manifest(release) else {
        return;
    };
    for (path, entry) in &manifest.entries {
        if let Entry::File { sha256, .. } = entry {
            digests.trust(&release.join("files").join(path), sha256);
        }
    }
}

/// The manifest, which has the digest that its folder is named by.
fn manifest(release: &Path) -> Result<Manifest, Unlike> {
    let path = release.join("manifest.json");
    let unlike = |how| Unlike {
        path: path.clone(),
        how,
    };
    let text = fs::read(&path).map_err(|why| unlike(how(&why)))?;
    let read: Result<Manifest, _> = serde_json::from_slice(&text);
    let manifest = read.map_err(|_no_manifest| unlike(How::Changed))?;
    if release.file_name() == Some(OsStr::new(manifest.digest().as_str())) {
        Ok(manifest)
    } else {
        Err(unlike(How::Changed))
    }
}

fn is_like(path: &Path, entry: &Entry, digests: &Digests) -> Result<(), How> {
    let seen = fs::symlink_metadata(path).map_err(|why| how(&why))?;
    let same = match entry {
        Entry::Folder => seen.is_dir(),
        Entry::Link { target } => {
            seen.is_symlink()
                && fs::read_link(path).map_err(|why| how(&why))?.as_os_str() == OsStr::new(target)
        }
        Entry::File {
            executable,
            size,
            sha256,
        } => {
            seen.is_file()
                && seen.len() == *size
                && (seen.permissions().mode() & 0o111 != 0) == *executable
                && digests.of(path).map_err(|why| how(&why))?.0 == *sha256
        }
    };
    if same { Ok(()) } else { Err(How::Changed) }
}

fn how(why: &io::Error) -> How {
    match why.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => How::Gone,
        _ => How::Unreadable(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::digests::hash_file;

    /// A release of a program, a link to it and a folder with a text.
    fn release(above: &Path) -> PathBuf {
        let beside = above.join("beside");
        let files = beside.join("files");
        fs::create_dir_all(files.join("texts")).expect("a folder");
        fs::write(files.join("api"), "#!/bin/sh").expect("a program");
        fs::set_permissions(files.join("api"), fs::Permissions::from_mode(0o755)).expect("a mode");
        fs::write(files.join("texts/hello"), "hello").expect("a text");
        symlink("api", files.join("same")).expect("a link");
        let file = |path: &str, executable| {
            let (sha256, size) = hash_file(&files.join(path)).expect("readable");
            Entry::File {
                executable,
                size,
                sha256,
            }
        };
        let target = "api".to_owned();
        let entries = BTreeMap::from([
            ("api".to_owned(), file("api", true)),
            ("same".to_owned(), Entry::Link { target }),
            ("texts".to_owned(), Entry::Folder),
            ("texts/hello".to_owned(), file("texts/hello", false)),
        ]);
        let manifest = Manifest { entries };
        let text = serde_json::to_vec(&manifest).expect("text");
        fs::write(beside.join("manifest.json"), text).expect("written");
        let place = above.join(manifest.digest().as_str());
        fs::rename(beside, &place).expect("in its place");
        place
    }

    /// What is found once `change` was made.
    fn found(change: impl Fn(&Path)) -> Vec<(String, How)> {
        let above = tempfile::tempdir().expect("a folder");
        let release = release(above.path());
        let digests = Digests::default();
        assert_eq!(compare(&release, &digests), []);
        trust(&release, &digests);
        change(&release);
        let unlike = compare(&release, &digests).into_iter();
        let named = unlike.map(|unlike| {
            let path = unlike.path.strip_prefix(&release).expect("of it");
            (path.display().to_string(), unlike.how)
        });
        named.collect()
    }

    #[test]
    fn whatever_was_changed_or_taken_of_a_release_is_found_by_its_path() {
        let changed = |path: &str| vec![(path.to_owned(), How::Changed)];
        let of_same_size = found(|it| fs::write(it.join("files/api"), "#!/bin/rm").expect("done"));
        assert_eq!(of_same_size, changed("files/api"));
        let no_program = found(|it| {
            let mode = fs::Permissions::from_mode(0o644);
            fs::set_permissions(it.join("files/api"), mode).expect("done");
        });
        assert_eq!(no_program, changed("files/api"));
        let elsewhere = found(|it| {
            fs::remove_file(it.join("files/same")).expect("done");
            symlink("texts", it.join("files/same")).expect("done");
        });
        assert_eq!(elsewhere, changed("files/same"));
        let gone = found(|it| fs::remove_dir_all(it.join("files/texts")).expect("done"));
        let names: Vec<&str> = gone.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["files/texts", "files/texts/hello"]);
        assert!(gone.iter().all(|(_, how)| *how == How::Gone), "{gone:?}");
        let other = found(|it| fs::write(it.join("manifest.json"), "{}").expect("done"));
        assert_eq!(other, changed("manifest.json"));
        let none = found(|it| fs::remove_file(it.join("manifest.json")).expect("done"));
        assert_eq!(none, [("manifest.json".to_owned(), How::Gone)]);
    }

    #[test]
    fn what_a_program_adds_to_its_copy_is_no_part_of_the_release() {
        assert_eq!(
            found(|it| fs::write(it.join("files/cache"), "mine").expect("done")),
            []
        );
    }
}
