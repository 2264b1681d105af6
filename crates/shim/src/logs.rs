//! What the group printed: two files and an index of times.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::index::Index;
use crate::streams::Stream;

/// How often sizes are looked at.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How often while a group prints so fast that a second is too long.
const CHECK_FLOOD_EVERY: Duration = Duration::from_millis(50);

/// A flood: more than so many bytes between two looks.
const FLOOD: u64 = 4 * 1024 * 1024;

/// The output files of one instance.
pub(crate) struct Logs {
    stdout: Stream,
    stderr: Stream,
    index: Index,
    next: Instant,
}

impl Logs {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            stdout: Stream::open(&folder.join("stdout.log"))?,
            stderr: Stream::open(&folder.join("stderr.log"))?,
            index: Index::open(folder)?,
            next: Instant::now() + CHECK_EVERY,
        })
    }

    /// Copies of both files for the group.
    pub(crate) fn share(&self) -> io::Result<(File, File)> {
        Ok((self.stdout.share()?, self.stderr.share()?))
    }

    /// When to look again.
    pub(crate) fn next_check(&self) -> Instant {
        self.next
    }

    /// Looks at the sizes if it is time. A failure is reported and changes nothing else: a full
    /// disk must not end the keeping of a group.
    pub(crate) fn check(&mut self, now: Instant) -> io::Result<()> {
        if now < self.next {
            return Ok(());
        }
        self.next = now + CHECK_EVERY;
        let sizes = (self.stdout.size(), self.stderr.size());
        let grown = self.stdout.check()?.saturating_add(self.stderr.check()?);
        if grown > FLOOD {
            self.next = now + CHECK_FLOOD_EVERY;
        }
        if sizes != (self.stdout.size(), self.stderr.size()) {
            self.index.note(self.stdout.size(), self.stderr.size())?;
        }
        Ok(())
    }

    /// Notes the last sizes, whatever the time.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.next = Instant::now();
        self.check(self.next)
    }
}
