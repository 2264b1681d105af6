//! Digests of files that have not changed since they were last read.

use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};
use windlass_model::Digest;

use crate::manifest::finish;

/// Most files remembered; one more, and all are read anew.
const MOST: usize = 10_000;

/// A file that was changed so recently is read each time: a further change could bear the same time.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// Bytes hashed at a time.
const CHUNK: usize = 256 * 1024;

/// What changes with a file's content. Nobody can set the time of the change (`ctime`) back without
/// setting the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Seen {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether it was last changed well before `now`.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let until = now.saturating_sub(SETTLED_AFTER);
        let until = (
            i64::try_from(until.as_secs()).unwrap_or(i64::MAX),
            i64::from(until.subsec_nanos()),
        );
        self.modified < until && self.changed < until
    }
}

/// Digests by what is seen of a file without reading it, so that the program that three services
/// share is read once.
#[derive(Debug, Default)]
pub struct Digests {
    known: Mutex<BTreeMap<Seen, Digest>>,
}

impl Digests {
    /// The digest of one file's bytes, and their number.
    ///
    /// # Errors
    /// It can't be read, or is no regular file.
    pub fn of(&self, path: &Path) -> io::Result<(Digest, u64)> {
        self.of_at(path, SystemTime::now())
    }

    /// Takes the word of somebody who has just read it that this is its digest. What was changed a moment
    /// ago, or can't be looked at, is read all the same.
    pub(crate) fn trust(&self, path: &Path, digest: &Digest) {
        let seen = opened(path).and_then(|file| file.metadata());
        if let Ok(seen) = seen.map(|metadata| Seen::of(&metadata))
            && seen.is_settled(SystemTime::now())
        {
            self.remember(seen, digest.clone());
        }
    }

    fn remember(&self, seen: Seen, digest: Digest) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(seen, digest);
    }

    fn of_at(&self, path: &Path, now: SystemTime) -> io::Result<(Digest, u64)> {
        let mut file = opened(path)?;
        let before = Seen::of(&file.metadata()?);
        // As of before the reading: what is changed while it is read is not settled either.
        let settled = before.is_settled(now);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if settled && let Some(digest) = known().get(&before) {
            return Ok((digest.clone(), before.size));
        }
        let (digest, size) = read(&mut file)?;
        if settled && size == before.size && Seen::of(&file.metadata()?) == before {
            self.remember(before, digest.clone());
        }
        Ok((digest, size))
    }
}

/// The digest of one file's bytes, and their number; reads it in any case.
///
/// # Errors
/// It can't be read, or is no regular file.
pub fn hash_file(path: &Path) -> io::Result<(Digest, u64)> {
    read(&mut opened(path)?)
}

/// Opened without waiting: a pipe in a file's place would be waited for until somebody writes.
fn opened(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let what = format!("{} is no regular file", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

fn read(file: &mut File) -> io::Result<(Digest, u64)> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut size = 0;
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok((finish(hash), size));
        }
        hash.update(&chunk[..count]);
        size += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, FileTimes};

    use super::*;

    struct Bench {
        folder: tempfile::TempDir,
        digests: Digests,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let digests = Digests::default();
            let bench = Self { folder, digests };
            bench.write("one");
            bench
        }

        fn path(&self) -> std::path::PathBuf {
            self.folder.path().join("program")
        }

        fn write(&self, content: &str) {
            fs::write(self.path(), content).expect("written");
        }

        fn seen(&self) -> Seen {
            Seen::of(&fs::metadata(self.path()).expect("metadata"))
        }

        /// As if so much time had passed.
        fn after(&self, span: Duration) -> Digest {
            let now = SystemTime::now() + span;
            self.digests.of_at(&self.path(), now).expect("readable").0
        }

        /// Has every remembered digest say something else, so that it shows who was asked.
        fn forge(&self) -> Digest {
            let forged = finish(Sha256::new());
            for digest in self.digests.known.lock().expect("a lock").values_mut() {
                *digest = forged.clone();
            }
            forged
        }
    }

    const LATER: Duration = Duration::from_mins(1);

    #[test]
    fn a_settled_file_is_read_once() {
        let bench = Bench::new();
        let read = bench.after(LATER);
        assert_eq!(hash_file(&bench.path()).expect("readable").0, read);
        let forged = bench.forge();
        assert_eq!(bench.after(LATER), forged);
        bench.write("another length");
        assert_ne!(bench.after(LATER), forged);
    }

    #[test]
    fn a_file_that_was_changed_a_moment_ago_is_read_each_time() {
        let bench = Bench::new();
        bench.after(Duration::ZERO);
        assert!(bench.digests.known.lock().expect("a lock").is_empty());
        bench.after(LATER);
        let forged = bench.forge();
        assert_ne!(bench.after(Duration::ZERO), forged);
    }

    #[test]
    fn an_overwrite_of_the_same_size_with_its_old_time_put_back_is_noticed() {
        let bench = Bench::new();
        let (first, before) = (bench.after(LATER), bench.seen());
        let modified = fs::metadata(bench.path()).and_then(|m| m.modified());
        let times = FileTimes::new().set_modified(modified.expect("a time"));
        let by = std::time::Instant::now() + Duration::from_secs(20);
        // The kernel's clock for files ticks a few times in a hundredth of a second.
        while bench.seen().changed == before.changed {
            bench.write("two");
            let file = File::options().write(true).open(bench.path());
            file.and_then(|file| file.set_times(times)).expect("a time");
            assert!(std::time::Instant::now() < by, "the clock of files stands");
        }
        let after = bench.seen();
        assert_eq!((after.inode, after.size), (before.inode, before.size));
        assert_eq!(after.modified, before.modified);
        assert_ne!(bench.after(LATER), first);
    }

    #[test]
    fn a_pipe_in_a_files_place_is_waited_for_by_nobody() {
        let bench = Bench::new();
        let path = bench.folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("a pipe");
        let refused = bench.digests.of(&path).expect_err("it is no file");
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn no_more_files_are_remembered_than_the_limit() {
        let bench = Bench::new();
        let digest = bench.after(LATER);
        {
            let mut known = bench.digests.known.lock().expect("a lock");
            for inode in 0..MOST as u64 {
                let other = Seen {
                    device: u64::MAX,
                    inode,
                    ..bench.seen()
                };
                known.insert(other, digest.clone());
            }
            known.remove(&bench.seen());
        }
        bench.after(LATER);
        assert_eq!(bench.digests.known.lock().expect("a lock").len(), 1);
    }
}
