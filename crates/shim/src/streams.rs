//! One output file of a group, and how it is kept small.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Beyond so many bytes per file the oldest are freed.
pub(crate) const KEPT: u64 = 64 * 1024 * 1024;

/// Freed in pieces of at least so much, so that a file has few holes to remember.
const PIECE: u64 = 1024 * 1024;

/// What stands where output was lost to make room, in a file that can have no holes.
const LOSS_MARK: &[u8] = b"\n--- windlass: older output was dropped here ---\n";

/// One of the two output files. The group holds it too, by `O_APPEND`, so that it can be cut.
pub(crate) struct Stream {
    file: File,
    /// The same file without `O_APPEND`, which would turn every write into one at the end.
    front: File,
    size: u64,
    freed: u64,
}

impl Stream {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        let front = OpenOptions::new().write(true).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            file,
            front,
            size,
            freed: 0,
        })
    }

    /// A copy for the group.
    pub(crate) fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// The size when last looked at.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Looks at the size, frees what is too old, and returns how much was added.
    pub(crate) fn check(&mut self) -> io::Result<u64> {
        let before = self.size;
        self.size = self.file.metadata()?.len();
        if self.size.saturating_sub(self.freed) >= KEPT + PIECE {
            self.cut(punch)?;
        }
        Ok(self.size.saturating_sub(before))
    }

    /// Frees the oldest blocks by `punch`, or by copying where there can be no holes.
    fn cut(&mut self, punch: fn(&File, u64, u64) -> Result<(), Errno>) -> io::Result<()> {
        let until = (self.size - KEPT) / PIECE * PIECE;
        match punch(&self.file, self.freed, until - self.freed) {
            Ok(()) => {
                self.freed = until;
                Ok(())
            }
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::NODEV) => self.copy_back(),
            Err(other) => Err(other.into()),
        }
    }

    /// Moves the newest half of what may be kept to the front, behind a loss mark. What the group
    /// prints between the last copy and the truncation is lost too.
    fn copy_back(&mut self) -> io::Result<()> {
        let mut from = self.size - KEPT / 2;
        self.front.write_all_at(LOSS_MARK, 0)?;
        let mut to = LOSS_MARK.len() as u64;
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let count = self.file.read_at(&mut chunk, from)?;
            if count == 0 {
                break;
            }
            self.front.write_all_at(&chunk[..count], to)?;
            from += count as u64;
            to += count as u64;
            if to >= KEPT {
                break; // The group prints faster than this copies: cut it off here.
            }
        }
        self.front.set_len(to)?;
        self.size = to;
        self.freed = 0;
        Ok(())
    }
}

fn punch(file: &File, offset: u64, length: u64) -> Result<(), Errno> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(file, flags, offset, length)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn filled(path: &Path) -> Stream {
        let mut stream = Stream::open(path).expect("a stream");
        let mut writer = stream.share().expect("a writer");
        let block = vec![b'x'; 1024 * 1024];
        for _ in 0..100 {
            writer.write_all(&block).expect("output");
        }
        writer.write_all(b"the end").expect("output");
        stream.size = stream.file.metadata().expect("metadata").len();
        stream
    }

    #[test]
    fn the_oldest_blocks_are_freed_and_offsets_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stdout.log");
        let mut stream = filled(&path);
        stream.check().expect("a check");
        let metadata = path.metadata().expect("metadata");
        assert_eq!(metadata.len(), 100 * 1024 * 1024 + 7);
        assert!(metadata.blocks() * 512 <= KEPT + 2 * PIECE);
    }

    #[test]
    fn where_there_are_no_holes_the_newest_half_stays_behind_a_mark() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stdout.log");
        let mut stream = filled(&path);
        stream
            .cut(|_, _, _| Err(Errno::OPNOTSUPP))
            .expect("a cut by copying");
        stream
            .share()
            .expect("a writer")
            .write_all(b", and on")
            .expect("output after the cut");
        let content = std::fs::read(&path).expect("the file");
        assert!(content.starts_with(LOSS_MARK));
        assert!(content.ends_with(b"the end, and on"));
        assert!(content.len() as u64 <= KEPT);
    }
}
