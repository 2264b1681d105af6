//! One digest over many files, the same for who writes them and who reads them.

use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Bytes that are copied at once.
const PIECE: usize = 64 * 1024;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File,
    Link,
}

/// Counts and hashes what passes.
#[derive(Debug, Default)]
pub(super) struct Passed {
    sum: Sha256,
    pub(super) files: u64,
    pub(super) bytes: u64,
}

impl Passed {
    /// An entry begins.
    pub(super) fn entry(&mut self, path: &Path, kind: Kind, mode: u32) {
        let path = path.as_os_str().as_bytes();
        self.sum.update((path.len() as u64).to_be_bytes());
        self.sum.update(path);
        let kind = match kind {
            Kind::Folder => 0_u8,
            Kind::File => 1,
            Kind::Link => 2,
        };
        self.sum.update([kind]);
        self.sum.update((mode & 0o777).to_be_bytes());
    }

    /// Where a link goes.
    pub(super) fn link(&mut self, to: &Path) {
        let to = to.as_os_str().as_bytes();
        self.sum.update((to.len() as u64).to_be_bytes());
        self.sum.update(to);
    }

    /// Copies a file's bytes to `into`.
    pub(super) fn copy(&mut self, from: &mut impl Read, into: &mut impl Write) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        let mut size = 0_u64;
        loop {
            let read = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) => return Err(why),
            };
            let (now, _rest) = piece.split_at(read);
            self.sum.update(now);
            into.write_all(now)?;
            size += read as u64;
        }
        self.sum.update(size.to_be_bytes());
        self.files += 1;
        self.bytes += size;
        Ok(())
    }

    /// The digest of all that has passed.
    pub(super) fn digest(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.sum.clone().finalize())
    }
}

/// A file whose bytes are counted and hashed while somebody else reads them.
pub(super) struct Counting<'p, R> {
    pub(super) from: R,
    pub(super) passed: &'p mut Passed,
    pub(super) size: u64,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        let (now, _rest) = into.split_at(read);
        self.passed.sum.update(now);
        self.size += read as u64;
        Ok(read)
    }
}

impl<R> Counting<'_, R> {
    /// The file has ended.
    pub(super) fn end(self) {
        self.passed.sum.update(self.size.to_be_bytes());
        self.passed.files += 1;
        self.passed.bytes += self.size;
    }
}
