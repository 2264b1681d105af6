//! The folder that is looked at.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most bytes that are read of a file.
const BYTES_MAX: u64 = 1024 * 1024;

/// Most entries that are looked at in one folder.
const ENTRIES_MAX: usize = 1000;

/// Reads, and never fails: what can't be read is not there.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// How its files are named from the folder of `windlass.yaml`: `./` or `./api/`.
    prefix: String,
}

impl Folder {
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            prefix: "./".to_owned(),
        }
    }

    /// A folder below; none when it is not there, or is this one, or lies elsewhere.
    pub(super) fn below(&self, name: &str) -> Option<Self> {
        let name = name.trim_start_matches("./").trim_end_matches('/');
        let plain = !name.is_empty() && !name.starts_with('/') && !name.contains("..");
        let path = self.path.join(name);
        (plain && path.is_dir()).then(|| Self {
            path,
            prefix: format!("{}{name}/", self.prefix),
        })
    }

    /// A file of it as the file of Windlass names it.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}{}", self.prefix, name.trim_start_matches("./"))
    }

    /// What it is called.
    pub(crate) fn name(&self) -> String {
        let real = self
            .path
            .canonicalize()
            .unwrap_or_else(|_| self.path.clone());
        let name = real
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.path.join(name).exists()
    }

    /// Those of the names that are there, as the file of Windlass names them.
    pub(super) fn present(&self, names: &[&str]) -> Vec<String> {
        let there = names.iter().filter(|name| self.has(name));
        there.map(|name| self.named(name)).collect()
    }

    pub(super) fn read(&self, name: &str) -> Option<String> {
        let mut text = String::new();
        let file = File::open(self.path.join(name)).ok()?;
        file.take(BYTES_MAX).read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// The names in a folder below, in order.
    pub(super) fn list(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path.join(below)).into_iter().flatten();
        let names = entries.flatten().take(ENTRIES_MAX);
        let mut names: Vec<String> = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}
