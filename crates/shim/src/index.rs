//! `log.idx`: when the output files had which size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Longest index; beyond it the older half goes. About six hours of a line each second.
const LONGEST: u64 = 1024 * 1024;

/// An open index.
pub(crate) struct Index {
    path: PathBuf,
    file: File,
    length: u64,
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

impl Index {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("log.idx");
        let file = open(&path)?;
        let length = file.metadata()?.len();
        Ok(Self { path, file, length })
    }

    /// Notes the sizes as they are now.
    pub(crate) fn note(&mut self, stdout: u64, stderr: u64) -> io::Result<()> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let line = format!("{} {stdout} {stderr}\n", now.as_millis());
        self.file.write_all(line.as_bytes())?;
        self.length += line.len() as u64;
        if self.length > LONGEST {
            self.halve()?;
        }
        Ok(())
    }

    fn halve(&mut self) -> io::Result<()> {
        let text = fs::read_to_string(&self.path)?;
        let mut middle = text.len() / 2;
        while !text.is_char_boundary(middle) {
            middle += 1;
        }
        let (_, newer) = text.split_at(middle);
        let newer = newer.split_once('\n').map_or("", |(_, lines)| lines);
        let beside = self.path.with_extension("idx.new");
        fs::write(&beside, newer)?;
        fs::rename(&beside, &self.path)?;
        self.file = open(&self.path)?;
        self.length = newer.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_index_keeps_its_newest_whole_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut index = Index::open(folder.path()).expect("an index");
        for size in 0..40_000u64 {
            index.note(size, size).expect("a line");
        }
        let text = fs::read_to_string(folder.path().join("log.idx")).expect("the index");
        assert!(text.len() as u64 <= LONGEST);
        assert!(text.lines().all(|line| line.split(' ').count() == 3));
        assert!(text.ends_with(" 39999 39999\n"), "the newest line stays");
    }
}
